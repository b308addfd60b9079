/** Cases that turn data and layout: every pattern, strides, bases, lengths, index types. */
import { plans } from "../../dsl/index.ts";
import type { TopkCase } from "./case.ts";
import { answers, CHAINS, SINGLE, SPECS, TWO_STAGE, widestOf } from "./cases-shapes.ts";
import { PATTERNS } from "./patterns.ts";

/** For each plan a row that it is meant for. */
const TYPICAL = [
  ...SINGLE.flatMap((plan) => {
    const widest = widestOf(plan);
    const cols = Math.min(777, widest - 1);
    return [
      { plan, cols, ks: [1, 40, cols] },
      { plan, cols: widest, ks: [Math.min(100, widest)] },
    ];
  }),
  ...TWO_STAGE.flatMap((plan) => [
    { plan, cols: 10007, ks: [1, 50, 300] },
    // one chunk a row: nothing but the buffer's overflow is tested
    { plan, cols: 30011, ks: [1000] },
  ]),
  ...CHAINS.flatMap((plan) => [
    { plan, cols: 10007, ks: [50, 3000] },
    { plan, cols: 30011, ks: [1, 9000, 15000] },
  ]),
];

export function patternCases(): TopkCase[] {
  return PATTERNS.flatMap((pattern) =>
    SPECS.flatMap((spec) =>
      TYPICAL.flatMap(({ plan, cols, ks }) =>
        ks.map(
          (k): TopkCase => ({
            group: "patterns",
            rows: 3,
            cols,
            k,
            ...spec,
            pattern,
            plan,
            quick: (k === 40 || k === 50) && spec.dtype === "bf16" && spec.order === "largest",
          }),
        ),
      ),
    ),
  ).filter((c) => answers(c.plan!, c));
}

/** All 65,536 patterns of 16 bits in one row, sorted and not, and the row after it begins in the middle of a vector. */
export function allBitsCases(): TopkCase[] {
  return SPECS.filter(({ dtype }) => dtype !== "f32").flatMap((spec) =>
    (["bf16ramp", "shuffledBits"] as const).flatMap((pattern) =>
      [...TWO_STAGE, ...CHAINS].flatMap((plan) =>
        [1, 300, 1024].map((k): TopkCase => ({ group: "all 65,536 patterns", rows: 2, cols: 65536 + 5, k, ...spec, pattern, plan })),
      ),
    ),
  );
}

const LAYOUTS: readonly { readonly offset?: number; readonly gap?: number }[] = [
  { offset: 1 },
  { offset: 3 },
  { offset: 7 },
  { gap: 1 },
  { gap: 3 },
  { gap: 8 },
  { gap: 1000 },
  { gap: 1, offset: 1 },
  { gap: 4, offset: 2 },
  { gap: 5, offset: 5 },
];

/** Bases and strides that no vector load is aligned to. Gaps and what lies around x would win if they were read. */
export function layoutCases(): TopkCase[] {
  const shapes = [
    ...SINGLE.flatMap((plan) => [31, 64, 1000, 4096].filter((cols) => cols <= widestOf(plan)).map((cols) => ({ plan, cols }))),
    ...[...TWO_STAGE, ...CHAINS].flatMap((plan) => [9, 1000, 4096, 4099, 8200].map((cols) => ({ plan, cols }))),
  ];
  return SPECS.flatMap((spec) =>
    LAYOUTS.flatMap((layout) =>
      shapes.map(
        ({ plan, cols }): TopkCase => ({
          group: "layouts",
          rows: 5,
          cols,
          k: Math.min(20, cols),
          ...spec,
          pattern: "normal",
          ...layout,
          plan,
          quick: spec.dtype === "bf16" && layout.offset === 1 && cols < 5000,
        }),
      ),
    ),
  );
}

/** Rows that end early, of every sort, with what lies beyond their ends winning if it were read. */
export function lengthCases(): TopkCase[] {
  const shapes = [
    ...SINGLE.flatMap((plan) => [
      { plan, cols: 65, ks: [1, 30, 65] },
      { plan, cols: 4096, ks: [50] },
    ]),
    ...TWO_STAGE.flatMap((plan) => [
      { plan, cols: 100, ks: [100] },
      { plan, cols: 12293, ks: [1, 50, 1000] },
    ]),
    ...CHAINS.flatMap((plan) => [
      { plan, cols: 100, ks: [100] },
      { plan, cols: 12293, ks: [50, 6000, 12000] },
    ]),
  ];
  return SPECS.flatMap((spec) =>
    shapes.flatMap(({ plan, cols, ks }) =>
      ks.flatMap((k) =>
        (["i32", "i64"] as const).flatMap((indices) =>
          [{}, { gap: 3, offset: 1 }].map(
            (layout): TopkCase => ({
              group: "lengths",
              rows: 14,
              cols,
              k,
              ...spec,
              pattern: "normal",
              lengths: true,
              indices,
              ...layout,
              plan,
              quick: spec.dtype === "f16" && indices === "i64" && k >= 30 && cols < 5000,
            }),
          ),
        ),
      ),
    ),
  ).filter((c) => answers(c.plan!, c));
}

export function indexCases(): TopkCase[] {
  const shapes = plans.map(({ name, stages }) => ({ plan: name, cols: stages.length === 1 ? Math.min(1000, widestOf(name)) : 50304 }));
  return SPECS.flatMap((spec) =>
    shapes.flatMap(({ plan, cols }) =>
      [1, Math.min(77, cols)].map((k): TopkCase => ({ group: "int64 indices", rows: 9, cols, k, ...spec, pattern: "llm", indices: "i64", plan })),
    ),
  );
}
