/** topkit: exact top-k. */
export { isAvailable, open } from "./backends.ts";
export type { ErrorCode } from "./error-codes.ts";
export { TopkitError } from "./errors.ts";
export { topk } from "./topk.ts";
export type * from "./types.ts";
