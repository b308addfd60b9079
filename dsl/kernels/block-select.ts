import { input, optionalInput, output } from "../buffer.ts";
import { combinations, oneOf, pow2 } from "../domain.ts";
import { DTYPE_BYTES, type Dtype, VECTOR_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { type Request, spanOf } from "../request.ts";
import { baseSpec } from "./spec.ts";

/** Of an H100 or H200. The grid is the blocks that it holds at once; on others it is uneven, never wrong. */
const MULTIPROCESSORS = 132;

const GRID = oneOf(1, 16, 32, 60, 78, 114, MULTIPROCESSORS);
const TILES = oneOf(2, 3, 4, 5, 6, 7, 8, 10, 13, 16, 20, 26);
const DELEGATES = oneOf(1, 2, 4, 8);
const CANDIDATES = pow2(256, 2048);

const pairs = { warps: 10, vectors: 4, stages: 4, delegates: 2, candidates: 512, saved: 528, blocksPerSm: 2, multiprocessors: MULTIPROCESSORS } as const;

/** Blocks that have rows one after the other: slots are saved by the bar of the row before. By the length of the longest row. */
const lengths = [
  { ...pairs, grouped: 1, tiles: 5 },
  { ...pairs, grouped: 2, tiles: 10 },
  { ...pairs, grouped: 4, tiles: 16 },
  { ...pairs, grouped: 4, tiles: 26, stages: 3 },
] as const;
/** A row for each block of them: there is none before. */
const alone = { ...lengths[0], stages: 3, saved: 0 } as const;

/** k up to 64: a delegate a thread does, and groups of several slots leave registers for more blocks. */
const few = { ...alone, stages: 2, delegates: 1, candidates: 256 } as const;
const fewShort = { ...few, warps: 8, vectors: 8, blocksPerSm: 3, grouped: 2, tiles: 2 } as const;
const fewLong = { ...few, vectors: 8, grouped: 4, tiles: 8 } as const;
const fewLongest = { ...few, warps: 16, blocksPerSm: 1, grouped: 4, tiles: 26 } as const;
/** No block has a second row: more registers and a longer ring for the one. */
const once = { ...few, warps: 13, stages: 4, blocksPerSm: 1, tiles: 4 } as const;

/** k up to 1024. */
const many = { ...alone, stages: 2, delegates: 8, candidates: 2048 } as const;
const manyShort = { ...many, warps: 8, blocksPerSm: 3 } as const;
const manyLong = { ...many, stages: 3, grouped: 4, tiles: 26 } as const;
/** A block a multiprocessor. */
const single = { ...many, warps: 20, delegates: 2, blocksPerSm: 1, grouped: 4, tiles: 16 } as const;
const singleLongest = { ...single, delegates: 4, tiles: 26 } as const;

const ships = [...lengths, fewShort, fewLong, fewLongest, once, alone, manyShort, manyLong, single, singleLongest] as const;

/** In the order in which an untuned device tries them: docs/log/tune.md has what each was measured against. */
function preferred(rows: number, k: number): readonly (typeof ships)[number][] {
  const eachHasOne = (config: (typeof ships)[number]): boolean => rows <= config.blocksPerSm * config.multiprocessors;
  const [aBlock, aPair] = [eachHasOne(single), eachHasOne(alone)];
  if (k > 256) return aBlock ? [manyShort, single, manyLong, singleLongest] : [manyShort, manyLong, single, singleLongest];
  if (k > 128) return [manyShort, ...(aPair ? [alone] : []), ...(aBlock ? [single] : []), ...lengths, singleLongest];
  const long = [fewLong, fewLongest, singleLongest];
  if (k > 64) return [manyShort, aPair ? alone : lengths[0], ...long];
  return [fewShort, ...(aBlock ? [once] : aPair ? [] : [lengths[0]]), ...long];
}

/**
 * Many long rows: a block takes every so-many-th row, reads it once through a ring of bulk copies that runs ahead into the rows to come, and keeps
 * the best element of each small group in a register. The k-th best of those bounds the k-th element from below; the few elements that
 * reach the bound were saved as they passed, by the bound of the row before, or are read again. What ties overflow is finished by column.
 */
export const blockSelect = kernel("block_select", {
  template: "block_select.cu.hbs",
  hooks: {},
  reader: "block_row",
  spec: baseSpec,
  tune: {
    warps: oneOf(8, 10, 12, 13, 14, 16, 20, 24, 26, 32),
    /** 16-byte slots of a tile that a thread reads. */
    vectors: oneOf(1, 2, 4, 8),
    /** Tiles of the ring in shared memory. */
    stages: oneOf(2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24),
    /** A thread's groups whose best elements compete to be the bar. */
    delegates: DELEGATES,
    /** Words that a block holds. */
    candidates: CANDIDATES,
    /** Slots copied while a row passes by, of those that reach the last row's bar; 0 saves none, and all are read again. */
    saved: oneOf(0, 272, 528),
    /** Blocks that share a multiprocessor. */
    blocksPerSm: oneOf(1, 2, 3, 4),
    /** Those that the grid fills: an H100's or H200's, their smaller forms' and parts' (MIG); fewer leave the others to other work. */
    multiprocessors: GRID,
    /** Of a thread's slots of a tile, those of which it keeps the best element only. */
    grouped: oneOf(1, 2, 4),
    /** Tiles of the longest row: for each, a thread has vectors / grouped registers. */
    tiles: TILES,
  },
  minArch: 90,
  minPtx: "8.0",
  unit: "one block per row, and per row `blocks` further on",
  shape: ["rows", "cols", "k", "rowStride", "indexBytes"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), values: output("value"), indices: output("index") },
  accepts: {
    "k is at most 1024": (_, { k }) => k <= 1024,
    "a row has more than 4096 columns: one tile at least": (_, { cols }) => cols > 4096,
  },
  derive: (c) => ({
    threads: c.warps * 32,
    groups: c.tiles * (c.vectors / c.grouped),
    blocks: c.blocksPerSm * c.multiprocessors,
    // a 16-bit key and a column below 65535 share 32 bits
    wordBytes: c.dtype !== "f32" && columns(c) < 65535 ? 4 : 8,
    binned: Math.min(c.candidates, MOST_BINNED),
    keyStep: { f32: 65536, f16: 8, bf16: 1 }[c.dtype],
  }),
  where: {
    "an eighth of the multiprocessors have a row: fewer leave most of a device idle": (c, { rows }) => 8 * rows >= c.multiprocessors,
    "groups are whole": (c) => c.vectors % c.grouped === 0,
    "a thread has at most 32 groups": (c) => c.groups <= 32,
    "the tiles cover the row": (c, { cols }) => cols <= columns(c),
    "the candidates are twice k": (c, { k }) => c.candidates >= 2 * k,
    "there are k delegates": (c, { k }) => c.threads * c.delegates >= k,
    "the blocks of a multiprocessor have at most 2048 threads": (c) => c.blocksPerSm * c.threads <= 2048,
    "the blocks of a multiprocessor share its shared memory": (c) => c.blocksPerSm * (sharedBytes(c) + RESERVED_BYTES) <= SHARED_BYTES_PER_SM,
  },
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, values: shape.rows * shape.k, indices: shape.rows * shape.k }),
  launch: (c, { rows }) => ({ grid: Math.min(rows, c.blocks), block: c.threads, cluster: 1, sharedBytes: sharedBytes(c) }),
  ships,
  untuned: ({ dtype }, { rows, cols, k }) => preferred(rows, k).find((config) => suits(config, dtype, cols, k)) ?? singleLongest,
  // as few tiles, delegates and candidates as the row and k need, or one step more: each is a register, or shared memory that the ring could have
  *search({ dtype }, { rows, cols, k }) {
    const multiprocessors = GRID.values.findLast((each) => 8 * rows >= each) ?? 1;
    const candidates = CANDIDATES.values.filter((each) => each >= 2 * k).slice(0, 2);
    for (const ring of combinations(ringsTried)) {
      const tiles = TILES.values.find((each) => cols <= columns({ ...ring, tiles: each, dtype }));
      if (tiles === undefined) continue;
      // a block of one row learns nothing from a row before
      const saves = rows > ring.blocksPerSm * multiprocessors ? ([0, 528] as const) : ([0] as const);
      for (const delegates of DELEGATES.values.filter((each) => ring.warps * 32 * each >= k).slice(0, 2))
        for (const held of candidates) for (const saved of saves) yield { ...ring, tiles, multiprocessors, delegates, candidates: held, saved };
    }
  },
});

