import { input, output } from "../buffer.ts";
import { combinations, oneOf, pow2 } from "../domain.ts";
import { WORD_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { baseSpec, PORTABLE_SHARED_BYTES } from "./spec.ts";

const LIST_SIZES = [64, 256, 1024] as const;
const WARPS = oneOf(2, 4, 8, 16);
/** Words a list is padded to. */
const PADDED = pow2(32, 1024);

/**
 * Stage 2 for lists that fit shared memory: the sorted lists of a row are the leaves of a binary tree laid out as a heap, and each level
 * merges pairs of lists, keeping the best half (one bitonic half-cleaner and merge). log2(chunks) levels, whatever k is.
 */
export const heapMerge = kernel("heap_merge", {
  template: "heap_merge.cu.hbs",
  hooks: {},
  spec: baseSpec,
  tune: { warps: WARPS, listSize: PADDED },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per row",
  shape: ["rows", "k", "chunks", "indexBytes"],
  buffers: { words: input("word"), values: output("value"), indices: output("index") },
  accepts: {
    "k is at most 1024": (_, { k }) => k <= 1024,
  },
  derive: ({ warps }) => ({ threads: warps * 32 }),
  where: {
    "a list holds k words": (c, { k }) => c.listSize >= k,
    "all lists of a row fit the shared memory that every device has": (c, { chunks }) => c.listSize * chunks * WORD_BYTES <= PORTABLE_SHARED_BYTES,
  },
  extents: (_, { rows, k, chunks }) => ({ words: rows * chunks * k, values: rows * k, indices: rows * k }),
  launch: (c, { rows, chunks }) => ({ grid: rows, block: c.threads, cluster: 1, sharedBytes: c.listSize * chunks * WORD_BYTES }),
  ships: ([4, 8] as const).flatMap((warps) => LIST_SIZES.map((listSize) => ({ warps, listSize }))),
  untuned: (_, { chunks, k }) => ({ warps: chunks * k >= 512 ? 8 : 4, listSize: LIST_SIZES.find((size) => size >= k) ?? 1024 }),
  // padding beyond k is work for nothing
  search: (_, { k }) => combinations({ warps: WARPS, listSize: oneOf(PADDED.values.find((size) => size >= k) ?? 1024) }),
});
