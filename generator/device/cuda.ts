/**
 * A device program as CUDA text: one function for each of the program's, called before calling. Names end in "_", so that none is a keyword or a
 * kernel's. Arithmetic is by intrinsics that NVRTC never contracts; the emulator compiles with contraction off.
 */
import { NAN_BITS } from "../../dsl/device/evaluate.ts";
import { MATH, type MathName } from "../../dsl/device/math.ts";
import type { DeviceFunction, DeviceProgram, Tree } from "../../dsl/device/program.ts";

const INTRINSICS = { "+": "__fadd_rn", "-": "__fsub_rn", "*": "__fmul_rn", "/": "__fdiv_rn" } as const;

const named = (name: string): string => `${name}_`;

export interface DeviceText {
  /** The device function to call. Its parameters are f32, in the program's order; a NaN result has the bits NAN_BITS. */
  readonly symbol: string;
  readonly text: string;
}

export function deviceText(program: DeviceProgram): DeviceText {
  const entry = program.functions.at(-1)!;
  const used = new Set<MathName>();
  const functions = program.functions.map((fn) => functionText(fn, used));
  const definitions = [...used].map((name) => MATH[name].definition).filter((text) => text !== undefined);
  const symbol = `${entry.name}_score`;
  const parameters = entry.parameters.map((name) => `float ${named(name)}`).join(", ");
  const score = [
    `__device__ __forceinline__ float ${symbol}(${parameters}) {`,
    `  const float score = ${named(entry.name)}(${entry.parameters.map(named).join(", ")});`,
    "  // which NaN an operation gives differs between processors",
    `  return score == score ? score : __uint_as_float(0x${NAN_BITS.toString(16)}u);`,
    "}",
  ];
  return { symbol, text: `${[...definitions, ...functions, score.join("\n")].join("\n\n")}\n` };
}

function functionText({ name, parameters, locals, result }: DeviceFunction, used: Set<MathName>): string {
  return [
    `__device__ __forceinline__ float ${named(name)}(${parameters.map((parameter) => `float ${named(parameter)}`).join(", ")}) {`,
    ...locals.map((local) => `  const ${local.type === "number" ? "float" : "bool"} ${named(local.name)} = ${expression(local.value, used)};`),
    `  return ${expression(result, used)};`,
    "}",
  ].join("\n");
}

function expression(tree: Tree, used: Set<MathName>): string {
  const of = (inner: Tree): string => expression(inner, used);
  switch (tree.op) {
    case "number":
      return numberText(tree.value);
    case "name":
      return named(tree.name);
    case "negate":
      return `(-${of(tree.of)})`;
    case "not":
      return `(!${of(tree.of)})`;
    case "binary": {
      const [left, right] = [of(tree.left), of(tree.right)];
      switch (tree.operator) {
        case "+":
        case "-":
        case "*":
        case "/":
          return `${INTRINSICS[tree.operator]}(${left}, ${right})`;
        case "===":
          return `(${left} == ${right})`;
        case "!==":
          return `(${left} != ${right})`;
        default:
          return `(${left} ${tree.operator} ${right})`;
      }
    }
    case "choose":
      return `(${of(tree.condition)} ? ${of(tree.yes)} : ${of(tree.no)})`;
    case "math":
      used.add(tree.name);
      return `${MATH[tree.name].cuda}(${tree.given.map(of).join(", ")})`;
    case "call":
      return `${named(tree.name)}(${tree.given.map(of).join(", ")})`;
  }
}

/** An f32 in the digits that f64 prints of it, which read as that f32 again. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return `__uint_as_float(0x${NAN_BITS.toString(16)}u)`;
  if (!Number.isFinite(value)) return `__uint_as_float(0x${value > 0 ? "7f800000" : "ff800000"}u)`;
  const digits = String(Math.abs(value));
  const text = `${/[.e]/.test(digits) ? digits : `${digits}.0`}f`;
  return value < 0 || Object.is(value, -0) ? `(-${text})` : text;
}
