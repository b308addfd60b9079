/** A prologue with what runs it: rendered kernels where there is a device, a JavaScript function where there is none. Written by codegen, read here. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Dtype, isScored, type Prologue, type ResolvedStage, type ScoredVariant, type Variant, variantSymbol } from "../dsl/index.ts";
import { messageOf, TopkitError } from "./errors.ts";
import { type KernelSource, kernelSource, notRendered, readChecked } from "./kernel-source.ts";
import { basisOf } from "./tuning.ts";

/** The score of an element x in (row, col), of operands by name; `cols` is what a row of element operands has. */
export type ScoreFunction = (x: number, operands: Readonly<Record<string, Float32Array>>, row: number, col: number, cols: number) => number;

export interface Scoring {
  readonly prologue: Prologue;
  readonly score: ScoreFunction;
  /** The text of a stage, whether it reads x or not. Errors: TK113, TK207, TK212. */
  readonly source: (stage: ResolvedStage) => Promise<KernelSource>;
}

/** What an index.js that codegen wrote tells of one function. */
export interface Rendered {
  readonly prologue: Prologue;
  /** Where manifest.json and kernels/ lie. */
  readonly folder: URL;
  readonly score: ScoreFunction;
}

export function scoringOf({ prologue, folder, score }: Rendered): Scoring {
  let reading: Promise<readonly ScoredVariant[]> | undefined;
  const variants = (): Promise<readonly ScoredVariant[]> => {
    reading ??= renderedVariants(prologue, folder);
    return reading;
  };
  const source = async (stage: ResolvedStage): Promise<KernelSource> => {
    const { kernel, spec, tune } = stage;
    if (!isScored(kernel)) return kernelSource(stage);
    const symbol = variantSymbol(kernel, spec, tune);
    const rendered = await variants();
    const variant = rendered.find((each) => each.symbol === symbol);
    const dtypes = [...new Set(rendered.map(({ dtype }) => dtype))];
    if (!dtypes.includes(kernel.scored.dtype)) throw otherDtypes(prologue, kernel.scored.dtype, dtypes);
    if (variant === undefined) throw notRendered(symbol, kernel.name, kernel.ships);
    const file = fileURLToPath(new URL(`kernels/${symbol}.cu`, folder));
    return { symbol, text: await readChecked({ file, hash: variant.sourceHash }, "codegen rendered", AGAIN) };
  };
  return { prologue, score, source };
}

const otherDtypes = ({ name }: Prologue, dtype: Dtype, rendered: readonly Dtype[]): TopkitError =>
  new TopkitError(
    "TK113",
    `the kernels of ${name} are rendered for ${rendered.join(", ")}, not for ${dtype}; ${AGAIN} with --dtype ${dtype} too, or use backend "cpu"`,
    {
      dtype,
      rendered,
    },
  );

const AGAIN = "run `topkit codegen --entry` again";

/** Of generator/entry-outputs.ts. */
interface Manifest {
  readonly version: number;
  readonly prologues: Readonly<Record<string, { readonly basis: Readonly<Record<string, string>>; readonly variants: readonly ScoredVariant[] }>>;
}
const MANIFEST_VERSION = 2;

async function readManifest(file: string): Promise<Manifest> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Manifest;
  } catch (cause) {
    throw new TopkitError("TK207", `${file} cannot be read (${messageOf(cause)}); ${AGAIN}`, { file }, { cause });
  }
}

/** Errors: TK207 where the manifest is missing or does not have the prologue, TK212 where it is of another topkit. */
async function renderedVariants({ name }: Prologue, folder: URL): Promise<readonly ScoredVariant[]> {
  const file = fileURLToPath(new URL("manifest.json", folder));
  const manifest = await readManifest(file);
  const ofAnother = (what: string): TopkitError =>
    new TopkitError("TK212", `${file} was rendered by another topkit than this one (${what} differs); ${AGAIN}`, { file });
  if (manifest.version !== MANIFEST_VERSION) throw ofAnother("its form");
  const own = manifest.prologues[name];
  if (own === undefined) throw new TopkitError("TK207", `${file} has no kernels of ${name}; ${AGAIN}`, { file, name });
  const { variants }: { variants: readonly Variant[] } = await import("../generated/variants.ts");
  const stale = Object.keys(own.basis).find((kernel) => own.basis[kernel] !== basisOf(variants, kernel));
  if (stale !== undefined) throw ofAnother(`its ${stale}`);
  return own.variants;
}
