import { input, optionalInput, optionalOutput } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { REGISTERS_PER_SM } from "../limits.ts";
import { roundUp } from "../math.ts";
import { spanOf } from "../request.ts";
import { clusterSelect } from "./cluster-select.ts";
import { drawBuffers, drawExtents, MOST_DRAWN } from "./draw.ts";
import { baseSpec } from "./spec.ts";

/** The row's answer with its masses, the own survivors' masses and places, the blocks' greatest keys, a barrier, the cut, the parameters and their random bits; padding. */
const drawBytes = (segment: number, blocks: number): number => 16 * MOST_DRAWN + 12 * segment + 4 * blocks + 8 + 8 + 32 + 8 + 8;

/** What a draw needs without spilling: of 40, as the top-k has them, it took 0.2 us longer (docs/log/sampling.md). */
const DRAW_REGISTERS = 64;
/**
 * Those that the row's registers leave room for, up to three at the price of a few spilled ones: so many let 32 rows run at once. A fourth is not worth a spill,
 * and more are not needed.
 */
function residentBlocks({ threads, vectors }: { readonly threads: number; readonly vectors: number }): number {
  const withRegisters = (spare: number): number => Math.floor(REGISTERS_PER_SM / (Math.max(DRAW_REGISTERS, roundUp(4 * vectors + spare, 8)) * threads));
  return Math.max(Math.min(3, withRegisters(20)), Math.min(4, withRegisters(32)));
}

/** cluster_select, and the draw from its answer in the same launch: each block sends the places of its survivors to the cluster's first, which draws. */
export const clusterSelectDraw = kernel("cluster_select_draw", {
  template: clusterSelect.template,
  drawsFrom: clusterSelect,
  hooks: {},
  spec: { dtype: baseSpec.dtype, order: oneOf("largest") },
  tune: clusterSelect.tune,
  minArch: clusterSelect.minArch,
  minPtx: clusterSelect.minPtx,
  unit: clusterSelect.unit,
  shape: ["rows", "cols", "k", "rowStride"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), indices: optionalOutput("i32"), ...drawBuffers },
  accepts: clusterSelect.accepts,
  derive: (c) => {
    const derived = clusterSelect.derive(c);
    return { ...derived, sharedBytes: derived.sharedBytes + drawBytes(c.segment, c.blocks), drawn: MOST_DRAWN, blocksPerSm: residentBlocks(c) };
  },
  where: clusterSelect.where,
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, indices: shape.rows * shape.k, ...drawExtents(shape) }),
  launch: (c, { rows }) => ({ grid: rows * c.blocks, block: c.threads, cluster: c.blocks, sharedBytes: c.sharedBytes }),
  ships: clusterSelect.ships,
  untuned: clusterSelect.untuned,
  search: clusterSelect.search,
});
