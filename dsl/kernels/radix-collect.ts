import { input, optionalInput, output } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { spanOf } from "../request.ts";
import { FOUND_WORDS } from "./radix.ts";
import { baseSpec } from "./spec.ts";

/**
 * Collects the words of every row's elements above the k-th key, in column order. Elements that equal it are already in order: the first of them go
 * straight to the end of the answer, and so does the padding of a row that is shorter than k.
 */
export const radixCollect = kernel("radix_collect", {
  template: "radix_collect.cu.hbs",
  hooks: { prologue: "return raw;" },
  reader: "slots",
  spec: baseSpec,
  tune: {
    warps: oneOf(16, 8, 32),
    /** 16-byte loads in flight a thread. */
    vectors: oneOf(4, 2, 1),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per chunk of a row",
  shape: ["rows", "cols", "k", "rowStride", "chunkSize", "chunks", "indexBytes"],
  buffers: {
    x: input("value"),
    lengths: optionalInput("i32"),
    found: input("u32"),
    places: input("u32"),
    words: output("word"),
    values: output("value"),
    indices: output("index"),
  },
  accepts: {},
  derive: ({ warps }) => ({ threads: warps * 32 }),
  where: {
    // two counts share 32 bits
    "a tile has fewer than 65536 elements": (c) => c.threads * c.vectors * 8 < 65536,
  },
  extents: (_, shape) => {
    const { rows, k, chunks } = shape;
    return {
      x: spanOf(shape),
      lengths: rows,
      found: rows * FOUND_WORDS,
      places: rows * chunks * 2,
      words: rows * k,
      values: rows * k,
      indices: rows * k,
    };
  },
  launch: (c, { rows, chunks }) => ({ grid: rows * chunks, block: c.threads, cluster: 1, sharedBytes: 32 * 4 }),
  ships: [{ warps: 16, vectors: 4 }],
  untuned: () => ({ warps: 16, vectors: 4 }),
});
