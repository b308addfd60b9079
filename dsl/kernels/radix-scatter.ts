import { input, optionalInput, output, scratch } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { WORD_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { FOUND_WORDS, SORT_BINS, sortDigits } from "./radix.ts";
import { baseSpec, PORTABLE_SHARED_BYTES } from "./spec.ts";

/**
 * One pass of the sort through the workspace: brings the words of each part to their places by one digit, words of equal digits in the order they had. The last
 * pass stores the answer.
 */
export const radixScatter = kernel("radix_scatter", {
  template: "radix_scatter.cu.hbs",
  hooks: {},
  spec: baseSpec,
  tune: {
    warps: oneOf(16, 8),
    /** Words a thread holds of a tile. */
    items: oneOf(8, 4),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per part of a row's selected words",
  shape: ["rows", "cols", "k", "parts", "partSize", "digit", "indexBytes"],
  buffers: {
    lengths: optionalInput("i32"),
    found: input("u32"),
    words: scratch("word"),
    spare: scratch("word"),
    tallies: input("u32"),
    totals: input("u32"),
    values: output("value"),
    indices: output("index"),
  },
  accepts: {},
  derive: ({ warps, items, dtype }) => ({
    threads: warps * 32,
    digits: sortDigits(dtype),
    // a tile's words; counters of 16 bits for each warp; starts in the tile and in the row; sums of warps
    sharedBytes: warps * 32 * items * WORD_BYTES + warps * SORT_BINS * 2 + 2 * SORT_BINS * 4 + 32 * 4,
  }),
  where: {
    "a block has the shared memory that every device has": (c) => c.sharedBytes <= PORTABLE_SHARED_BYTES,
  },
  extents: (_, { rows, k, parts }) => ({
    lengths: rows,
    found: rows * FOUND_WORDS,
    words: rows * k,
    spare: rows * k,
    tallies: rows * parts * SORT_BINS,
    totals: rows * SORT_BINS,
    values: rows * k,
    indices: rows * k,
  }),
  launch: (c, { rows, parts, digit }) => ({
    grid: digit < c.digits ? rows * parts : 0,
    block: c.threads,
    cluster: 1,
    sharedBytes: c.sharedBytes,
  }),
  ships: [{ warps: 16, items: 8 }],
  untuned: () => ({ warps: 16, items: 8 }),
});
