import { input, optionalInput, output } from "../buffer.ts";
import { oneOf, pow2 } from "../domain.ts";
import { DTYPE_BYTES, type Dtype, VECTOR_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { REGISTERS_PER_SM } from "../limits.ts";
import { ceilDiv } from "../math.ts";
import { spanOf } from "../request.ts";
import { baseSpec } from "./spec.ts";

/** Least first. The 8 lanes are for k up to 8, the 16 for k up to 32; docs/log.md has the measurements. */
const ships = [
  { lanes: 8, vectors: 2, delegates: 2, capacity: 32, warps: 8 },
  { lanes: 8, vectors: 4, delegates: 2, capacity: 32, warps: 8 },
  { lanes: 8, vectors: 6, delegates: 2, capacity: 32, warps: 8 },
  { lanes: 8, vectors: 8, delegates: 2, capacity: 32, warps: 8 },
  { lanes: 16, vectors: 4, delegates: 4, capacity: 64, warps: 8 },
  { lanes: 32, vectors: 4, delegates: 2, capacity: 128, warps: 4 },
  { lanes: 32, vectors: 4, delegates: 4, capacity: 128, warps: 4 },
  { lanes: 32, vectors: 4, delegates: 16, capacity: 512, warps: 4 },
  { lanes: 32, vectors: 8, delegates: 2, capacity: 128, warps: 4 },
  { lanes: 32, vectors: 8, delegates: 4, capacity: 128, warps: 4 },
  { lanes: 32, vectors: 8, delegates: 16, capacity: 512, warps: 4 },
  { lanes: 32, vectors: 16, delegates: 4, capacity: 128, warps: 4 },
  { lanes: 32, vectors: 16, delegates: 16, capacity: 512, warps: 4 },
  { lanes: 32, vectors: 32, delegates: 8, capacity: 512, warps: 4 },
] as const;

/**
 * Many short rows: the row lies in the registers of 8, 16 or 32 lanes of a warp. The best elements of disjoint groups of it (delegates) give
 * a certain bar by ballots, a little over k elements pass it, and a bitonic network in registers sorts those by key and column.
 */
export const warpSelect = kernel("warp_select", {
  template: "warp_select.cu.hbs",
  hooks: { prologue: "return raw;" },
  reader: "row",
  spec: baseSpec,
  tune: {
    /** Lanes a row. */
    lanes: oneOf(8, 16, 32),
    /** 16-byte loads in flight a lane: what a row's lanes hold. */
    vectors: oneOf(1, 2, 4, 5, 6, 8, 16, 32),
    /** Groups of elements a lane, each with a delegate. More make fewer survivors and dearer votes; twice k in a row do well. */
    delegates: pow2(2, 16),
    /** Survivors that a row has room for; more are reduced exactly. */
    capacity: pow2(16, 512),
    /** Warps a block: they share nothing. */
    warps: oneOf(1, 2, 4, 8),
  },
  // comparing pairs of bf16 (`set` in the PTX ISA)
  minArch: 90,
  minPtx: "7.8",
  unit: "8, 16 or 32 lanes per row",
  shape: ["rows", "cols", "k", "rowStride", "indexBytes"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), values: output("value"), indices: output("index") },
  accepts: {
    "a row has at most 16 KiB": ({ dtype }, { cols }) => cols * DTYPE_BYTES[dtype] <= 16384,
    "k is at most 256": (_, { k }) => k <= 256,
  },
  derive: ({ lanes, vectors, delegates, capacity, warps, dtype }) => ({
    threads: warps * 32,
    rowsPerBlock: (warps * 32) / lanes,
    blocksPerSm: Math.floor(REGISTERS_PER_SM / (registersFor(vectors, capacity) * warps * 32)),
    groups: delegates / (4 / DTYPE_BYTES[dtype]),
    perVector: VECTOR_BYTES / DTYPE_BYTES[dtype],
    registers: vectors * 4 + 1,
    // a 16-bit key and a column below 65535 share 32 bits
    wordBytes: dtype === "f32" ? 8 : 4,
  }),
  where: {
    "the lanes' registers hold a row": (c, { cols }) => held(c) >= cols,
    "there is room for k survivors": (c, { k }) => c.capacity >= k,
    "a group has an element": (c) => c.groups <= c.vectors * 4,
    "a lane has an item to sort": (c) => c.capacity >= c.lanes,
  },
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, values: shape.rows * shape.k, indices: shape.rows * shape.k }),
  launch: (c, { rows }) => ({ grid: ceilDiv(rows, c.rowsPerBlock), block: c.threads, cluster: 1, sharedBytes: c.rowsPerBlock * c.capacity * c.wordBytes }),
  ships,
  untuned: ({ dtype }, { cols, k }) => ships.find((config) => held({ ...config, dtype }) >= cols && suits(config, cols, k)) ?? ships[ships.length - 1]!,
});

/** Survivors of usual data are about 1.5 k where there are twice k delegates; rows of no more columns than there is room for need no delegates. */
const suits = ({ lanes, delegates, capacity }: (typeof ships)[number], cols: number, k: number): boolean =>
  capacity >= cols || (lanes * delegates >= 2 * k && capacity >= 2 * k);

/** Bounds a thread's registers without spills: twice its vectors', or its share of a long sort; 64 let 32 warps share a multiprocessor. */
const registersFor = (vectors: number, capacity: number): number => Math.max(capacity > 256 ? 96 : 64, vectors * 8);

/** Elements that the lanes of a row hold. */
const held = ({ lanes, vectors, dtype }: { readonly lanes: number; readonly vectors: number; readonly dtype: Dtype }): number =>
  (lanes * vectors * VECTOR_BYTES) / DTYPE_BYTES[dtype];
