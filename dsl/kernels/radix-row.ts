import { input, optionalInput, output } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { WORD_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { spanOf } from "../request.ts";
import { OPT_IN_SHARED_BYTES, SELECT_BINS, SELECT_DIGITS, SORT_BINS, sortDigits } from "./radix.ts";
import { baseSpec } from "./spec.ts";

/** Short rows take fewer threads, which meet sooner, and fewer loads in flight. */
const short = { warps: 8, items: 4, vectors: 2 } as const;
const SHORT = 16384;
/** Rows that one block has done before more loads in flight pay. */
const middle = { warps: 16, items: 4, vectors: 2 } as const;
const MIDDLE = 32768;

const ships = [{ warps: 16, items: 4, vectors: 4 }, { warps: 32, items: 4, vectors: 2 }, { warps: 32, items: 10, vectors: 2 }, short, middle] as const;

const holds = ({ warps, items }: (typeof ships)[number], k: number): boolean => warps * 32 * items >= k;

/**
 * All of radix_select for rows that a block reads alone: the k-th key digit by digit, then the elements above it in column order, in shared memory, then their sort.
 * Elements that equal the k-th key are already in order, and go straight to the end of the answer.
 */
export const radixRow = kernel("radix_row", {
  template: "radix_row.cu.hbs",
  hooks: { prologue: "return raw;" },
  reader: "slots",
  spec: baseSpec,
  tune: {
    warps: oneOf(16, 8, 32),
    /** Selected words a thread holds when they are sorted. */
    items: oneOf(1, 2, 4, 10),
    /** 16-byte loads in flight a thread. */
    vectors: oneOf(4, 2, 1),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per row",
  shape: ["rows", "cols", "k", "rowStride", "chunks", "indexBytes"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), values: output("value"), indices: output("index") },
  accepts: {},
  derive: ({ warps, items, dtype }) => {
    const digits = SELECT_DIGITS[dtype];
    const capacity = warps * 32 * items;
    // to count: bins, sums of warps, a choice; to sort: counters of 16 bits for each warp, starts, sums of warps
    const scratchBytes = Math.max((SELECT_BINS + 64) * 4, warps * SORT_BINS * 2 + (SORT_BINS + 32) * 4);
    return {
      threads: warps * 32,
      capacity,
      bins: SELECT_BINS,
      digits: digits.length,
      topBits: digits[0]!,
      lastBits: digits[digits.length - 1]!,
      sortDigits: sortDigits(dtype),
      scratchBytes,
      sharedBytes: capacity * WORD_BYTES + scratchBytes,
    };
  },
  where: {
    "a block holds k words": (c, { k }) => c.capacity >= k,
    "a block has the shared memory that every device allows": (c) => c.sharedBytes <= OPT_IN_SHARED_BYTES,
  },
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, values: shape.rows * shape.k, indices: shape.rows * shape.k }),
  launch: (c, { rows, chunks }) => ({ grid: chunks === 0 ? rows : 0, block: c.threads, cluster: 1, sharedBytes: c.sharedBytes }),
  ships,
  untuned: (_, { cols, k }) => {
    if (cols <= SHORT && holds(short, k)) return short;
    if (cols <= MIDDLE && holds(middle, k)) return middle;
    return ships.find((config) => holds(config, k)) ?? ships[2];
  },
});
