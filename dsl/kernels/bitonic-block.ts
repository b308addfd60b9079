import { bitonicNetwork } from "../bitonic-network.ts";
import { input, optionalInput, output } from "../buffer.ts";
import { oneOf, pow2 } from "../domain.ts";
import type { Dtype } from "../element.ts";
import { kernel } from "../kernel.ts";
import { ceilDiv, nextPow2 } from "../math.ts";
import { type Request, spanOf } from "../request.ts";
import { baseSpec } from "./spec.ts";

/** Of each width, for few rows first. Fewer positions a thread are more threads, which start sooner than they sort (docs/log/tune.md). */
const ships = [
  { width: 64, items: 2, rowsPerBlock: 2 },
  { width: 128, items: 2, rowsPerBlock: 2 },
  { width: 256, items: 2, rowsPerBlock: 1 },
  { width: 512, items: 2, rowsPerBlock: 1 },
  { width: 1024, items: 2, rowsPerBlock: 1 },
  { width: 1024, items: 4, rowsPerBlock: 1 },
  { width: 2048, items: 4, rowsPerBlock: 1 },
  { width: 4096, items: 8, rowsPerBlock: 1 },
] as const;

/** Of an H100 or H200: rows that have one each are few. */
const MULTIPROCESSORS = 132;

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
    wordBytes: wordBytesOf(dtype),
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
  untuned: (_, { rows, cols }) => {
    const width = networkWidth(cols);
    const covering = ships.filter((config) => config.width === width);
    return (rows <= MULTIPROCESSORS ? covering[0] : covering[covering.length - 1]) ?? ships[ships.length - 1]!;
  },
});

/** Positions of the least network that sorts a row. */
const networkWidth = (cols: number): number => Math.max(64, nextPow2(cols));
const wordBytesOf = (dtype: Dtype): number => (dtype === "f32" ? 8 : 4);

/** A network beyond that does more steps than counting digits takes (radix_row), where k is too large for other kernels. */
const MOST_NETWORK_BYTES = 8192;

/** Whether finding some of many takes less than sorting them all (docs/log/twostage.md), or than comparing them. */
export const isOutdone = ({ cols, k, dtype }: Request): boolean =>
  k <= 256 ? (cols > 512 && k <= 64) || cols > 2048 : networkWidth(cols) * wordBytesOf(dtype) > MOST_NETWORK_BYTES;

/** Positions of all rows up to which a network is sooner done than warps that look for a bar, by the dtype: words of f32 take twice the registers. */
const FEW_POSITIONS = { f32: 2 ** 16, f16: 2 ** 17, bf16: 2 ** 17 } as const satisfies Record<Dtype, number>;

/**
 * Whether sorting narrow rows takes less than selecting from them: few rows whose network is narrow, or whose k is a good part of it; of 16-bit rows up to 256 columns
 * also many, where k is more than a quarter, since most of a row is then sorted either way (docs/log/tune.md).
 */
export function sortsSooner({ rows, cols, k, dtype }: Request): boolean {
  const width = networkWidth(cols);
  if (dtype !== "f32" && width <= 256 && 4 * k > width) return true;
  return width <= 1024 && rows * width <= FEW_POSITIONS[dtype] && (width <= NARROW[dtype] || 8 * k >= width);
}

const NARROW = { f32: 128, f16: 512, bf16: 512 } as const satisfies Record<Dtype, number>;
