/** Cases on the boundaries of wide_select: where blocks' parts and warps' steps meet, how much of a row is sampled, lists that overflow, the last block's sort. */
import { DTYPE_BYTES, plans, VECTOR_BYTES } from "../../dsl/index.ts";
import type { TopkCase } from "./case.ts";
import { answers, SPECS, shippedConfigs } from "./cases-shapes.ts";
import { PATTERNS, type PatternName } from "./patterns.ts";

const PLAN = "wide_select";
const WIDE = plans.find(({ name }) => name === PLAN)!;

/** Ties and ramps that fill every list, NaNs that no value bounds, and plain data. */
const DATA: readonly PatternName[] = ["twoValues", "asc", "desc", "negatives", "someNans", "anyBits", "normal", "infMix"];

export function wideCases(): TopkCase[] {
  return [...steps(), ...manyWanted(), ...shares(), ...patterns(), ...long()].filter((c) => answers(PLAN, c, c.config));
}

/** Every shipped config, about a step of one block, and about one of every block. */
function steps(): TopkCase[] {
  return SPECS.flatMap((spec, turn) =>
    shippedConfigs(WIDE).flatMap((shipped, at) => {
      const vectors = Number(shipped["wide_stream.warps"]) * 32 * Number(shipped["wide_stream.vectors"]);
      const step = (vectors * VECTOR_BYTES) / DTYPE_BYTES[spec.dtype];
      const config = { ...shipped, "wide_select.streamers": 66 };
      return [4097, step, 2 * step + 1, 66 * step - 1].flatMap((cols, which) =>
        [1, 50, 513, 2048].flatMap((k, turned): TopkCase[] => {
          const pattern = DATA[(turn + at + which + turned) % DATA.length]!;
          const plain: TopkCase = { group: "configs", rows: 1, cols, k, ...spec, pattern, plan: PLAN, config };
          return [
            { ...plain, quick: which === 0 && k === 513 },
            { ...plain, rows: 2, offset: 1, gap: 3, lengths: true, indices: "i64" },
          ];
        }),
      );
    }),
  );
}

/** k about the powers of two that are sorted, and about the delegates of a row. */
function manyWanted(): TopkCase[] {
  return [2, 31, 32, 33, 256, 257, 512, 513, 1023, 1024, 1025, 2047, 2048].flatMap((k, at) =>
    SPECS.map((spec, turn): TopkCase => ({ group: "wide k", rows: 1, cols: 20011, k, ...spec, pattern: DATA[(at + turn) % DATA.length]!, plan: PLAN })),
  );
}

/** Few blocks a row, and one; as many samplers, and four; rows of which the best lie in other parts. */
function shares(): TopkCase[] {
  return [2, 3, 66, 67, 132, 133, 200].flatMap((rows, at) =>
    SPECS.map((spec, turn): TopkCase => ({ group: "wide rows", rows, cols: 8195, k: 77, ...spec, pattern: DATA[(at + turn) % DATA.length]!, plan: PLAN })),
  );
}

/** Every pattern, as the runtime would choose the config, and with a sample of almost nothing. */
function patterns(): TopkCase[] {
  return PATTERNS.flatMap((pattern) =>
    SPECS.flatMap((spec) =>
      [
        { rows: 1, cols: 9001, k: 100 },
        { rows: 3, cols: 30011, k: 256 },
        { rows: 1, cols: 120011, k: 64, config: { "wide_select.sample": 1 } },
        { rows: 1, cols: 300001, k: 1024 },
      ].map((shape, at): TopkCase => {
        return { group: "wide patterns", ...shape, ...spec, pattern, plan: PLAN, quick: at === 0 && spec.dtype === "bf16" && spec.order === "largest" };
      }),
    ),
  );
}

/** Rows that a device shares. */
function long(): TopkCase[] {
  return (["normal", "ties", "asc", "infMix"] as const).flatMap((pattern) =>
    SPECS.map((spec): TopkCase => ({ group: "wide and long", rows: 1, cols: 3_000_017, k: 256, ...spec, pattern, plan: PLAN })),
  );
}
