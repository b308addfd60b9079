/** The CUDA text of a rendered kernel: found in generated/ by its symbol, taken only if its hash is the one that codegen wrote down. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type ResolvedStage, type Variant, variantSymbol } from "../dsl/index.ts";
import { packageRoot } from "../native/index.ts";
import { TopkitError } from "./errors.ts";
import type { StoredSource } from "./tuned-choice.ts";

export interface KernelSource {
  /** extern "C" name. */
  readonly symbol: string;
  readonly text: string;
}

/** Errors: TK113 where the config is not rendered, TK207 where the file is missing or is not the one that was rendered. */
export async function kernelSource({ kernel, spec, tune }: Pick<ResolvedStage, "kernel" | "spec" | "tune">): Promise<KernelSource> {
  const { variants }: { variants: readonly Variant[] } = await import("../generated/variants.ts");
  const symbol = variantSymbol(kernel, spec, tune);
  const variant = variants.find((each) => each.symbol === symbol);
  if (variant === undefined) throw notRendered(symbol, kernel.name, kernel.ships);
  const file = path.join(packageRoot, "generated", "kernels", `${symbol}.cu`);
  return { symbol, text: await readChecked({ file, hash: variant.sourceHash }, "codegen rendered", "install topkit again, or run codegen in a checkout") };
}

/** As kernelSource(), but for kernels that a tuning table stored beside it. */
export const sourceOrStored =
  (stored: ReadonlyMap<string, StoredSource>) =>
  async (stage: Pick<ResolvedStage, "kernel" | "spec" | "tune">): Promise<KernelSource> => {
    const symbol = variantSymbol(stage.kernel, stage.spec, stage.tune);
    const found = stored.get(symbol);
    if (found === undefined) return kernelSource(stage);
    return { symbol, text: await readChecked(found, "the tuner stored", "tune again, or set TOPKIT_TUNING to shipped") };
  };

/** Errors: TK207. */
export async function readChecked({ file, hash: wanted }: StoredSource, who: string, fix: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new TopkitError("TK207", `${file} cannot be read (${(cause as Error).message}); ${fix}`, { file }, { cause });
  }
  const hash = createHash("sha256").update(text).digest("hex");
  if (hash !== wanted) throw new TopkitError("TK207", `${file} is not the text that ${who} (its hash differs); ${fix}`, { file, hash });
  return text;
}

export const notRendered = (symbol: string, kernel: string, ships: readonly object[]): TopkitError =>
  new TopkitError(
    "TK113",
    `the kernel ${symbol} is not rendered; of ${kernel} there are ${ships.map((tune) => JSON.stringify(tune)).join(" ")}: ` +
      "force one of these, or add the config to `ships` in the kernel's declaration and run codegen in a checkout",
    { symbol, rendered: ships },
  );
