/** The public face of device functions, "topkit/device": what a module that declares them imports. */
export { deviceFn, type Operands, type OperandValues, type ScalarFn, type ScoreFn, type Varies } from "./declare.ts";
export * from "./functions.ts";
export { pow2 } from "./math.ts";
