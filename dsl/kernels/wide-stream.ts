import { input, optionalInput, output, scratch, state } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { DTYPE_BYTES, VECTOR_BYTES, WORD_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { nextPow2 } from "../math.ts";
import { baseSpec, PORTABLE_SHARED_BYTES } from "./spec.ts";
import { MOST_GROUPS, MOST_K, MOST_PARTS, sharedExtents } from "./wide.ts";

const ships = [
  { warps: 16, vectors: 4, candidates: 5120 },
  { warps: 16, vectors: 8, candidates: 5120 },
] as const;

/** Elements from which on a block has so much to read that more of it in flight pays; not of 16 bits, of which there are twice as many a slot. */
const LONG = 2 ** 24;

/**
 * Few long rows: all blocks of a device stream one row together, once. What reaches the bar that the delegates of a sample give (wide_sample) goes to a block's list; a list that is
 * full is reduced exactly, which raises the block's bar, so that no data overflows it. The last block to finish a row selects and sorts the k best of all lists.
 */
export const wideStream = kernel("wide_stream", {
  template: "wide_stream.cu.hbs",
  hooks: {},
  reader: "slots",
  spec: baseSpec,
  tune: {
    warps: oneOf(8, 16, 32),
    /** 16-byte slots in flight a thread. */
    vectors: oneOf(1, 2, 4, 8),
    /** Words that a block holds. */
    candidates: oneOf(4096, 4608, 5120),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "`parts` blocks per row",
  shape: ["rows", "cols", "k", "rowStride", "indexBytes", "groups", "parts"],
  buffers: {
    x: input("value"),
    lengths: optionalInput("i32"),
    delegates: input("word"),
    tickets: state("u32"),
    words: scratch("word"),
    values: output("value"),
    indices: output("index"),
  },
  accepts: {
    "k is at most 2048": (_, { k }) => k <= MOST_K,
    "a row has more than 4096 columns: a block holds fewer": (_, { cols }) => cols > 4096,
  },
  derive: ({ warps, vectors, candidates, dtype }) => ({
    threads: warps * 32,
    mostGroups: MOST_GROUPS,
    mostParts: MOST_PARTS,
    // of a warp's step, all of which may have to be held
    stepElements: (32 * vectors * VECTOR_BYTES) / DTYPE_BYTES[dtype],
    sharedBytes: candidates * WORD_BYTES + SELECTION_BYTES,
  }),
  where: {
    "beside k words there is room for a warp's step, and for k to be sorted": (c, { k }) => c.candidates >= Math.max(k + c.stepElements, nextPow2(k)),
    "the words fit the shared memory that every device has": (c) => c.sharedBytes <= PORTABLE_SHARED_BYTES,
  },
  extents: (_, shape) => ({
    ...sharedExtents(shape),
    tickets: shape.rows,
    // sorted, ended by zeros
    words: shape.rows * shape.parts * shape.k,
    values: shape.rows * shape.k,
    indices: shape.rows * shape.k,
  }),
  launch: (c, { rows, parts }) => ({ grid: rows * parts, block: c.threads, cluster: 1, sharedBytes: c.sharedBytes }),
  ships,
  untuned: ({ dtype }, { rows, cols }) => (dtype === "f32" && rows * cols >= LONG ? ships[1] : ships[0]),
});

/** 1024 bins, sums and bits of 32 warps, a number for each part, control (templates/device/kth.cuh). */
const SELECTION_BYTES = 1024 * 4 + 32 * (4 + 2 * 8) + MOST_PARTS * 4 + 64;
