/** What plans, resolution and the inferred types promise, compiled by tsc. */
import {
  bitonicBlock,
  type ConfigOf,
  type ContextOf,
  type DevicePointer,
  heapMerge,
  input,
  kernel,
  output,
  type PointersOf,
  type ShapeOf,
  type SpecOf,
  type Step,
  single,
  type TuneOf,
  type tileMerge,
  tileStream,
  twoStage,
} from "../../dsl/index.ts";
import type { Assert, Equal, Flat } from "./equal.ts";

type Dtype = "f32" | "f16" | "bf16";
type Order = "largest" | "smallest";

export type Inferred = [
  Assert<Equal<SpecOf<typeof tileStream>, { readonly dtype: Dtype; readonly order: Order }>>,
  Assert<Equal<TuneOf<typeof tileStream>, { readonly warps: 4 | 8 | 16; readonly candidates: number; readonly vectors: 1 | 2 | 4 }>>,
  Assert<Equal<Flat<ConfigOf<typeof heapMerge>>, { readonly dtype: Dtype; readonly order: Order; readonly warps: 2 | 4 | 8 | 16; readonly listSize: number }>>,
  Assert<
    Equal<
      Flat<ContextOf<typeof bitonicBlock>>,
      {
        readonly dtype: Dtype;
        readonly order: Order;
        readonly width: number;
        readonly items: 2 | 4 | 8;
        readonly rowsPerBlock: 1 | 2 | 4 | 8 | 16;
        threadsPerRow: number;
        threads: number;
        wordBytes: number;
        network: readonly Step[];
      }
    >
  >,
  Assert<Equal<ShapeOf<typeof tileStream>, Readonly<Record<"rows" | "cols" | "k" | "rowStride" | "chunkSize" | "chunks", number>>>>,
  Assert<Equal<PointersOf<typeof tileStream>, { readonly x: DevicePointer; readonly lengths: DevicePointer | null; readonly words: DevicePointer }>>,
  Assert<Equal<keyof PointersOf<typeof tileMerge>, "words" | "values" | "indices">>,
  Assert<Equal<(typeof heapMerge)["name"], "heap_merge">>,
];

declare const address: DevicePointer;

// @ts-expect-error a shape names every value of the kernel
export const forgetsChunks: ShapeOf<typeof heapMerge> = { rows: 1, k: 1, indexBytes: 4 };
export const unknownBuffer: PointersOf<typeof tileStream> = {
  x: address,
  lengths: null,
  words: address,
  // @ts-expect-error pointers are the kernel's buffers, and no others
  values: address,
};
// @ts-expect-error a required buffer is never null
export const nullWords: PointersOf<typeof tileStream>["words"] = null;
export const noLengths: PointersOf<typeof tileStream>["lengths"] = null;
// @ts-expect-error an address is a DevicePointer, not any bigint
export const anyBigint: PointersOf<typeof tileStream>["x"] = 4096n;

single("bitonic_block", bitonicBlock);
twoStage("stream_heap", tileStream, heapMerge);
// @ts-expect-error a single-kernel plan has no workspace for "words", and gives no chunks
single("stream_only", tileStream);
// @ts-expect-error what the second kernel reads, the first writes
twoStage("no_words", bitonicBlock, heapMerge);
// @ts-expect-error a two-stage plan is two kernels
twoStage("one_stage", tileStream);

const rowsOnly = { ...bitonicBlock, accepts: {}, where: {}, shape: ["rows"] } as const;
const common = {
  ...rowsOnly,
  untuned: () => ({ width: 64, items: 2, rowsPerBlock: 1 }) as const,
  launch: () => ({ grid: 1, block: 32, cluster: 1, sharedBytes: 0 }),
};

const needsSegments = kernel("needs_segments", { ...common, shape: ["rows", "segments"], buffers: { x: input("value") }, extents: () => ({ x: 1 }) });
// @ts-expect-error a plan gives its stages the shape values that it has, and no others
single("segments", needsSegments);

const writesScratch = kernel("writes_scratch", {
  ...common,
  buffers: { x: input("value"), scratch: output("word"), values: output("value"), indices: output("index") },
  extents: () => ({ x: 1, scratch: 1, values: 1, indices: 1 }),
});
// @ts-expect-error a single-kernel plan names the caller's buffers only, also for output
single("scratch", writesScratch);
