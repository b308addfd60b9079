import { input, optionalInput, output, scratch, state } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { spanOf } from "../request.ts";
import { FOUND_WORDS, SELECT_BINS, SELECT_DIGITS } from "./radix.ts";
import { baseSpec, PORTABLE_SHARED_BYTES } from "./spec.ts";

/**
 * Finds one digit of every row's k-th key: each block counts the digits in its chunk among the keys that agree with the digits found before, the row's
 * last block adds up and chooses. The pass for the last digit also leaves where each chunk's elements go, so that collecting keeps the columns' order.
 */
export const radixCount = kernel("radix_count", {
  template: "radix_count.cu.hbs",
  hooks: { prologue: "return raw;" },
  reader: "slots",
  spec: baseSpec,
  tune: {
    warps: oneOf(16, 8, 32),
    /** 16-byte loads in flight a thread. */
    vectors: oneOf(4, 2),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per chunk of a row",
  shape: ["rows", "cols", "k", "rowStride", "chunkSize", "chunks", "digit"],
  buffers: {
    x: input("value"),
    lengths: optionalInput("i32"),
    found: scratch("u32"),
    tables: scratch("u32"),
    places: output("u32"),
    histogram: state("u32"),
    tickets: state("u32"),
  },
  accepts: {},
  derive: ({ warps, dtype }) => {
    const digits = SELECT_DIGITS[dtype];
    return {
      threads: warps * 32,
      // bounds the registers: left alone, the compiler spills two
      blocksPerSm: Math.floor(48 / warps),
      bins: SELECT_BINS,
      digits: digits.length,
      topBits: digits[0]!,
      lastBits: digits[digits.length - 1]!,
      lastBins: 2 ** digits[digits.length - 1]!,
      // suffix sums, a zero, and the elements above
      tableWords: 2 ** digits[digits.length - 1]! + 2,
      sharedBytes: (SELECT_BINS + 64) * 4,
    };
  },
  where: {
    "a block has the shared memory that every device has": (c) => c.sharedBytes <= PORTABLE_SHARED_BYTES,
  },
  extents: (c, shape) => {
    const { rows, chunks } = shape;
    // a row of one chunk needs no other block's counts
    const shared = chunks > 1 ? rows : 0;
    return {
      x: spanOf(shape),
      lengths: rows,
      found: rows * FOUND_WORDS,
      tables: shared * chunks * c.tableWords,
      places: rows * chunks * 2,
      histogram: shared * SELECT_BINS,
      tickets: rows,
    };
  },
  launch: (c, { rows, chunks, digit }) => ({ grid: digit < c.digits ? rows * chunks : 0, block: c.threads, cluster: 1, sharedBytes: c.sharedBytes }),
  ships: [{ warps: 16, vectors: 4 }],
  untuned: () => ({ warps: 16, vectors: 4 }),
});
