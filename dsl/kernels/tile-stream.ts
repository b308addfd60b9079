import { input, optionalInput, output } from "../buffer.ts";
import { combinations, oneOf, pow2 } from "../domain.ts";
import { DTYPE_BYTES, type Dtype, VECTOR_BYTES, WORD_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { roundUp } from "../math.ts";
import { spanOf } from "../request.ts";
import { baseSpec, PORTABLE_SHARED_BYTES } from "./spec.ts";
import { keptFor, keptTried } from "./two-stage.ts";

const ships = [
  { warps: 4, candidates: 128, vectors: 1 },
  { warps: 4, candidates: 128, vectors: 2 },
  { warps: 8, candidates: 128, vectors: 2 },
  { warps: 16, candidates: 512, vectors: 1 },
  { warps: 8, candidates: 1024, vectors: 1 },
] as const;

const WARPS = oneOf(4, 8, 16);
/** Words kept between tiles; thinned out when there are more. */
const CANDIDATES = pow2(32, 1024);
/** 16-byte loads in flight a thread: a tile is threads x vectors x 16 bytes. */
const VECTORS = oneOf(1, 2, 4);

/**
 * Stage 1: a block streams one chunk of a row, tile by tile, one read of the input, and keeps what reaches a bar. Where more groups of a tile
 * reach it than it takes, the k-th best group raises it; more words than `candidates` are thinned out to about k: exact on any distribution.
 * Each chunk leaves a list of k words, sorted, ended by zeros.
 */
export const tileStream = kernel("tile_stream", {
  template: "tile_stream.cu.hbs",
  hooks: { prologue: "return raw;" },
  reader: "chunk",
  spec: baseSpec,
  tune: { warps: WARPS, candidates: CANDIDATES, vectors: VECTORS },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per chunk of a row",
  shape: ["rows", "cols", "k", "rowStride", "chunkSize", "chunks"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), words: output("word") },
  accepts: {
    "k is at most 1024": (_, { k }) => k <= 1024,
  },
  derive: ({ warps, candidates, vectors, dtype }) => {
    const threads = warps * 32;
    const group = (vectors * VECTOR_BYTES) / DTYPE_BYTES[dtype];
    // a bar lets somewhat more than k groups through, of k that is at most half of the candidates
    const listed = Math.min(threads, (candidates / 16) * 9);
    return {
      threads,
      threadBits: Math.log2(threads) + 1,
      tile: threads * group,
      listed,
      capacity: candidates + listed * group,
      // groups, their threads, two counters, and what the searches need
      listBytes: roundUp(listed * (vectors * VECTOR_BYTES + 4) + 8 + 256 + 8 + (threads + 1) * 2 * DTYPE_BYTES[dtype], VECTOR_BYTES),
    };
  },
  where: {
    "the candidates cover k": (c, { k }) => c.candidates >= k,
    "the candidates cover twice k, or the list all groups": (c, { k }) => c.candidates >= 2 * k || c.listed === c.threads,
    "candidates and listed groups fit the shared memory that every device has": (c) => sharedBytes(c) <= PORTABLE_SHARED_BYTES,
  },
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, words: shape.rows * shape.chunks * shape.k }),
  launch: (c, { rows, chunks }) => ({ grid: rows * chunks, block: c.threads, cluster: 1, sharedBytes: sharedBytes(c) }),
  ships,
  // a short chunk takes no more threads than it has work for
  untuned: ({ dtype }, { k, chunkSize, cols }) => {
    const slots = slotsOf(dtype, chunkSize, cols);
    const fitting = ships.filter(({ candidates }) => candidates === keptFor(k));
    return fitting.find(({ warps, vectors }) => warps * 32 * vectors >= slots) ?? fitting[fitting.length - 1]!;
  },
  // a tile of twice the chunk leaves half of the block without work
  *search({ dtype }, { k, chunkSize, cols }) {
    for (const { warps, vectors } of combinations({ warps: WARPS, vectors: VECTORS })) {
      const isLeast = warps === WARPS.values[0] && vectors === VECTORS.values[0];
      if (!isLeast && warps * 32 * vectors >= 2 * slotsOf(dtype, chunkSize, cols)) continue;
      for (const candidates of keptTried(CANDIDATES, k, 2)) yield { warps, candidates, vectors };
    }
  },
});

/** 16-byte loads that a chunk takes. */
const slotsOf = (dtype: Dtype, chunkSize: number, cols: number): number => (Math.min(chunkSize, cols) * DTYPE_BYTES[dtype]) / VECTOR_BYTES;

/** The list, then the words. */
const sharedBytes = (c: { readonly listBytes: number; readonly capacity: number }): number => c.listBytes + c.capacity * WORD_BYTES;
