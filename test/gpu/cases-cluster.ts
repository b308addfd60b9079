/** Cases on the boundaries of cluster_select: what its registers hold, where its blocks' parts meet, how many delegates and survivors there are. */
import { type AnyConfig, clusterSelect, contextOf, DTYPE_BYTES, type Dtype, VECTOR_BYTES } from "../../dsl/index.ts";
import type { TopkCase } from "./case.ts";
import { answers, SPECS } from "./cases-shapes.ts";
import { PATTERNS, type PatternName } from "./patterns.ts";

const PLAN = "cluster_select";

/** Ties that overflow every segment, ramps whose best lie in one block, signs and NaNs that raw bits do not order, and plain data. */
const DATA: readonly PatternName[] = ["twoValues", "asc", "desc", "negatives", "someNans", "anyBits", "normal", "infMix"];

/** Columns of the fullest row that a config holds, of one that leaves its last block little, and of one that is no whole number of slots. */
function widths(config: AnyConfig, dtype: Dtype): number[] {
  const { slots, blocks } = contextOf(clusterSelect, { dtype, order: "largest", ...config } as Parameters<typeof clusterSelect.derive>[0]);
  const perSlot = VECTOR_BYTES / DTYPE_BYTES[dtype];
  const full = Number(slots) * perSlot;
  return [full, full - 1, full / 2 + 9, 2048 + 8 * Number(blocks) * perSlot + 1];
}

export function clusterCases(): TopkCase[] {
  return [...boundaries(), ...patterns()].filter((c) => answers(PLAN, c, c.config));
}

/** Every shipped config, about what it holds. */
function boundaries(): TopkCase[] {
  return SPECS.flatMap((spec, turn) =>
    clusterSelect.ships.flatMap((tune, at) => {
      const config = Object.fromEntries(Object.entries(tune).map(([name, value]) => [`${PLAN}.${name}`, value]));
      return widths(tune, spec.dtype).flatMap((cols, which) =>
        [1, 64, 65, 128, 256].flatMap((k, turned): TopkCase[] => {
          const pattern = DATA[(turn + at + which + turned) % DATA.length]!;
          const plain: TopkCase = { group: "cluster boundaries", rows: 2, cols, k, ...spec, pattern, plan: PLAN, config };
          const quick = which === 3 && k === 65 && spec.dtype === "bf16" && spec.order === "largest";
          return [plain, { ...plain, offset: 1, gap: 3, lengths: true, indices: "i64", quick }];
        }),
      );
    }),
  );
}

/** Every pattern, in few slots and in many, as the runtime would choose the config. */
function patterns(): TopkCase[] {
  return PATTERNS.flatMap((pattern) =>
    SPECS.flatMap((spec) =>
      [
        { rows: 3, cols: 5003, k: 40 },
        { rows: 17, cols: 20011, k: 1 },
        { rows: 5, cols: 9001, k: 256 },
        { rows: 40, cols: 50304, k: 50 },
      ].map((shape, at): TopkCase => {
        return { group: "cluster patterns", ...shape, ...spec, pattern, plan: PLAN, quick: at === 0 && spec.dtype === "bf16" && spec.order === "largest" };
      }),
    ),
  );
}
