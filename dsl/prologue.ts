/** A prologue: a device function through which each element of x goes where a kernel reads it. The kernel then compares, and returns, its scores. */
import { type Buffer, input } from "./buffer.ts";
import type { Operands, Varies } from "./device/declare.ts";
import type { AnyContext, AnyKernel, Shape } from "./kernel.ts";
import { operandBuffer } from "./request.ts";

export interface Prologue {
  /** Of the rendered texts: the function's own name and a hash of what it computes, so that two functions of one name are two. */
  readonly name: string;
  readonly operands: Operands;
}

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

/** Whether the kernel reads x, and so is another one with a prologue. */
export const readsElements = (kernel: AnyKernel): boolean => "x" in kernel.buffers;

/**
 * The kernel with a device function where it reads x: another name, and a buffer for each operand behind its own.
 * Errors: RangeError where the kernel has no `reader`.
 */
export function withPrologue(kernel: AnyKernel, { name, operands }: Prologue): AnyKernel {
  if (kernel.reader === undefined) throw new RangeError(`kernel "${kernel.name}" has no reader: a device function cannot stand where it reads x`);
  const buffers = Object.fromEntries(Object.keys(operands).map((operand): [string, Buffer] => [operandBuffer(operand), input("f32")]));
  // rows and cols are among the shape values of every kernel with a reader
  const elements = (shape: Shape<string>) =>
    Object.entries(operands).map(([operand, varies]) => [operandBuffer(operand), operandElements(varies, shape as Shape<"rows" | "cols">)]);
  return {
    ...kernel,
    name: `${kernel.name}_${name}`,
    buffers: { ...kernel.buffers, ...buffers },
    extents: (context: AnyContext, shape: Shape<string>) => ({ ...kernel.extents(context, shape), ...Object.fromEntries(elements(shape)) }),
  };
}
