/** Operands of a prologue on the host, checked: numbers and arrays in, an f32 array for each out. */
import { type Operands, operandElements, type Varies } from "../dsl/index.ts";
import { unshared, viewOf } from "./check.ts";
import { shown, TopkitError } from "./errors.ts";

const WANTED: Readonly<Record<Varies, (elements: number) => string>> = {
  uniform: () => "a number",
  row: (elements) => `a number for all rows, or a Float32Array of ${elements}, one a row`,
  column: (elements) => `a Float32Array of ${elements}, one a column`,
  element: (elements) => `a Float32Array of ${elements}, rows x cols, rows packed`,
};

/** Arrays are not copied, unless their memory is shared. Errors: TK109, TK117. */
export function checkOperands(operands: Operands, given: unknown, shape: { readonly rows: number; readonly cols: number }): Record<string, Float32Array> {
  const names = Object.keys(operands);
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TopkitError("TK117", `the operands are ${shown(given)}; give an object with ${names.join(", ") || "no names"}`, { operands });
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new TopkitError("TK117", `there is no operand ${shown(unknown)}; the operands are ${names.join(", ") || "none"}`, { operand: unknown });
  }
  return Object.fromEntries(
    Object.entries(operands).map(([name, varies]) => [name, valuesOf(name, varies, (given as Readonly<Record<string, unknown>>)[name], shape)]),
  );
}

function valuesOf(name: string, varies: Varies, given: unknown, shape: { readonly rows: number; readonly cols: number }): Float32Array {
  const elements = operandElements(varies, shape);
  if (typeof given === "number" && (varies === "uniform" || varies === "row")) return new Float32Array(elements).fill(given);
  const array = varies === "uniform" ? undefined : viewOf(name, given, Float32Array);
  if (array?.length === elements) return unshared(array);
  const what = array === undefined ? `is ${shown(given)}` : `has ${array.length} entries`;
  throw new TopkitError(
    "TK117",
    `operand ${name} ${what}; it has one value for each ${varies === "uniform" ? "call" : varies}: give ${WANTED[varies](elements)}`,
    {
      operand: name,
      varies,
      elements,
    },
  );
}
