/** A request: what the caller fixes. Every plan starts from one. */
import type { Dtype, Order } from "./element.ts";
import type { Shape } from "./kernel.ts";

export interface Request {
  /** 0 .. 2^31-1 */
  readonly rows: number;
  /** 1 .. 2^31-1 */
  readonly cols: number;
  /** 1 .. cols */
  readonly k: number;
  /** Elements from one row's start to the next one's, >= cols. */
  readonly rowStride: number;
  readonly dtype: Dtype;
  readonly order: Order;
  /** 4 for i32 indices, 8 for i64. */
  readonly indexBytes: 4 | 8;
  /** A token is drawn from the answer (sampling.ts): no kernel sees it, but what is fastest is another choice perhaps. */
  readonly sample?: true;
}

/** The shape values that every kernel may take. */
export type RequestShape = "rows" | "cols" | "k" | "rowStride" | "indexBytes";

/** Buffers that the caller of a top-k owns; every other buffer of a plan lies in its workspace. */
export const CALLER_BUFFERS = ["x", "lengths", "values", "indices"] as const;
export type CallerBuffer = (typeof CALLER_BUFFERS)[number];

/** Those of a plan that draws (dsl/sampling.ts). */
export const SAMPLING_BUFFERS = [
  ...CALLER_BUFFERS,
  "temperature",
  "topP",
  "minP",
  "seeds",
  "offsets",
  "tokens",
  "logprobs",
  "kept",
  "candidateLogprobs",
] as const;
export type SamplingBuffer = (typeof SAMPLING_BUFFERS)[number];

/** Of an operand of a prologue (prologue.ts). */
export type OperandBuffer = `operand_${string}`;
export const operandBuffer = (operand: string): OperandBuffer => `operand_${operand}`;
const isOperandBuffer = (name: string): name is OperandBuffer => name.startsWith(operandBuffer(""));

export const isCallerBuffer = (name: string): name is SamplingBuffer | OperandBuffer =>
  (SAMPLING_BUFFERS as readonly string[]).includes(name) || isOperandBuffer(name);

export function requestShape(request: Request): Shape<RequestShape> {
  const { rows, cols, k, rowStride, indexBytes } = request;
  return { rows, cols, k, rowStride, indexBytes };
}

/** Elements from the first of x to one past its last: rows lie rowStride apart, and nothing is owned behind the last row's end. */
export const spanOf = ({ rows, cols, rowStride }: Shape<"rows" | "cols" | "rowStride">): number => (rows === 0 ? 0 : (rows - 1) * rowStride + cols);
