/** The reader of a kernel with a prologue: what stands in its text instead of the device file through which it reads x. */
import { createHash } from "node:crypto";
import type { Operands, Varies } from "../dsl/device/declare.ts";
import type { Dtype, Prologue, Reader } from "../dsl/index.ts";
import { deviceText } from "./device/cuda.ts";
import type { TranslatedFunction } from "./device/program.ts";
import type { TemplateFile } from "./template-files.ts";

export interface PrologueText extends Prologue {
  /** The device function and its operands, as CUDA. */
  readonly text: string;
}

/** Of a function with operands. */
export function prologueText({ name, program }: TranslatedFunction, operands: Operands): PrologueText {
  const { symbol, text: functions } = deviceText(program);
  const text = `${functions}\n${operandsText(symbol, operands)}`;
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 8);
  return { name: `${name}_${hash}`, operands, text };
}

/** templates/device/scores.cuh and scored_NAME.cuh around NAME.cuh, which moves into a namespace; for x of this dtype. */
export function scoredReader(reader: Reader, { text }: PrologueText, dtype: Dtype, device: ReadonlyMap<string, TemplateFile>): { file: string; text: string } {
  const file = `device/${reader}.cuh`;
  const [scores, plain, scored] = ["device/scores.cuh", file, `device/scored_${reader}.cuh`].map((name) => {
    const found = device.get(name);
    if (found === undefined) throw new Error(`templates/${name} is missing: a kernel's reader needs it`);
    return found.text;
  });
  return { file, text: `typedef Format<${dtype}> Source; // of x\n${text}\n${scores}\nnamespace plain {\n${plain}}\n${scored}` };
}

/** The pointer's place for a run that begins in a row and column; undefined for what has one value there. */
const PLACES: Readonly<Record<Varies, string | undefined>> = { uniform: undefined, row: undefined, column: "col", element: "row * cols + col" };
const VALUES: Readonly<Record<Varies, string>> = { uniform: "", row: " + row", column: "", element: "" };

/** Operands: what a launch is given. RunOperands: the same for a run of one row's elements, with the call of the function. */
function operandsText(symbol: string, operands: Operands): string {
  const entries = Object.entries(operands);
  const own = entries.map(([name, varies]) => {
    const place = PLACES[varies];
    return place === undefined
      ? { member: `float ${name}_;`, initial: `${name}_(__ldg(given.${name}_${VALUES[varies]}))`, value: `${name}_` }
      : { member: `const float* ${name}_;`, initial: `${name}_(given.${name}_ + (${place}))`, value: `__ldg(${name}_ + place)` };
  });
  const initials = own.map(({ initial }) => initial).join(", ");
  return [
    "// What the device function reads beside the elements: f32 of the launch, of each row, of each column or of each element.",
    "struct Operands {",
    ...entries.map(([name]) => `  const float* ${name}_;`),
    "};",
    "// The same for a run of elements that begins in this row and column.",
    "struct RunOperands {",
    ...own.map(({ member }) => `  ${member}`),
    "  RunOperands() = default;",
    `  __device__ __forceinline__ RunOperands(const Operands& given, i64 row, i64 col, i64 cols)${initials === "" ? "" : ` : ${initials}`} {}`,
    `  __device__ __forceinline__ float score(float x, i64 place) const { return ${[`${symbol}(x`, ...own.map(({ value }) => value)].join(", ")}); }`,
    "};",
    "",
  ].join("\n");
}
