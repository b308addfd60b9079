/** A translated device function as plain data: what evaluate.ts computes and what the generator writes as CUDA. */
import type { MathName } from "./math.ts";

export type ArithmeticOperator = "+" | "-" | "*" | "/";
export type Comparison = "<" | "<=" | ">" | ">=" | "===" | "!==";
export type Logical = "&&" | "||";

/** Numbers are f32; conditions are booleans. The translator checks which is where. */
export type Tree =
  | { readonly op: "number"; readonly value: number }
  | { readonly op: "name"; readonly name: string }
  | { readonly op: "negate" | "not"; readonly of: Tree }
  | { readonly op: "binary"; readonly operator: ArithmeticOperator | Comparison | Logical; readonly left: Tree; readonly right: Tree }
  | { readonly op: "choose"; readonly condition: Tree; readonly yes: Tree; readonly no: Tree }
  | { readonly op: "math"; readonly name: MathName; readonly given: readonly Tree[] }
  | { readonly op: "call"; readonly name: string; readonly given: readonly Tree[] };

export type Type = "number" | "condition";

/** `const name = value`, in order. */
export interface Local {
  readonly name: string;
  readonly type: Type;
  readonly value: Tree;
}

export interface DeviceFunction {
  readonly name: string;
  /** Scalars; of a score function the element, then its operands in the order of their declaration. */
  readonly parameters: readonly string[];
  readonly locals: readonly Local[];
  readonly result: Tree;
}

export interface DeviceProgram {
  /** What is called stands before what calls it; the last is the program. */
  readonly functions: readonly DeviceFunction[];
}
