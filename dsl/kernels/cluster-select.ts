import { input, optionalInput, output } from "../buffer.ts";
import { combinations, oneOf, pow2 } from "../domain.ts";
import { DTYPE_BYTES, type Dtype, VECTOR_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { ceilDiv, roundUp } from "../math.ts";
import { type Request, spanOf } from "../request.ts";
import { baseSpec } from "./spec.ts";

/** Measured on one H200 (docs/log/cluster.md). */
const usual = { threads: 256, vectors: 4, blocks: 8, groupLanes: 4, segment: 256, rankLanes: 8 } as const;
/** More threads, so that survivors are ranked sooner: pays while each block has a multiprocessor to itself. */
const manyWanted = { threads: 416, vectors: 2, blocks: 8, groupLanes: 4, segment: 256, rankLanes: 8 } as const;
/** Half the blocks, where eight a row would not all run at once, or leave no room. */
const halfCluster = { threads: 512, vectors: 4, blocks: 4, groupLanes: 8, segment: 256, rankLanes: 8 } as const;
/** Short rows, and long ones of few wanted: half the blocks have less to say to each other. */
const short = { threads: 256, vectors: 1, blocks: 4, groupLanes: 4, segment: 128, rankLanes: 4 } as const;
const shortOfMany = { threads: 512, vectors: 1, blocks: 4, groupLanes: 2, segment: 1024, rankLanes: 4 } as const;
const fewWanted = { threads: 256, vectors: 3, blocks: 4, groupLanes: 8, segment: 128, rankLanes: 8 } as const;
const middle = { threads: 512, vectors: 4, blocks: 8, groupLanes: 8, segment: 256, rankLanes: 8 } as const;
const long = { threads: 512, vectors: 8, blocks: 8, groupLanes: 8, segment: 256, rankLanes: 16 } as const;
const longest = { threads: 512, vectors: 16, blocks: 8, groupLanes: 8, segment: 256, rankLanes: 16 } as const;

const ships = [usual, manyWanted, halfCluster, middle, long, longest, short, shortOfMany, fewWanted] as const;
type Shipped = (typeof ships)[number];

const THREADS = oneOf(128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 512, 576, 640, 768, 1024);
const VECTORS = oneOf(1, 2, 3, 4, 5, 6, 8, 12, 16);
const BLOCKS = oneOf(4, 8);
const GROUP_LANES = pow2(1, 32);
const SEGMENTS = pow2(64, 1024);
const RANK_LANES = pow2(4, 32);
/** Room beyond that for more survivors than there usually are is of no use. */
const SEGMENTS_TRIED = 3;

/** In the order in which an untuned device tries them. */
function preferred(rows: number, k: number): readonly Shipped[] {
  const lengths = [rows > 8 && rows <= 24 ? halfCluster : usual, manyWanted, middle, long, longest];
  if (k > 100) return [shortOfMany, rows <= 8 ? manyWanted : usual, ...lengths];
  if (k > 64) return lengths;
  return k > 32 ? [short, ...lengths] : [short, fewWanted, ...lengths];
}

/** From how many rows on a block each is faster (block_select's figures beside these in docs/log/cluster.md), unless a row is too long for one. */
const mostRows = (bytes: number, k: number): number => (bytes > 512 * 1024 ? 64 : k > 100 ? 40 : 48);

const elementsPerSlot = (dtype: Dtype): number => VECTOR_BYTES / DTYPE_BYTES[dtype];
const slotsOf = (c: Shipped): number => c.threads * c.vectors * c.blocks;
/** Places of a block's part: a share of the slots, in whole lines, and less than a slot at either end of the row (device/cluster_part.cuh). */
const placesOf = (blocks: number, dtype: Dtype, cols: number): number =>
  (roundUp(ceilDiv(ceilDiv(cols, elementsPerSlot(dtype)), blocks), 8) + 2) * elementsPerSlot(dtype);
const MAX_HALF_WORD = 65535;

/** Of parts in whole 128-byte lines the last may be short, or empty: its bound is then none, and only a block that has k delegates has another. */
function boundsHold({ blocks, threads, groups, groupLanes, dtype }: Grouped, { cols, k, rowStride }: Pick<Request, "cols" | "k" | "rowStride">): boolean {
  const perSlot = elementsPerSlot(dtype);
  // where rows do not follow each other in whole slots, some begin off a slot's border
  const slots = Math.floor((rowStride % perSlot === 0 ? cols : cols - perSlot + 1) / perSlot);
  const part = roundUp(ceilDiv(slots, blocks), 8);
  const delegates = (held: number): number => Math.min(groups, ceilDiv(Math.min(Math.max(held, 0), threads), groupLanes));
  return delegates(slots - part * (blocks - 1)) >= ceilDiv(k, blocks) || (k <= groups && delegates(part) >= k);
}
interface Grouped {
  readonly blocks: number;
  readonly threads: number;
  readonly groups: number;
  readonly groupLanes: number;
  readonly dtype: Dtype;
}
/** What a block may ask for. */
const HOPPER_SHARED_BYTES = 227 * 1024;

const fits = (c: Shipped, dtype: Dtype, shape: Pick<Request, "cols" | "k" | "rowStride">): boolean =>
  ceilDiv(shape.cols, elementsPerSlot(dtype)) <= slotsOf(c) &&
  (c.blocks * c.threads) / c.groupLanes >= shape.k &&
  c.segment >= shape.k &&
  boundsHold({ ...c, groups: c.threads / c.groupLanes, dtype }, shape) &&
  (dtype === "f32" || placesOf(c.blocks, dtype, shape.cols) <= MAX_HALF_WORD);

/**
 * Few rows: a cluster of blocks a row, the row in registers, one read. The blocks' delegates give a threshold that is a certain lower
 * bound of the k-th key; what reaches it goes to every block's shared memory, and each block ranks its own among all. A block that has too
 * many first finds the best of them itself, ties by column: it never sends more than k. Exact on any distribution.
 */
export const clusterSelect = kernel("cluster_select", {
  template: "cluster_select.cu.hbs",
  hooks: {},
  reader: "cluster_part",
  spec: baseSpec,
  tune: {
    /** A block's. */
    threads: THREADS,
    /** 16-byte slots that a thread keeps in registers. */
    vectors: VECTORS,
    /** Blocks a cluster. */
    blocks: BLOCKS,
    /** Lanes that share a delegate, the greatest key of their elements. */
    groupLanes: GROUP_LANES,
    /** Survivors that a block may send. */
    segment: SEGMENTS,
    /** Lanes that rank one survivor. */
    rankLanes: RANK_LANES,
  },
  minArch: 90,
  minPtx: "8.6",
  unit: "one cluster of blocks per row",
  shape: ["rows", "cols", "k", "rowStride", "indexBytes"],
  buffers: { x: input("value"), lengths: optionalInput("i32"), values: output("value"), indices: output("index") },
  accepts: {
    "at most 48 rows, 40 for k above 100, 64 for rows above 512 KiB: more fill the device with a block each": ({ dtype }, { rows, cols, k }) =>
      rows <= mostRows(cols * DTYPE_BYTES[dtype], k),
    "a row has at least 2048 columns: a warp does with fewer": (_, { cols }) => cols >= 2048,
    "k is at most 256": (_, { k }) => k <= 256,
    "the registers of a cluster hold the row: at most 262144 columns": (_, { cols }) => cols <= 262144,
  },
  derive: ({ threads, vectors, blocks, groupLanes, segment, dtype }) => {
    const wordBytes = 2 * DTYPE_BYTES[dtype];
    const groups = threads / groupLanes;
    return {
      groups,
      slots: threads * vectors * blocks,
      // With more survivors, a block sorts its own: that takes less than everyone's counting among them. Blocks of normal data have up to 80
      // where k is 200.
      crowd: (3 * segment) / 8,
      // segments, each a vector longer; delegates; thresholds, counts and rivals; hit slots and their places; two mbarriers, two counters and two
      // delegates; sums of the warps; a crowd's keys
      sharedBytes: roundUp(
        blocks * (segment * wordBytes + VECTOR_BYTES) +
          groups * wordBytes +
          4 * blocks * 4 +
          segment * (VECTOR_BYTES + 4) +
          32 +
          2 * 3 * (threads / 32) * 4 +
          (threads * vectors + 8) * VECTOR_BYTES +
          // before what is aligned to 16
          2 * 8,
        VECTOR_BYTES,
      ),
    };
  },
  where: {
    "the registers of a cluster hold the row": (c, { cols }) => ceilDiv(cols, elementsPerSlot(c.dtype)) <= c.slots,
    "the place of an element in its part fits half a word": (c, { cols }) => c.dtype === "f32" || placesOf(c.blocks, c.dtype, cols) <= MAX_HALF_WORD,
    "the delegates of a cluster cover k": (c, { k }) => c.blocks * c.groups >= k,
    "a block's survivors cover k": (c, { k }) => c.segment >= k,
    "the last block's part has delegates for a share of k, or the first one's for all: else every element would survive": (c, shape) => boundsHold(c, shape),
    "delegates fill whole vectors": (c) => c.groups % 4 === 0,
    "each block has a lane among those that rank": (c) => c.rankLanes >= c.blocks,
    "segments, delegates and a crowd's keys fit a block's shared memory": (c) => c.sharedBytes <= HOPPER_SHARED_BYTES,
  },
  extents: (_, shape) => ({ x: spanOf(shape), lengths: shape.rows, values: shape.rows * shape.k, indices: shape.rows * shape.k }),
  launch: (c, { rows }) => ({ grid: rows * c.blocks, block: c.threads, cluster: c.blocks, sharedBytes: c.sharedBytes }),
  ships,
  untuned: ({ dtype }, shape) => [...preferred(shape.rows, shape.k), ...ships].find((config) => fits(config, dtype, shape)) ?? usual,
  // registers that hold no part of the row only make the cluster slower to start
  *search({ dtype }, { cols, k }) {
    const slots = ceilDiv(cols, elementsPerSlot(dtype));
    const segments = SEGMENTS.values.filter((segment) => segment >= k).slice(0, SEGMENTS_TRIED);
    for (const { threads, blocks } of combinations({ threads: THREADS, blocks: BLOCKS })) {
      const vectors = VECTORS.values.find((each) => threads * each * blocks >= slots);
      if (vectors === undefined) continue;
      for (const segment of segments)
        for (const lanes of combinations({ groupLanes: GROUP_LANES, rankLanes: RANK_LANES })) yield { threads, vectors, blocks, segment, ...lanes };
    }
  },
});

/** Whether a row is so short that a warp does with it: of 8 KiB its lanes hold 16 slots each. */
export const isShort = ({ cols, dtype }: Pick<Request, "cols" | "dtype">): boolean => cols * DTYPE_BYTES[dtype] < 8192;
