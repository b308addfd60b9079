/** Rows in the registers of a warp's lanes: what each shipped config just holds and sorts, at every alignment, on data that overflows it. */
import { contextOf, warpSelect } from "../../dsl/index.ts";
import type { TopkCase } from "./case.ts";
import { answers, SPECS } from "./cases-shapes.ts";
import type { PatternName } from "./patterns.ts";

/** Ties at the bar, at either end of the row, of zeros and of NaNs; rows of padding's value; all negative. */
const HARD: readonly PatternName[] = ["equal", "few", "zeros", "nans", "someNans", "infMix", "allNegInf", "negatives", "spike", "clustered", "lastWins"];

export function warpCases(): TopkCase[] {
  return warpSelect.ships
    .flatMap((tune, at) =>
      SPECS.flatMap((spec, turn) => {
        const { lanes, vectors, perVector } = contextOf(warpSelect, { ...spec, ...tune }) as Readonly<Record<string, number>>;
        const holds = lanes! * vectors! * perVector!;
        const config = Object.fromEntries(Object.entries(tune).map(([name, value]) => [`${warpSelect.name}.${name}`, value]));
        const most = Math.min(tune.capacity, 256);
        return [holds, holds - 1, holds - 9, most + 1].flatMap((cols, shape) =>
          HARD.map((pattern, which): TopkCase => {
            const turned = at + turn + shape + which;
            const k = Math.min(cols, [1, most, Math.ceil(most / 2), 7][turned % 4]!);
            const layout = [{}, { gap: 1 }, { offset: 1 }, { gap: 3, offset: 5 }][turned % 4]!;
            const quick = shape === 1 && spec.dtype === "bf16" && spec.order === "largest" && which % 3 === 0;
            return { group: "rows in lanes", rows: 13, cols, k, ...spec, pattern, ...layout, lengths: turned % 3 === 0, plan: warpSelect.name, config, quick };
          }),
        );
      }),
    )
    .filter((c) => answers(c.plan!, c, c.config as Readonly<Record<string, number>>));
}
