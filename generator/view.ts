/** What a template is shown: values by name, the signature, the banner. */
import type { AnyConfig, AnyContext, AnyKernel, Buffer, Dtype, Element, Prologue } from "../dsl/index.ts";
import type { Declaration } from "./declarations.ts";

/** The first words of every generated file: only files that begin so are ever deleted. */
export const BANNER_MARK = "// Machine-written by topkit codegen";

/** Pointee types; Raw, u32 and u64 are typedefs of the template's own prelude. An index is 4 or 8 bytes wide, which the kernel is told at launch. */
const POINTEE: Readonly<Record<Element, string>> = { value: "Raw", index: "void", i32: "int", u16: "u16", u32: "u32", u64: "u64", f32: "float", word: "u64" };

const pointer = ({ dir, element }: Buffer): string => `${dir === "in" ? "const " : ""}${POINTEE[element]}* __restrict__`;

/**
 * Buffers in declared order, then shape values, all 64 bits wide. `blocksPerSm`, where a kernel has it, bounds the registers, and so does `boundThreads`:
 * more threads than a block has.
 */
export function signature(kernel: AnyKernel, symbol: string, { threads, boundThreads = threads, blocksPerSm }: AnyContext): string {
  const parameters = [
    ...Object.entries(kernel.buffers).map(([name, buffer]) => `${pointer(buffer)} ${name}`),
    ...kernel.shape.map((name) => `const long long ${name}`),
  ];
  const bounds = blocksPerSm === undefined ? `${boundThreads}` : `${boundThreads}, ${blocksPerSm}`;
  return `extern "C" __global__ void __launch_bounds__(${bounds}) ${symbol}(\n    ${parameters.join(",\n    ")})`;
}

/**
 * As signature(), of a kernel whose x is scored: the template's body becomes a function that takes Scores for x, and the kernel calls it.
 * `scored` is the kernel with its operands' buffers.
 */
export function scoredSignature(kernel: AnyKernel, scored: AnyKernel, symbol: string, context: AnyContext): string {
  const own = [...Object.keys(kernel.buffers), ...kernel.shape];
  const operands = Object.keys(scored.buffers).filter((name) => !(name in kernel.buffers));
  const parameters = [
    ...Object.entries(kernel.buffers).map(([name, buffer]) => (name === "x" ? "const Scores x" : `${pointer(buffer)} ${name}`)),
    ...kernel.shape.map((name) => `const long long ${name}`),
  ];
  const body = `__device__ __forceinline__ void ${symbol}_body(\n    ${parameters.join(",\n    ")})`;
  const given = own.map((name) => (name === "x" ? `Scores{x, {${operands.join(", ")}}, rowStride, cols, 0}` : name));
  return `${body};\n\n${signature(scored, symbol, context)} {\n  ${symbol}_body(${given.join(", ")});\n}\n\n${body}`;
}

/** `scoring`: of a kernel with a prologue. */
export function banner(
  kernel: AnyKernel,
  declaration: Declaration,
  spec: AnyConfig,
  tune: AnyConfig,
  scoring?: { readonly prologue: Prologue; readonly dtype: Dtype },
): string {
  const values = (config: AnyConfig): string =>
    Object.entries(config)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  const lines = [
    `${BANNER_MARK.slice(3)} from templates/${kernel.template} and ${declaration.position.file}: edit those, not this.`,
    "",
    ...declaration.doc.split("\n"),
    "",
    `spec: ${values(spec)}`,
    `tune: ${values(tune)}`,
    `unit: ${kernel.unit}`,
    ...(scoring === undefined ? [] : [`prologue: ${scoring.prologue.name} of ${scoring.dtype}, a device function of the entry's`]),
  ];
  // a backslash at a line's end would continue the comment into the code
  return lines.map((line) => `// ${line}`.replace(/[\s\\]+$/, "")).join("\n");
}

export interface View {
  readonly symbol: string;
  readonly signature: string;
  readonly hooks: Readonly<Record<string, string>>;
  /** What stands for a device file where there is a prologue. */
  readonly reader?: { readonly file: string; readonly text: string };
  /** The kernel's own values, and the banner. */
  readonly [name: string]: unknown;
}
