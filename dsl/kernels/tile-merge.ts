import { input, output } from "../buffer.ts";
import { combinations, oneOf, pow2 } from "../domain.ts";
import { WORD_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { baseSpec, PORTABLE_SHARED_BYTES } from "./spec.ts";
import { keptFor, keptTried } from "./two-stage.ts";

const ships = [
  { warps: 4, candidates: 128, items: 1 },
  { warps: 8, candidates: 128, items: 4 },
  { warps: 16, candidates: 512, items: 4 },
  { warps: 8, candidates: 1024, items: 4 },
] as const;

const WARPS = oneOf(4, 8, 16);
/** Words kept between tiles; thinned out when there are more. */
const CANDIDATES = pow2(32, 1024);
/** Words a thread loads for a tile. */
const ITEMS = oneOf(1, 2, 4, 8);

/** Stage 2 for any number of lists: streams a row's candidates tile by tile against a running threshold, as stage 1 streams columns. */
export const tileMerge = kernel("tile_merge", {
  template: "tile_merge.cu.hbs",
  hooks: {},
  spec: baseSpec,
  tune: { warps: WARPS, candidates: CANDIDATES, items: ITEMS },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per row",
  shape: ["rows", "cols", "k", "chunks", "indexBytes"],
  buffers: { words: input("word"), values: output("value"), indices: output("index") },
  accepts: {
    "k is at most 1024": (_, { k }) => k <= 1024,
  },
  derive: ({ warps, candidates, items }) => ({ threads: warps * 32, capacity: candidates + warps * 32 * items }),
  where: {
    "the candidates cover k": (c, { k }) => c.candidates >= k,
    "candidates and a tile fit the shared memory that every device has": (c) => sharedBytes(c) <= PORTABLE_SHARED_BYTES,
  },
  extents: (_, { rows, k, chunks }) => ({ words: rows * chunks * k, values: rows * k, indices: rows * k }),
  launch: (c, { rows }) => ({ grid: rows, block: c.threads, cluster: 1, sharedBytes: sharedBytes(c) }),
  ships,
  untuned: (_, { k, chunks }) => (chunks * k <= 128 ? ships[0] : ships.find(({ warps, candidates }) => warps > 4 && candidates === keptFor(k))!),
  // a tile of twice the words leaves half of the block without work
  *search(_, { k, chunks }) {
    for (const { warps, items } of combinations({ warps: WARPS, items: ITEMS })) {
      const isLeast = warps === WARPS.values[0] && items === ITEMS.values[0];
      if (!isLeast && warps * 32 * items >= 2 * chunks * k) continue;
      for (const candidates of keptTried(CANDIDATES, k, 1)) yield { warps, candidates, items };
    }
  },
});

/** A counter, what the searches need (templates/device/bar.cuh, select.cuh), the words. */
const sharedBytes = (c: { readonly threads: number; readonly capacity: number }): number => 272 + (c.threads + c.capacity) * WORD_BYTES;
