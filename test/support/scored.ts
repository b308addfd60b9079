/** Prologues for tests: the shipped functions and a composed one, and the oracle's scores, by the evaluator. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { random } from "../../bench/random.ts";
import { rawBits } from "../../bench/reference.ts";
import type { Operands } from "../../dsl/device/declare.ts";
import { evaluator, NAN_BITS } from "../../dsl/device/evaluate.ts";
import { type AnyConfig, type AnyKernel, type Dtype, kernels, operandElements, type ResolvedStage, toBf16, toF16, toNumber } from "../../dsl/index.ts";
import type { TranslatedFunction } from "../../generator/device/program.ts";
import { type EntryFunction, readEntry } from "../../generator/entry.ts";
import { type Loaded, load, type Rendered } from "../../generator/index.ts";
import { type PrologueText, prologueText } from "../../generator/scored-reader.ts";
import { shipped } from "../device/translated.ts";
import { ENTRY } from "./rendered.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Scored {
  readonly fn: Pick<TranslatedFunction, "name" | "program"> & { readonly operands: Operands };
  readonly operands: Operands;
  readonly prologue: PrologueText;
}

/** The shipped ones by their names, and rendered.ts' composed one. */
export function scoredFunctions(): ReadonlyMap<string, Scored> {
  const all = [...shipped().values(), entryFunctions().get("composed")!];
  return new Map(
    all.flatMap((fn) => {
      const { operands } = fn;
      return operands === undefined ? [] : [[fn.name, { fn: { ...fn, operands }, operands, prologue: prologueText(fn, operands) }] as const];
    }),
  );
}

let entries: ReadonlyMap<string, EntryFunction> | undefined;
/** Those of rendered.ts, by name, translated. */
export function entryFunctions(): ReadonlyMap<string, EntryFunction> {
  entries ??= new Map(withFile(ENTRY, (file, folder) => readEntry(file, ROOT, folder)).map((fn) => [fn.name, fn]));
  return entries;
}

function withFile<T>(text: string, work: (file: string, folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "topkit-entry-"));
  try {
    const file = join(folder, "scores.ts");
    writeFileSync(file, text);
    return work(file, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Values that matter to some function: zeros, which mask and seen look for, and numbers of both signs and many sizes. */
export function operandValues(operands: Operands, shape: { readonly rows: number; readonly cols: number }, seed: number): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(operands).map(([name, varies], at) => {
      const source = random(seed, at);
      const special = [0, 0, 1, -0.5, Number.NEGATIVE_INFINITY, 3.0e38, 1e-40];
      const draw = (): number => (source.uniform() < 0.7 ? source.uniform() * 4 + 0.125 : special[source.below(varies === "element" ? 3 : special.length)]!);
      return [name, Float32Array.from({ length: operandElements(varies, shape) }, draw)];
    }),
  );
}

/** What every element becomes: rows of `rowStride` elements, those between rows as they are. */
export function oracleScores(
  fn: Pick<EntryFunction, "program" | "operands">,
  { data, rows, cols, rowStride, dtype }: { data: Float32Array | Uint16Array; rows: number; cols: number; rowStride: number; dtype: Dtype },
  values: Readonly<Record<string, Float32Array>>,
): Float32Array | Uint16Array {
  const scored = data.slice();
  const bits = rawBits(scored);
  const score = evaluator(fn.program);
  const operands = Object.entries(fn.operands);
  const toBits = (value: number): number =>
    Number.isNaN(value)
      ? { f32: NAN_BITS, f16: 0x7e00, bf16: 0x7fc0 }[dtype]
      : dtype === "f32"
        ? f32Bits(value)
        : dtype === "f16"
          ? toF16(value)
          : toBf16(value);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const at = { uniform: 0, row, column: col, element: row * cols + col };
      const place = row * rowStride + col;
      bits[place] = toBits(score(toNumber(dtype, data[place]!), ...operands.map(([name, varies]) => values[name]![at[varies]]!)));
    }
  }
  return scored;
}

const number = new Float32Array(1);
const f32Bits = (value: number): number => {
  number[0] = value;
  return new Uint32Array(number.buffer)[0]!;
};

let loading: Promise<Loaded> | undefined;
const loaded = (): Promise<Loaded> => {
  loading ??= load(ROOT, kernels);
  return loading;
};

export async function textWithPrologue(kernel: AnyKernel, prologue: PrologueText, spec: AnyConfig, tune: AnyConfig): Promise<Rendered> {
  return (await loaded()).renderScored(kernel, prologue, spec, tune);
}

/** Texts of a plan's stages with this prologue, which kernels that do not read x go without. */
export async function scoredSource(prologue: PrologueText): Promise<(stage: ResolvedStage) => string> {
  const { render, renderScored } = await loaded();
  return ({ kernel, spec, tune }) => {
    const plain = kernels.find(({ name }) => name === kernel.name);
    if (plain !== undefined) return render(plain, spec, tune).text;
    const base = kernels.find(({ name }) => `${name}_${prologue.name}` === kernel.name)!;
    return renderScored(base, prologue, spec, tune).text;
  };
}
