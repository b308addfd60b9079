import { input, optionalInput, output } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { WORD_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { FOUND_WORDS, OPT_IN_SHARED_BYTES, SORT_BINS, sortDigits } from "./radix.ts";
import { baseSpec } from "./spec.ts";

const ships = [
  { warps: 16, items: 4 },
  { warps: 32, items: 4 },
  { warps: 32, items: 10 },
] as const;

/** Sorts the selected words of a row in one block: least significant digit first, words in registers, changing places through shared memory. */
export const radixSort = kernel("radix_sort", {
  template: "radix_sort.cu.hbs",
  hooks: {},
  spec: baseSpec,
  tune: {
    warps: oneOf(8, 16, 32),
    /** Words a thread holds. */
    items: oneOf(1, 2, 4, 10),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per row",
  shape: ["rows", "cols", "k", "chunks", "parts", "indexBytes"],
  buffers: { lengths: optionalInput("i32"), found: input("u32"), words: input("word"), values: output("value"), indices: output("index") },
  accepts: {},
  derive: ({ warps, items, dtype }) => ({
    threads: warps * 32,
    capacity: warps * 32 * items,
    digits: sortDigits(dtype),
    // the words; counters of 16 bits for each warp; starts; sums of warps
    sharedBytes: warps * 32 * items * WORD_BYTES + warps * SORT_BINS * 2 + SORT_BINS * 4 + 32 * 4,
  }),
  where: {
    "a block holds k words": (c, { k }) => c.capacity >= k,
    "a block has the shared memory that every device allows": (c) => c.sharedBytes <= OPT_IN_SHARED_BYTES,
  },
  extents: (_, { rows, k }) => ({ lengths: rows, found: rows * FOUND_WORDS, words: rows * k, values: rows * k, indices: rows * k }),
  launch: (c, { rows, chunks, parts }) => ({ grid: chunks > 0 && parts === 0 ? rows : 0, block: c.threads, cluster: 1, sharedBytes: c.sharedBytes }),
  ships,
  untuned: (_, { k }) => ships.find(({ warps, items }) => warps * 32 * items >= k) ?? ships[ships.length - 1]!,
});
