/** Cases of cluster_sort alone: counts that just fill what a config of it has room for, or just do not; each catches a mutant that nothing else does. */
import { type AnyConfig, DTYPE_BYTES, VECTOR_BYTES } from "../../dsl/index.ts";
import type { Case } from "./property-case.ts";

type Extreme = Pick<Case, "rows" | "cols" | "k" | "data"> & Partial<Pick<Case, "lengths" | "offset" | "dataSeed" | "seed">>;

/** Most of them for the configs of 128 threads, which cost least. */
export function sortExtremes(spec: Pick<Case, "dtype" | "order">, tune: AnyConfig): Extreme[] {
  const { threads, vectors, blocks, segment } = tune as Readonly<Record<"threads" | "vectors" | "blocks" | "segment", number>>;
  const sizes = { threads, blocks, segment, perSlot: VECTOR_BYTES / DTYPE_BYTES[spec.dtype] };
  const cases = [
    ...(threads === 128 ? ofFewThreads(sizes) : []),
    ...(vectors === 1 ? ofOneSlot(sizes) : []),
    ...(segment > 256 ? ofLargeSegments : []),
    ...(spec.dtype === "f32" && spec.order === "smallest" ? ofSmallest(sizes) : []),
    ...(spec.dtype === "bf16" && spec.order === "largest" && blocks * segment === 512 ? ofTwoGroups : []),
  ];
  return cases.map((each, at) => ({ ...each, dataSeed: at + 1, seed: at }));
}

interface Sizes {
  readonly threads: number;
  readonly blocks: number;
  readonly segment: number;
  readonly perSlot: number;
}

function ofFewThreads({ threads, blocks, segment, perSlot }: Sizes): Extreme[] {
  const capacity = blocks * segment;
  const cols = 5000;
  // a slot a thread
  const even = blocks * threads * perSlot;
  return [
    // a winner in each slot, as many as are wanted, as there are delegates and as a segment holds; a slot of all that there is
    { rows: 2, cols, k: capacity, data: "comb", lengths: [even, perSlot] },
    // all tie, and a block has more of them than a cluster keeps
    { rows: 1, cols, k: capacity, data: "allNegInf" },
    // room for two more than are wanted
    { rows: 3, cols, k: capacity - 2, data: "normal" },
    // two that stand above all others, in one thread
    { rows: 1, cols, k: 300, data: "fallingPair" },
    { rows: 1, cols, k: 300, data: "risingPair" },
    // bins of many words with different keys
    { rows: 1, cols, k: 300, data: "crowdAbove" },
    // ties for the first place, more than are wanted, that fit: of one block, of three
    { rows: 1, cols: 9001, k: 300, data: "quarterEnd" },
    { rows: 1, cols: 9001, k: 300, data: "quarterTies" },
    // all are wanted, the lowest key too, and the first block has a segment of them and those before the first slot, which come last in one of four rows
    { rows: 6, cols, k: capacity - 24, data: "fewLow", lengths: Array<number>(6).fill(capacity - 24), offset: 1 },
    // every thread of the last two of four blocks has an element above what others tie for, and those are less than are wanted
    { rows: 1, cols, k: 3 * threads, data: "lateComb", lengths: [even] },
  ];
}

function ofOneSlot({ threads, blocks, perSlot }: Sizes): Extreme[] {
  const even = blocks * threads * perSlot;
  return [
    // as that of the last two blocks above, where blocks have fewer slots than threads; where the last one has one slot less
    { rows: 1, cols: 9001, k: 4 * threads, data: "lateComb" },
    { rows: 1, cols: even, k: 4 * threads, data: "lateComb", lengths: [even - perSlot] },
    // each block has one less of the best than its share, and half as many slots as threads
    { rows: 1, cols: even / 2, k: 320, data: "shortShares" },
  ];
}

/** Exactly what is wanted lies in the first of two groups of bins, and in the second one more than is held. */
const ofTwoGroups: readonly Extreme[] = [{ rows: 1, cols: 5000, k: 300, data: "stairs" }];

/** Room for all elements of the slots that hold survivors, and for what threads with one slot repeat. */
const ofLargeSegments: readonly Extreme[] = [{ rows: 1, cols: 45_000, k: 257, data: "normal" }];

/** As many slots as a segment holds may have survivors, and few have. */
const ofSmallest = ({ blocks, segment, perSlot }: Sizes): Extreme[] => [
  { rows: 1, cols: 5000, k: 300, data: "numbersAmongNans", lengths: [blocks * segment * perSlot] },
];
