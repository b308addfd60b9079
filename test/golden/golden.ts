/** The golden files: the first shipped variant of each kernel, and one with a prologue. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SCORE_DTYPE } from "../../dsl/index.ts";
import { load, readCatalog } from "../../generator/index.ts";
import { scoredFunctions } from "../support/scored.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const GOLDEN_FOLDER = join(ROOT, "test", "golden", "files");

/** Text of each, by file name. */
export async function goldenFiles(): Promise<ReadonlyMap<string, string>> {
  const { kernels } = await readCatalog(ROOT);
  const { variants, render, renderScored } = await load(ROOT, kernels);
  const first = kernels.flatMap((kernel) => variants.find((variant) => variant.kernel === kernel) ?? []);
  const { kernel: collect, tune } = first.find(({ kernel }) => kernel.name === "radix_collect")!;
  const { prologue } = scoredFunctions().get("repetitionPenalty")!;
  const scored = renderScored(collect, { prologue, dtype: "bf16" }, { dtype: SCORE_DTYPE, order: "largest" }, tune);
  const rendered = [...first.map((variant) => render(variant.kernel, variant.spec, variant.tune)), scored];
  return new Map(rendered.map(({ symbol, text }) => [`${symbol}.cu`, text]));
}
