/** The CUDA text of a rendered kernel: found in generated/ by its symbol, taken only if its hash is the one that codegen wrote down. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type ResolvedStage, type Variant, variantSymbol } from "../dsl/index.ts";
import { packageRoot } from "../native/index.ts";
import { TopkitError } from "./errors.ts";

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
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new TopkitError(
      "TK207",
      `${file} cannot be read (${(cause as Error).message}); install topkit again, or run codegen in a checkout`,
      { file },
      { cause },
    );
  }
  const hash = createHash("sha256").update(text).digest("hex");
  if (hash !== variant.sourceHash) {
    throw new TopkitError("TK207", `${file} is not the text that codegen rendered (its hash differs); install topkit again, or run codegen in a checkout`, {
      file,
      hash,
    });
  }
  return { symbol, text };
}

const notRendered = (symbol: string, kernel: string, ships: readonly object[]): TopkitError =>
  new TopkitError(
    "TK113",
    `the kernel ${symbol} is not rendered; of ${kernel} there are ${ships.map((tune) => JSON.stringify(tune)).join(" ")}: ` +
      "force one of these, or add the config to `ships` in the kernel's declaration and run codegen in a checkout",
    { symbol, rendered: ships },
  );