const ringsTried = {
  warps: oneOf(8, 10, 13, 16, 20, 26),
  vectors: oneOf(2, 4, 8),
  stages: oneOf(2, 3, 4, 6, 8),
  blocksPerSm: oneOf(1, 2, 3),
  grouped: oneOf(1, 2, 4),
};

/** With fewer delegates, the bar comes out so low that more elements reach it than are held (docs/log/block.md). */
export const suits = (c: Tiled & { readonly candidates: number; readonly delegates: number }, dtype: Dtype, cols: number, k: number): boolean =>
  cols <= columns({ ...c, dtype }) && c.candidates >= 2 * k && 5 * c.warps * 32 * c.delegates >= 8 * k;

interface Tiled {
  readonly warps: number;
  readonly vectors: number;
  readonly tiles: number;
}

/** Of the longest row. */
const columns = (c: Tiled & { readonly dtype: Dtype }): number => (c.warps * 32 * c.vectors * c.tiles * VECTOR_BYTES) / DTYPE_BYTES[c.dtype];

/** As the kernel lays it out: the ring, the words, a barrier for each stage of each warp, control, saved slots, the list, and what bins need. */
const sharedBytes = (c: Ring & Held): number =>
  c.stages * c.warps * (32 * c.vectors * VECTOR_BYTES + 8) +
  c.candidates * c.wordBytes +
  CONTROL_BYTES +
  c.saved * (VECTOR_BYTES + 4) +
  (c.candidates + 8) * 4 +
  c.binned * (c.wordBytes + 2) +
  c.warps * 32 * 4;

interface Held {
  readonly candidates: number;
  readonly saved: number;
  readonly binned: number;
  readonly wordBytes: number;
}
interface Ring {
  readonly stages: number;
  readonly warps: number;
  readonly vectors: number;
}
/** A multiprocessor's, of which each block takes some beside its own (CUDA C++ Programming Guide, compute capability 9.0). */
const SHARED_BYTES_PER_SM = 228 * 1024;
const RESERVED_BYTES = 1024;
/** Seven words, and two for each of 32 warps, rounded up. */
const CONTROL_BYTES = 288;
const MOST_BINNED = 512;

/** Where k is a good part of a row, finding it digit by digit takes less (docs/log/tune.md). */
export const countsSooner = ({ cols, k }: Pick<Request, "cols" | "k">): boolean => k > 256 && cols < 16 * k;

/** Or where fewer than a quarter of the multiprocessors have a row: what shares rows out takes less there, as a rule. */
export const leavesIdle = (request: Pick<Request, "rows" | "cols" | "k">): boolean => 4 * request.rows < MULTIPROCESSORS || countsSooner(request);
