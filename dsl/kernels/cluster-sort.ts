import { input, optionalInput, output } from "../buffer.ts";
import { oneOf, pow2 } from "../domain.ts";
import { DTYPE_BYTES, type Dtype, VECTOR_BYTES, WORD_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { ceilDiv, roundUp } from "../math.ts";
import { type Request, spanOf } from "../request.ts";
import { baseSpec } from "./spec.ts";

/** Measured on one H200 (docs/log/sort.md). */
const large = { threads: 1024, vectors: 4, blocks: 8, segment: 512, blocksPerSm: 1 } as const;
/** Fewer survivors than that, and fewer threads, which start and meet sooner. */
const usual = { threads: 512, vectors: 2, blocks: 8, segment: 256, blocksPerSm: 1 } as const;
/** Two blocks a multiprocessor: more rows at once. */
const pairs = { threads: 512, vectors: 4, blocks: 8, segment: 256, blocksPerSm: 2 } as const;
/** Many rows of a large k: half the blocks, so that less is sorted more than once. */
const many = { threads: 1024, vectors: 2, blocks: 4, segment: 1024, blocksPerSm: 1 } as const;

/** Rows that half a cluster holds in a slot a thread. */
const short = { threads: 512, vectors: 1, blocks: 4, segment: 512, blocksPerSm: 1 } as const;

/** Rows that need all of a thread's registers. */
const longest = { threads: 1024, vectors: 8, blocks: 8, segment: 512, blocksPerSm: 1 } as const;

const ships = [large, usual, pairs, many, short, longest] as const;
type Shipped = (typeof ships)[number];

/** Bins: templates/device/cluster_narrow.cuh. */
const TABLE = 4096;

const elementsPerSlot = (dtype: Dtype): number => VECTOR_BYTES / DTYPE_BYTES[dtype];

/** The threshold lets through about 1.2 k elements, and the blocks' shares of them differ. */
const fits = (c: Shipped, dtype: Dtype, cols: number, k: number): boolean => holds(c, dtype, cols) && 3 * k <= 2 * c.blocks * c.segment;

const holds = (c: Shipped, dtype: Dtype, cols: number): boolean => ceilDiv(cols, elementsPerSlot(dtype)) <= c.threads * c.vectors * c.blocks;

/** Two waves of clusters of the longest rows: with more of them a block each is sooner done (docs/log/tune.md). */
export const isCrowded = ({ rows, cols, dtype }: Pick<Request, "rows" | "cols" | "dtype">): boolean => rows > 32 && !holds(large, dtype, cols);

/**
 * Large k: a cluster of blocks a row, the row in registers, one read. The best of each thread's elements give a threshold that is a certain lower
 * bound of the k-th key; what reaches it goes to every block's shared memory, where each block sorts all by bins of their keys and stores its
 * own. Where masses reach it, a radix selection over the cluster finds the k-th key: exact on any distribution.
 */
export const clusterSort = kernel("cluster_sort", {
  template: "cluster_sort.cu.hbs",
  hooks: {},
  reader: "cluster_part",
  spec: baseSpec,
  tune: {
    /** A block's. */
    threads: pow2(128, 1024),
    /** 16-byte slots that a thread keeps in registers. */
    vectors: oneOf(1, 2, 3, 4, 6, 8),
    /** Blocks a cluster. */
    blocks: oneOf(4, 8),
    /** Survivors that a block may have before the exact path. */
    segment: pow2(64, 1024),
    /** Blocks that share a multiprocessor: bounds the registers. */
    blocksPerSm: oneOf(1, 2, 3, 4),
  },
  minArch: 90,
  minPtx: "8.6",
  unit: "one cluster of blocks per row",
  shape: ["rows", "cols", "k", "rowStride", "indexBytes"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), values: output("value"), indices: output("index") },
  accepts: {
    "k is more than 256: fewer are ranked by counting": (_, { k }) => k > 256,
    "a row has more than 4096 columns: a block sorts fewer": (_, { cols }) => cols > 4096,
    "at most 64 rows: more fill the device with a block each": (_, { rows }) => rows <= 64,
  },
  derive: ({ threads, vectors, blocks, segment, dtype }) => {
    const capacity = blocks * segment;
    return {
      slots: threads * vectors * blocks,
      capacity,
      // the most bins an octave of the keys that the table has room for
      binBits: dtype === "f32" ? 7 : 9,
      // words, and sorted; two tables and bits of the bins; sums of warps; thresholds, least delegates and counts; three mbarriers and five counters; what the exact
      // path sums up
      sharedBytes: roundUp(
        2 * capacity * WORD_BYTES + 2 * TABLE * 4 + TABLE / 8 + 3 * 32 * 4 + 3 * blocks * 4 + 3 * 8 + 5 * 4 + 2 * 64 * 4 + 4 * 4,
        VECTOR_BYTES,
      ),
    };
  },
  where: {
    "the registers of a cluster hold the row": (c, { cols }) => ceilDiv(cols, elementsPerSlot(c.dtype)) <= c.slots,
    "there is a delegate for each of k": (c, { k }) => c.blocks * c.threads >= k,
    "the survivors of a cluster cover k": (c, { k }) => c.capacity >= k,
    "the table has a bin for each survivor": (c) => c.capacity <= TABLE,
    "a thread sorts at most eight survivors": (c) => c.capacity <= 8 * c.threads,
  },
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, values: shape.rows * shape.k, indices: shape.rows * shape.k }),
  launch: (c, { rows }) => ({ grid: rows * c.blocks, block: c.threads, cluster: c.blocks, sharedBytes: c.sharedBytes }),
  ships,
  untuned: ({ dtype }, { rows, cols, k }) =>
    [short, ...(rows > 32 ? [many, pairs] : rows > 15 ? [pairs] : [usual, pairs])].find((config) => fits(config, dtype, cols, k)) ??
    (holds(large, dtype, cols) ? large : longest),
});
