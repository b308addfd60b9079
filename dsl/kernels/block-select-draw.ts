import { input, optionalInput, optionalOutput } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { REGISTERS_PER_SM } from "../limits.ts";
import { spanOf } from "../request.ts";
import { blockSelect, suits } from "./block-select.ts";
import { drawBuffers, drawExtents, MOST_DRAWN } from "./draw.ts";
import { baseSpec } from "./spec.ts";

/** With 26 groups a thread, two blocks of 320 threads a multiprocessor spill; one block of 512 does not. */
const MOST_GROUPS = 20;
const REGISTERS_FOR_MORE = 128;
const leavesRegisters = (c: { readonly groups: number; readonly threads: number; readonly blocksPerSm: number }): boolean =>
  c.groups <= MOST_GROUPS || c.threads * c.blocksPerSm * REGISTERS_FOR_MORE <= REGISTERS_PER_SM;

/** So many threads leave 96 registers each: of 123, which the compiler takes where it may, the row's reading took 0.4 us longer (docs/log/sampling.md). */
const BOUND_THREADS = 640;
const boundThreads = (c: { readonly groups: number; readonly threads: number; readonly blocksPerSm: number }): number =>
  c.blocksPerSm === 1 && c.groups <= MOST_GROUPS ? Math.max(c.threads, BOUND_THREADS) : c.threads;

/**
 * A lane of the warp that draws has two candidates or eight: 64 masses of 8 bytes, or 256, lie where the words were, and over what was sorted where that is next to
 * them.
 */
const massesFit = (c: { readonly [name in "candidates" | "binned" | "saved" | "wordBytes"]: number }, k: number): boolean =>
  k <= 64 || (c.candidates + (c.saved === 0 ? c.binned : 0)) * c.wordBytes >= MOST_DRAWN * 8;

const ships = blockSelect.ships.filter(
  (c) => c.candidates <= 2 * MOST_DRAWN && leavesRegisters({ ...c, ...blockSelect.derive({ ...c, dtype: "bf16", order: "largest" }) }),
);

/** block_select, and the draw from its answer in the same launch: a row's order goes to shared memory instead, over the list that is done with. */
export const blockSelectDraw = kernel("block_select_draw", {
  template: blockSelect.template,
  drawsFrom: blockSelect,
  hooks: {},
  spec: { dtype: baseSpec.dtype, order: oneOf("largest") },
  tune: blockSelect.tune,
  minArch: blockSelect.minArch,
  minPtx: blockSelect.minPtx,
  unit: blockSelect.unit,
  shape: ["rows", "cols", "k", "rowStride"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), indices: optionalOutput("i32"), ...drawBuffers },
  accepts: {
    ...blockSelect.accepts,
    "a warp draws from what it holds: k is at most 256": (_, { k }) => k <= MOST_DRAWN,
  },
  derive: (c) => {
    const derived = blockSelect.derive(c);
    return { ...derived, drawn: MOST_DRAWN, boundThreads: boundThreads({ ...c, ...derived }) };
  },
  where: {
    ...blockSelect.where,
    "a thread's groups leave registers for a draw: at most 20, or 128 registers a thread": (c) => leavesRegisters(c),
    "the masses have room where the candidates were, and their order where no slots are saved between: k is at most 64, or these take 2048 bytes": (c, { k }) =>
      massesFit(c, k),
  },
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, indices: shape.rows * shape.k, ...drawExtents(shape) }),
  launch: blockSelect.launch,
  ships,
  untuned: (spec, shape) => {
    const own = blockSelect.untuned(spec, shape);
    const serves = (config: (typeof ships)[number]): boolean =>
      massesFit({ ...config, ...blockSelect.derive({ ...spec, ...config }) }, shape.k) && suits(config, spec.dtype, shape.cols, shape.k);
    return [own, ...ships].find((config) => ships.includes(config) && serves(config)) ?? ships[0]!;
  },
  search: blockSelect.search,
});
