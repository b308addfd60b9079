/**
 * A device program as JavaScript text: what a binding runs where there is no device. Every operation is rounded to f32, as evaluate.ts does and for its
 * reasons, without its tree.
 */
import { MATH } from "../../dsl/device/math.ts";
import type { DeviceFunction, DeviceProgram, Tree } from "../../dsl/device/program.ts";

const named = (name: string): string => `${name}_`;

/** Function declarations, called before calling, of numbers that are f32; their names are those of the program's functions and end in "_". */
export const javascriptText = ({ functions }: DeviceProgram): string => functions.map(functionText).join("\n");

function functionText({ name, parameters, locals, result }: DeviceFunction): string {
  return [
    `function ${named(name)}(${parameters.map(named).join(", ")}) {`,
    ...locals.map((local) => `  const ${named(local.name)} = ${expression(local.value)};`),
    `  return ${expression(result)};`,
    "}",
  ].join("\n");
}

const ROUNDED: readonly string[] = ["+", "-", "*", "/"];

function expression(tree: Tree): string {
  switch (tree.op) {
    case "number":
      return Object.is(tree.value, -0) ? "(-0)" : tree.value < 0 ? `(${tree.value})` : String(tree.value);
    case "name":
      return named(tree.name);
    case "negate":
      return `(-${expression(tree.of)})`;
    case "not":
      return `(!${expression(tree.of)})`;
    case "binary": {
      const text = `(${expression(tree.left)} ${tree.operator} ${expression(tree.right)})`;
      return ROUNDED.includes(tree.operator) ? `Math.fround${text}` : text;
    }
    case "choose":
      return `(${expression(tree.condition)} ? ${expression(tree.yes)} : ${expression(tree.no)})`;
    case "math":
      return `Math.fround(${MATH[tree.name].written}(${tree.given.map(expression).join(", ")}))`;
    case "call":
      return `${named(tree.name)}(${tree.given.map(expression).join(", ")})`;
  }
}
