/** Every kernel and every plan, each declared once. Plans stand in the order in which an untuned device tries them, but for those that yield. */
import type { AnyKernel } from "./kernel.ts";
import { bitonicBlock, isOutdone, sortsSooner } from "./kernels/bitonic-block.ts";
import { blockSelect, countsSooner, leavesIdle } from "./kernels/block-select.ts";
import { blockSelectDraw } from "./kernels/block-select-draw.ts";
import { clusterSelect, isShort } from "./kernels/cluster-select.ts";
import { clusterSelectDraw } from "./kernels/cluster-select-draw.ts";
import { clusterSort, isCrowded } from "./kernels/cluster-sort.ts";
import { heapMerge } from "./kernels/heap-merge.ts";
import { radixKernels, radixSelect } from "./kernels/radix-select.ts";
import { sampleRow } from "./kernels/sample-row.ts";
import { tileMerge } from "./kernels/tile-merge.ts";
import { tileStream } from "./kernels/tile-stream.ts";
import { warpSelect } from "./kernels/warp-select.ts";
import { wideShape, wideTune, wideUntuned } from "./kernels/wide.ts";
import { wideSample } from "./kernels/wide-sample.ts";
import { wideStream } from "./kernels/wide-stream.ts";
import { chain, type Plan, single, twoStage, withDraw } from "./plan.ts";

/** What the plans are made of. */
export const topkKernels: readonly AnyKernel[] = [
  clusterSelect,
  warpSelect,
  bitonicBlock,
  clusterSort,
  blockSelect,
  wideSample,
  wideStream,
  tileStream,
  heapMerge,
  tileMerge,
  ...radixKernels,
];

/** Which draw from an answer, another kernel's or their own: dsl/sampling.ts. */
export const drawKernels: readonly AnyKernel[] = [sampleRow, clusterSelectDraw, blockSelectDraw];

export const kernels: readonly AnyKernel[] = [...topkKernels, ...drawKernels];

export const plans: readonly Plan[] = [
  withDraw(single("cluster_select", clusterSelect, isShort), clusterSelectDraw),
  single("warp_select", warpSelect, sortsSooner),
  single("bitonic_block", bitonicBlock, isOutdone),
  single("cluster_sort", clusterSort, isCrowded),
  withDraw(single("block_select", blockSelect, leavesIdle), blockSelectDraw),
  // a chunk's list is cheaper than a sample of a row that is not long, or of few that are wanted
  chain("wide_select", [wideSample, wideStream], {
    tune: wideTune,
    untuned: () => wideUntuned,
    shape: wideShape,
    yields: ({ cols, k }) => cols <= 262144 || (k <= 64 && cols <= 2 ** 20),
  }),
  twoStage("stream_tile", tileStream, tileMerge, countsSooner),
  twoStage("stream_heap", tileStream, heapMerge, countsSooner),
  radixSelect,
];
