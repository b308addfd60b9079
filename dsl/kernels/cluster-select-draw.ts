import { input, optionalInput, optionalOutput } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { spanOf } from "../request.ts";
import { clusterSelect } from "./cluster-select.ts";
import { drawBuffers, drawExtents, MOST_DRAWN } from "./draw.ts";
import { baseSpec } from "./spec.ts";

/** The row's answer and its masses as 64-bit words, a barrier for the words' coming, the cut. */
const DRAW_BYTES = 2 * 8 * MOST_DRAWN + 8 + 8;

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
    return { ...derived, sharedBytes: derived.sharedBytes + DRAW_BYTES, drawn: MOST_DRAWN };
  },
  where: clusterSelect.where,
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, indices: shape.rows * shape.k, ...drawExtents(shape) }),
  launch: (c, { rows }) => ({ grid: rows * c.blocks, block: c.threads, cluster: c.blocks, sharedBytes: c.sharedBytes }),
  ships: clusterSelect.ships,
  untuned: clusterSelect.untuned,
  search: clusterSelect.search,
});
