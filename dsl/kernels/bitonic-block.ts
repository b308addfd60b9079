import { bitonicNetwork } from "../bitonic-network.ts";
import { input, optionalInput, output } from "../buffer.ts";
import { oneOf, pow2 } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { ceilDiv, nextPow2 } from "../math.ts";
import { spanOf } from "../request.ts";
import { baseSpec } from "./spec.ts";

/** One for each width; narrow rows share a block, so that it has at least 256 threads' work. */
const ships = [
  { width: 64, items: 2, rowsPerBlock: 8 },
  { width: 128, items: 4, rowsPerBlock: 8 },
  { width: 256, items: 8, rowsPerBlock: 8 },
  { width: 512, items: 8, rowsPerBlock: 4 },
  { width: 1024, items: 8, rowsPerBlock: 2 },
  { width: 2048, items: 8, rowsPerBlock: 1 },
  { width: 4096, items: 8, rowsPerBlock: 1 },
] as const;

/** Rows that fit a block: sorts whole rows by one bitonic network, registers first, then shuffles, then shared memory. */
export const bitonicBlock = kernel("bitonic_block", {
  template: "bitonic_block.cu.hbs",
  hooks: { prologue: "return raw;" },
  reader: "row",
  spec: baseSpec,
  tune: {
    /** Positions of the network: the row, padded. */
    width: pow2(64, 4096),
    /** Positions a thread holds in registers. */
    items: oneOf(2, 4, 8),
    /** Rows a block sorts side by side. */
    rowsPerBlock: oneOf(1, 2, 4, 8, 16),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per rowsPerBlock rows",
  shape: ["rows", "cols", "k", "rowStride", "indexBytes"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), values: output("value"), indices: output("index") },
  accepts: {
    "a row has at most 4096 columns": (_, { cols }) => cols <= 4096,
  },
  derive: ({ width, items, rowsPerBlock, dtype }) => ({
    threadsPerRow: width / items,
    threads: (width / items) * rowsPerBlock,
    // a 16-bit key and a column below 4096 share 32 bits; 0 is no element
    wordBytes: dtype === "f32" ? 8 : 4,
    network: bitonicNetwork(width, items),
  }),
  where: {
    "the network covers the row": (c, { cols }) => c.width >= cols,
    "the network is no wider than twice the row": (c, { cols }) => c.width <= Math.max(64, 2 * nextPow2(cols)),
    "a row has whole warps": (c) => c.threadsPerRow >= 32,
    "a block has at most 1024 threads": (c) => c.threads <= 1024,
  },
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, values: shape.rows * shape.k, indices: shape.rows * shape.k }),
  launch: (c, { rows }) => ({
    grid: ceilDiv(rows, c.rowsPerBlock),
    block: c.threads,
    cluster: 1,
    // only a network wider than a warp's registers meets in shared memory
    sharedBytes: c.threadsPerRow > 32 ? c.width * c.rowsPerBlock * c.wordBytes : 0,
  }),
  ships,
  untuned: (_, { cols }) => ships.find((config) => config.width >= cols) ?? ships[ships.length - 1]!,
});
