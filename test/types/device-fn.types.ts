/** What deviceFn() promises, compiled by tsc: each expected error must be one, each other line must not. */
import { deviceFn } from "../../dsl/device/declare.ts";

const square = deviceFn((x: number) => x * x);
const biased = deviceFn({ bias: "column", scale: "uniform" }, (x, o) => square(x) * o.scale + o.bias);

// Callable as TypeScript; the operands' kinds are kept as literals.
export const results: number[] = [square(2), biased(1, { bias: 2, scale: 3 })];
export const column: "column" = biased.operands.bias;

// A function that has more operands passes its own on.
deviceFn({ bias: "column", scale: "uniform", more: "row" }, (x, o) => biased(x, o) * o.more);

// @ts-expect-error an operand that is not declared
deviceFn({ bias: "column" }, (x, o) => x + o.mask);
// @ts-expect-error no such kind of operand
deviceFn({ bias: "block" }, (x, _o) => x);
// @ts-expect-error a condition is no result
deviceFn((x: number) => x > 0);
// @ts-expect-error scalars only
deviceFn((x: string) => x.length);
// @ts-expect-error an operand is missing
biased(1, { bias: 2 });
