/** What plans, resolution and the inferred types promise, compiled by tsc. */
import {
  bitonicBlock,
  type ConfigOf,
  type ContextOf,
  chain,
  type DevicePointer,
  heapMerge,
  input,
  kernel,
  output,
  type PointersOf,
  pass,
  type ShapeOf,
  type SpecOf,
  type Step,
  scratch,
  single,
  state,
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

// ... but it may have scratch and state of its own
single(
  "tickets",
  kernel("tickets", {
    ...writesScratch,
    buffers: { ...writesScratch.buffers, scratch: scratch("word"), tickets: state("u32") },
    extents: () => ({ x: 1, scratch: 1, tickets: 1, values: 1, indices: 1 }),
  }),
);

const counts = kernel("counts", {
  ...common,
  buffers: { x: input("value"), found: output("u32"), tickets: state("u32") },
  extents: () => ({ x: 1, found: 1, tickets: 1 }),
});
const sorts = kernel("sorts", {
  ...common,
  shape: ["rows", "digit"],
  buffers: { found: input("u32"), list: scratch("word") },
  extents: (_, { digit }) => ({ found: 1, list: digit }),
});
const emits = kernel("emits", {
  ...common,
  buffers: { list: input("word"), values: output("value"), indices: output("index") },
  extents: () => ({ list: 1, values: 1, indices: 1 }),
});
const noTunables = { tune: {}, untuned: () => ({}), shape: () => ({}) };

chain("passes", [counts, pass(sorts, { digit: 0 }), pass(sorts, { digit: 1 }), emits], noTunables);
chain("digit_for_all", [counts, sorts, emits], { ...noTunables, shape: () => ({ digit: 1 }) });
// @ts-expect-error "found" is read before a kernel writes it
chain("too_early", [pass(sorts, { digit: 0 }), counts, emits], noTunables);
// @ts-expect-error no kernel writes "list"
chain("never_written", [counts, emits], noTunables);
// @ts-expect-error nobody gives "digit"
chain("no_digit", [counts, sorts, emits], noTunables);
// @ts-expect-error a pass gives values that its kernel takes
pass(sorts, { digits: 0 });
const readsTickets = kernel("reads_tickets", {
  ...emits,
  buffers: { ...emits.buffers, tickets: input("u32") },
  extents: () => ({ list: 1, tickets: 1, values: 1, indices: 1 }),
});
// @ts-expect-error what a kernel finds in its state is nothing that it was told
chain("state_is_no_message", [counts, pass(sorts, { digit: 0 }), readsTickets], noTunables);
