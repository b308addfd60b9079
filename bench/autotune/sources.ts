/** The CUDA texts of what is tuned, each rendered once. */
import type { AnyConfig, AnyKernel, ResolvedPlan } from "../../dsl/index.ts";
import { variantSymbol } from "../../dsl/index.ts";
import type { Render } from "../../generator/index.ts";

type Rendered = ReturnType<Render>;

export class Sources {
  readonly #render: Render;
  readonly #rendered = new Map<string, Rendered>();

  constructor(render: Render) {
    this.#render = render;
  }

  of(kernel: AnyKernel, spec: AnyConfig, tune: AnyConfig): Rendered {
    const symbol = variantSymbol(kernel, spec, tune);
    const rendered = this.#rendered.get(symbol) ?? this.#render(kernel, spec, tune);
    this.#rendered.set(symbol, rendered);
    return rendered;
  }

  /** SHA-256 of each stage's text, in the order of the launches: what a record was measured of. */
  hashesOf({ stages }: ResolvedPlan): string[] {
    return stages.map(({ kernel, spec, tune }) => this.of(kernel, spec, tune).sourceHash);
  }
}
