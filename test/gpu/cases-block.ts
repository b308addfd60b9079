/** Cases for block_select: rows that are streamed through shared memory, one block after another. */
import { type AnyConfig, plans } from "../../dsl/index.ts";
import type { TopkCase } from "./case.ts";
import { answers, SPECS, shippedConfigs } from "./cases-shapes.ts";
import { PATTERNS } from "./patterns.ts";

const PLAN = "block_select";
type Shape = Pick<TopkCase, "rows" | "cols" | "k">;

/** One row a block: no row learns from another; and more rows than there are blocks. */
const FEW_ROWS = 33;
const MANY_ROWS = 270;

export function blockCases(): TopkCase[] {
  return [...configs(), ...patterns(), ...layouts()].filter((c) => answers(PLAN, c, c.config));
}

/** Every shipped config: a row of a tile and a bit, and of as many as there may be; k to the last that is held. */
function configs(): TopkCase[] {
  return shippedConfigs(plans.find(({ name }) => name === PLAN)!).flatMap((config, at) =>
    SPECS.flatMap((spec, turn) =>
      shapesOf(config, spec.dtype === "f32" ? 4 : 8).map(
        (shape, which): TopkCase => ({
          group: "configs",
          ...shape,
          ...spec,
          pattern: (["normal", "ties", "anyBits", "asc", "few"] as const)[(at + turn + which) % 5]!,
          plan: PLAN,
          config,
          quick: which === 0,
        }),
      ),
    ),
  );
}

function shapesOf(config: AnyConfig, perSlot: number): Shape[] {
  const of = (name: string): number => Number(config[`block_select.${name}`]);
  const tile = of("warps") * 32 * of("vectors") * perSlot;
  const k = Math.min(1024, of("candidates") / 2);
  return [
    { rows: FEW_ROWS, cols: 4097, k: 1 },
    { rows: FEW_ROWS, cols: tile + 1, k: 50 },
    { rows: FEW_ROWS, cols: 2 * tile + 3, k },
    { rows: FEW_ROWS, cols: tile * of("tiles"), k: 50 },
    { rows: MANY_ROWS, cols: 4099, k },
  ];
}

/** Every pattern, in the first row of a block and in later ones; ties overflow what is held in several of them. */
function patterns(): TopkCase[] {
  return PATTERNS.flatMap((pattern) =>
    SPECS.flatMap((spec) =>
      [
        { rows: FEW_ROWS, cols: 4100, k: 40 },
        { rows: FEW_ROWS, cols: 20011, k: 1 },
        { rows: MANY_ROWS, cols: 4999, k: 50 },
        { rows: FEW_ROWS, cols: 9001, k: 256 },
        { rows: FEW_ROWS, cols: 9001, k: 1000 },
      ].map((shape, at): TopkCase => {
        return { group: "block patterns", ...shape, ...spec, pattern, plan: PLAN, quick: at === 0 && spec.dtype === "bf16" && spec.order === "largest" };
      }),
    ),
  );
}

/** Bases and strides that no bulk copy is aligned to, and rows that end early. */
function layouts(): TopkCase[] {
  const shapes: readonly Partial<TopkCase>[] = [{}, { offset: 1 }, { offset: 3, gap: 1 }, { gap: 8 }, { offset: 7, gap: 1000 }];
  return SPECS.flatMap((spec) =>
    shapes.flatMap((layout) =>
      [
        { rows: MANY_ROWS, cols: 5003, lengths: false },
        { rows: MANY_ROWS, cols: 5003, lengths: true },
        { rows: FEW_ROWS, cols: 4101, lengths: true },
      ].map(
        (shape): TopkCase => ({
          group: "block layouts",
          ...shape,
          k: 60,
          ...spec,
          pattern: "normal",
          ...layout,
          indices: shape.lengths ? "i64" : "i32",
          plan: PLAN,
          quick: spec.dtype === "bf16" && layout.offset === 3,
        }),
      ),
    ),
  );
}
