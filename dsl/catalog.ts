/** Every kernel and every plan, each declared once. Plans stand in the order in which an untuned device tries them, but for those that yield. */
import type { AnyKernel } from "./kernel.ts";
import { bitonicBlock } from "./kernels/bitonic-block.ts";
import { heapMerge } from "./kernels/heap-merge.ts";
import { tileMerge } from "./kernels/tile-merge.ts";
import { tileStream } from "./kernels/tile-stream.ts";
import { type Plan, single, twoStage } from "./plan.ts";

export const kernels: readonly AnyKernel[] = [bitonicBlock, tileStream, heapMerge, tileMerge];

export const plans: readonly Plan[] = [
  // finding a few of many takes less than sorting them all (docs/log-twostage.md)
  single("bitonic_block", bitonicBlock, ({ cols, k }) => (cols > 512 && k <= 64) || (cols > 2048 && k <= 256)),
  twoStage("stream_tile", tileStream, tileMerge),
  twoStage("stream_heap", tileStream, heapMerge),
];
