import { input, optionalInput, output } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { baseSpec } from "./spec.ts";
import { MOST_K, SAMPLER_THREADS, sharedExtents } from "./wide.ts";

const ships = [{ ahead: 8 }] as const;

/**
 * Before wide_stream: reads a sample of each row, spread over the whole of it, and leaves the best element of each of its disjoint groups, a
 * delegate. The k-th best delegate is a certain lower bound of the row's k-th element.
 */
export const wideSample = kernel("wide_sample", {
  template: "wide_sample.cu.hbs",
  hooks: {},
  reader: "slots",
  spec: baseSpec,
  tune: {
    /** 16-byte loads in flight a thread. */
    ahead: oneOf(1, 2, 4, 8),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "`samplers` blocks per row",
  shape: ["rows", "cols", "k", "rowStride", "samplers", "groups", "sampleSlots"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), delegates: output("word") },
  accepts: {
    "k is at most 2048": (_, { k }) => k <= MOST_K,
    "a row has more than 4096 columns: a block holds fewer": (_, { cols }) => cols > 4096,
  },
  derive: () => ({ threads: SAMPLER_THREADS }),
  where: {},
  extents: (_, shape) => sharedExtents(shape),
  launch: (c, { rows, samplers }) => ({ grid: rows * samplers, block: c.threads, cluster: 1, sharedBytes: 0 }),
  ships,
  untuned: () => ships[0],
});
