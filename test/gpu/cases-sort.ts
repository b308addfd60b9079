/** Cases on the boundaries of cluster_sort: what its registers hold, what its blocks have room for, and data that overflows it. */
import { type AnyConfig, clusterSort, contextOf, DTYPE_BYTES, type Dtype, VECTOR_BYTES } from "../../dsl/index.ts";
import type { TopkCase } from "./case.ts";
import { answers, SPECS } from "./cases-shapes.ts";
import { PATTERNS, type PatternName } from "./patterns.ts";

const PLAN = "cluster_sort";

/** Plain data; ties at the k-th key and above it, in bins that are split by column; ramps and spikes whose best lie in one block; signs and NaNs. */
const DATA: readonly PatternName[] = [
  "normal",
  "equal",
  "asc",
  "ties",
  "spike",
  "clustered",
  "negatives",
  "someNans",
  "twoValues",
  "anyBits",
  "infMix",
  "desc",
  "bf16ramp",
  "few",
  "zeros",
  "nans",
];

/** Columns of the fullest row that a config holds, of one that leaves many threads without a slot, and of one with less than a slot at its end. */
function widths(config: AnyConfig, dtype: Dtype): number[] {
  const { slots } = contextOf(clusterSort, { dtype, order: "largest", ...config } as Parameters<typeof clusterSort.derive>[0]);
  const full = (Number(slots) * VECTOR_BYTES) / DTYPE_BYTES[dtype];
  return [full, full / 2 + 9, 4099];
}

export function sortCases(): TopkCase[] {
  return [...boundaries(), ...patterns()].filter((c) => answers(PLAN, c, c.config));
}

/** Every pattern, as the runtime would choose the config. */
function patterns(): TopkCase[] {
  return PATTERNS.flatMap((pattern) =>
    SPECS.flatMap((spec) =>
      [
        { rows: 2, cols: 5003, k: 300 },
        { rows: 3, cols: 9001, k: 700 },
      ].map((shape): TopkCase => {
        return { group: "cluster sort", ...shape, ...spec, pattern, plan: PLAN, quick: spec.dtype === "bf16" && spec.order === "largest" };
      }),
    ),
  );
}

/** Every shipped config, about what it holds. */
function boundaries(): TopkCase[] {
  return SPECS.flatMap((spec, turn) =>
    clusterSort.ships.flatMap((tune, at) => {
      const config = Object.fromEntries(Object.entries(tune).map(([name, value]) => [`${PLAN}.${name}`, value]));
      return widths(tune, spec.dtype).flatMap((cols, which) =>
        [257, 1000, 2048].flatMap((k, turned): TopkCase[] =>
          [0, 5].flatMap((further) => {
            const pattern = DATA[(turn + 3 * at + 7 * which + turned + further) % DATA.length]!;
            const plain: TopkCase = { group: "configs", rows: 2, cols, k, ...spec, pattern, plan: PLAN, config };
            const quick = which === 2 && k === 1000 && further === 0;
            return [
              { ...plain, quick },
              { ...plain, rows: 9, offset: 1, gap: 3, lengths: true },
            ];
          }),
        ),
      );
    }),
  );
}
