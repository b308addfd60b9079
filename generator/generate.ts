/** generate(): from declarations and templates to the whole of generated/, in memory. */
import type { AnyKernel, Plan } from "../dsl/index.ts";
import { bindingsText } from "./bindings.ts";
import { load } from "./load.ts";
import { manifestText, type RenderedVariant } from "./manifest.ts";
import type { Outputs } from "./output.ts";

export interface Catalog {
  readonly kernels: readonly AnyKernel[];
  readonly plans: readonly Plan[];
}

/** Deterministic: the same sources give the same bytes. Errors: GeneratorError, with everything that is wrong in one. */
export async function generate(root: string, { kernels, plans }: Catalog): Promise<Outputs> {
  const loaded = await load(root, kernels);
  const rendered = loaded.variants
    .map((variant): RenderedVariant => ({ ...variant, ...loaded.render(variant.kernel, variant.spec, variant.tune) }))
    .sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  return new Map([
    ...rendered.map(({ symbol, text }): [string, string] => [`kernels/${symbol}.cu`, text]),
    ["manifest.json", manifestText(loaded, plans, rendered)],
    ["variants.ts", bindingsText(rendered)],
  ]);
}
