/**
 * Computes a device function as the device does: every operation rounded to f32. Rounding the f64 result of one operation is exact here: for
 * + - * / and the square root of f32 operands, f64 has more than 2 * 24 + 2 bits (S. A. Figueroa, "When is double rounding innocuous?", 1995), and in
 * the range of f32's subnormals a sum is exact in f64, a product exact, and a quotient at least 2^-49 of itself from a tie that it is not.
 */
import { MATH } from "./math.ts";
import type { DeviceFunction, DeviceProgram, Tree } from "./program.ts";

type Value = number | boolean;
type Names = ReadonlyMap<string, Value>;

/** f32 bits of every NaN result: which NaN an operation gives differs between processors. */
export const NAN_BITS = 0x7fc00000;

/** The program as a function of f32 numbers, in the order of its parameters. A NaN result stands for the bits NAN_BITS. */
export function evaluator(program: DeviceProgram): (...given: number[]) => number {
  const functions = new Map(program.functions.map((fn) => [fn.name, fn]));
  const call = (fn: DeviceFunction, given: readonly Value[]): Value => {
    const names = new Map(fn.parameters.map((name, i) => [name, given[i]!]));
    for (const local of fn.locals) names.set(local.name, value(local.value, names));
    return value(fn.result, names);
  };
  const number = (tree: Tree, names: Names): number => value(tree, names) as number;
  const value = (tree: Tree, names: Names): Value => {
    switch (tree.op) {
      case "number":
        return tree.value;
      case "name":
        return names.get(tree.name)!;
      case "negate":
        return -number(tree.of, names);
      case "not":
        return !value(tree.of, names);
      case "binary":
        return binary(tree.operator, value(tree.left, names), value(tree.right, names));
      case "choose":
        return value(value(tree.condition, names) ? tree.yes : tree.no, names);
      case "math":
        return Math.fround(MATH[tree.name].evaluate(...tree.given.map((given) => number(given, names))));
      case "call":
        return call(
          functions.get(tree.name)!,
          tree.given.map((given) => value(given, names)),
        );
    }
  };
  const entry = program.functions.at(-1)!;
  return (...given) => call(entry, given.map(Math.fround)) as number;
}

type Operator = Extract<Tree, { op: "binary" }>["operator"];

function binary(operator: Operator, a: Value, b: Value): Value {
  switch (operator) {
    case "+":
      return Math.fround((a as number) + (b as number));
    case "-":
      return Math.fround((a as number) - (b as number));
    case "*":
      return Math.fround((a as number) * (b as number));
    case "/":
      return Math.fround((a as number) / (b as number));
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "===":
      return a === b;
    case "!==":
      return a !== b;
    case "&&":
      return a && b;
    case "||":
      return a || b;
  }
}
