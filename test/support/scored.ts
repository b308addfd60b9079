/** Prologues for tests: the shipped functions and a composed one, and the oracle's scores, by the evaluator. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { random } from "../../bench/random.ts";
import { rawBits } from "../../bench/reference.ts";
import type { Operands } from "../../dsl/device/declare.ts";
import { evaluator, NAN_BITS } from "../../dsl/device/evaluate.ts";
import { pow2 } from "../../dsl/device/math.ts";
import {
  type AnyConfig,
  type AnyKernel,
  type Dtype,
  isScored,
  kernels,
  type Order,
  operandElements,
  type ResolvedStage,
  SCORE_DTYPE,
  toNumber,
} from "../../dsl/index.ts";
import { javascriptText } from "../../generator/device/javascript.ts";
import type { TranslatedFunction } from "../../generator/device/program.ts";
import { type EntryFunction, readEntry } from "../../generator/entry.ts";
import { type Loaded, load, type Rendered, type ScoringText } from "../../generator/index.ts";
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

type Score = (...given: number[]) => number;

/** The function as a binding has it: the evaluator's bits (test/prologue/javascript.test.ts), in much less time. */
export function compiledScore({ program }: Pick<EntryFunction, "program">): Score {
  return new Function("pow2", `${javascriptText(program)}\nreturn ${program.functions.at(-1)!.name}_;`)(pow2) as Score;
}

/** What every element becomes: rows of `rowStride` f32, those between rows as numbers of x. */
export function oracleScores(
  fn: Pick<EntryFunction, "program" | "operands">,
  { data, rows, cols, rowStride, dtype }: { data: Float32Array | Uint16Array; rows: number; cols: number; rowStride: number; dtype: Dtype },
  values: Readonly<Record<string, Float32Array>>,
  score: Score = evaluator(fn.program),
): Float32Array {
  const scored = Float32Array.from(data, (element) => toNumber(dtype, element));
  const bits = rawBits(scored);
  const operands = Object.entries(fn.operands);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const at = { uniform: 0, row, column: col, element: row * cols + col };
      const place = row * rowStride + col;
      const value = score(toNumber(dtype, data[place]!), ...operands.map(([name, varies]) => values[name]![at[varies]]!));
      if (Number.isNaN(value)) bits[place] = NAN_BITS;
      else scored[place] = value;
    }
  }
  return scored;
}

let loading: Promise<Loaded> | undefined;
const loaded = (): Promise<Loaded> => {
  loading ??= load(ROOT, kernels);
  return loading;
};

/** For x of this dtype. */
export async function textWithPrologue(kernel: AnyKernel, scoring: ScoringText, order: Order, tune: AnyConfig): Promise<Rendered> {
  return (await loaded()).renderScored(kernel, scoring, { dtype: SCORE_DTYPE, order }, tune);
}

/** Texts of a plan's stages with this prologue, which kernels that do not read x go without. */
export async function scoredSource(prologue: PrologueText): Promise<(stage: ResolvedStage) => string> {
  const { render, renderScored } = await loaded();
  return ({ kernel, spec, tune }) => {
    if (!isScored(kernel)) return render(kernel, spec, tune).text;
    const { plain, dtype } = kernel.scored;
    return renderScored(plain, { prologue, dtype }, spec, tune).text;
  };
}
