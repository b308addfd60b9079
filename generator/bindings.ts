/** generated/variants.ts: what the runtime knows of the rendered kernels, typed. */
import type { RenderedVariant } from "./manifest.ts";
import { BANNER_MARK } from "./view.ts";

export function bindingsText(rendered: readonly RenderedVariant[]): string {
  const entries = rendered.map(({ kernel, spec, tune, symbol, sourceHash }) => `  ${JSON.stringify({ kernel: kernel.name, spec, tune, symbol, sourceHash })},`);
  return `${BANNER_MARK}: edit dsl/ and templates/, not this.
import type { Variant } from "../dsl/variant.ts";

/** Every kernel in generated/kernels/. */
export const variants = [
${entries.join("\n")}
] as const satisfies readonly Variant[];

export type KernelName = (typeof variants)[number]["kernel"];
export type VariantSymbol = (typeof variants)[number]["symbol"];
/** The configs of one kernel that ship rendered. */
export type ShippedConfig<K extends KernelName> = Extract<(typeof variants)[number], { readonly kernel: K }>["tune"];
`;
}
