/** vega-lite specifications to SVG text. The libraries are installed for development only, and loaded when a report is asked for. */
import type { TopLevelSpec } from "vega-lite";
import { TopkitError } from "../../runtime/errors.ts";

export type Draw = (spec: TopLevelSpec) => Promise<string>;

/** Errors: TK210 where the libraries are not installed. */
export async function loadDraw(): Promise<Draw> {
  try {
    const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
    return async (spec) => new vega.View(vega.parse(compile(spec).spec), { renderer: "none" }).toSVG();
  } catch (cause) {
    throw new TopkitError(
      "TK210",
      `reports are drawn by vega and vega-lite, which cannot be loaded (${(cause as Error).message.split("\n")[0]}); ` +
        "run `npm install --no-save vega vega-lite`, or draw elsewhere what --csv recorded: `topkit bench --csv FILE --report FILE.html`",
      {},
      { cause },
    );
  }
}
