/** topkit: exact top-k, and drawing tokens from it. */
export { isAvailable, open } from "./backends.ts";
export type { ErrorCode } from "./error-codes.ts";
export { TopkitError } from "./errors.ts";
export { sample } from "./sample.ts";
export { topk } from "./topk.ts";
export type * from "./types.ts";
