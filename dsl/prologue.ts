/** A prologue: a device function through which each element of x goes where a kernel reads it. The kernel then compares, and returns, its scores. */
import { type Buffer, input } from "./buffer.ts";
import type { Operands, Varies } from "./device/declare.ts";
import type { Dtype } from "./element.ts";
import type { AnyContext, AnyKernel, Shape } from "./kernel.ts";
import { type OperandBuffer, operandBuffer, type Request } from "./request.ts";

export interface Prologue {
  /** Of the rendered texts: the function's own name and a hash of what it computes, so that two functions of one name are two. */
  readonly name: string;
  readonly operands: Operands;
}

/** Of scores, whatever x holds: the spec of a kernel with a prologue, and the answer. */
export const SCORE_DTYPE = "f32";

/** What is asked of the scores. */
export const ofScores = (request: Request): Request => ({ ...request, dtype: SCORE_DTYPE });

/** Values of an operand; all are f32. */
export function operandElements(varies: Varies, { rows, cols }: { readonly rows: number; readonly cols: number }): number {
  switch (varies) {
    case "uniform":
      return 1;
    case "row":
      return rows;
    case "column":
      return cols;
    case "element":
      return rows * cols;
  }
}

export const operandBuffers = ({ operands }: Prologue): readonly OperandBuffer[] => Object.keys(operands).map(operandBuffer);

/** Whether the kernel reads x, and so is another one with a prologue. */
export const readsElements = (kernel: AnyKernel): boolean => "x" in kernel.buffers;

/** A kernel with a prologue. */
export interface ScoredKernel extends AnyKernel {
  readonly scored: { readonly prologue: Prologue; readonly plain: AnyKernel; readonly dtype: Dtype };
}

/**
 * The kernel with a device function where it reads x, which is of this dtype: another name, and a buffer for each operand behind its own. Its own dtype, that
 * of what it compares and returns, is SCORE_DTYPE. Errors: RangeError where the kernel has no `reader`.
 */
export function withPrologue(plain: AnyKernel, prologue: Prologue, dtype: Dtype): ScoredKernel {
  if (plain.reader === undefined) throw new RangeError(`kernel "${plain.name}" has no reader: a device function cannot stand where it reads x`);
  const { name, operands } = prologue;
  const buffers = Object.fromEntries(Object.keys(operands).map((operand): [string, Buffer] => [operandBuffer(operand), input("f32")]));
  // rows and cols are among the shape values of every kernel with a reader
  const elements = (shape: Shape<string>) =>
    Object.entries(operands).map(([operand, varies]) => [operandBuffer(operand), operandElements(varies, shape as Shape<"rows" | "cols">)]);
  return {
    ...plain,
    name: `${plain.name}_${name}_of_${dtype}`,
    buffers: { ...plain.buffers, x: input(dtype === "f32" ? "u32" : "u16"), ...buffers },
    extents: (context: AnyContext, shape: Shape<string>) => ({ ...plain.extents(context, shape), ...Object.fromEntries(elements(shape)) }),
    scored: { prologue, plain, dtype },
  };
}

export const isScored = (kernel: AnyKernel): kernel is ScoredKernel => "scored" in kernel;
