/**
 * Device functions: arrow functions over f32 scalars, written in TypeScript and translated to CUDA by the generator (docs/device-functions.md).
 * Called as they are they compute in f64; evaluate.ts computes what the device does.
 */

/** What an operand has one value for: the launch, a row, a column, or an element (row, column). Every value is an f32. */
export type Varies = "uniform" | "row" | "column" | "element";

export type Operands = Readonly<Record<string, Varies>>;

/** An element's operands, read as `o.name`. */
export type OperandValues<O extends Operands> = { readonly [name in keyof O]: number };

/** A function of scalars, for other device functions to call. */
export type ScalarFn = (...scalars: readonly number[]) => number;

/** A function of an element's value and its operands: the score that is compared instead of the value. */
export type ScoreFn<O extends Operands> = ((x: number, operands: OperandValues<O>) => number) & { readonly operands: O };

/**
 * Declares a device function: of scalars, `deviceFn((a, b) => a * b)`, or of an element and its operands,
 * `deviceFn({ scale: "uniform", bias: "column" }, (x, o) => x * o.scale + o.bias)`. The generator reads it where it is the whole value of a `const` of
 * a module, and refuses what is not device code there (TG040 to TG045).
 */
export function deviceFn<F extends ScalarFn>(body: F): F;
export function deviceFn<const O extends Operands>(operands: O, body: (x: number, operands: OperandValues<O>) => number): ScoreFn<O>;
export function deviceFn(first: ScalarFn | Operands, body?: (x: number, operands: OperandValues<Operands>) => number): ScalarFn | ScoreFn<Operands> {
  if (typeof first === "function") return first;
  const score = (x: number, operands: OperandValues<Operands>): number => body!(x, operands);
  return Object.assign(score, { operands: first });
}
