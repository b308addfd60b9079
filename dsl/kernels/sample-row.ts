import { input } from "../buffer.ts";
import { oneOf, pow2 } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { drawBuffers, drawExtents } from "./draw.ts";
import { baseSpec } from "./spec.ts";

/** As many threads as candidates up to 256, which all weigh one each (docs/log/sampling.md). */
const ships = [
  { warps: 1, items: 1 },
  { warps: 2, items: 2 },
  { warps: 4, items: 4 },
  { warps: 8, items: 8 },
  { warps: 8, items: 32 },
] as const;

/**
 * Draws a token from each row of a top-k's answer (docs/contract.md, "Sampling"). All warps weigh candidates, the first draws; what its registers
 * do not hold is weighed again in each of three passes: the mass of all, the cuts, the draw.
 */
export const sampleRow = kernel("sample_row", {
  template: "sample_row.cu.hbs",
  hooks: {},
  spec: { dtype: baseSpec.dtype, order: oneOf("largest") },
  tune: {
    warps: pow2(1, 32),
    /** Candidates that a lane of the first warp holds. */
    items: pow2(1, 32),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per row",
  shape: ["rows", "k", "indexBytes"],
  buffers: { values: input("value"), indices: input("i32"), ...drawBuffers },
  accepts: {
    "indices are 32 bits wide": (_, { indexBytes }) => indexBytes === 4,
  },
  derive: ({ warps, items }) => ({ threads: warps * 32, logItems: Math.log2(items) }),
  where: {},
  extents: (_, shape) => ({ values: shape.rows * shape.k, indices: shape.rows * shape.k, ...drawExtents(shape) }),
  launch: (c, { rows }) => ({ grid: rows, block: c.threads, cluster: 1, sharedBytes: 0 }),
  ships,
  untuned: (_, { k }) => ships.find(({ items }) => k <= items * 32) ?? ships[ships.length - 1]!,
});
