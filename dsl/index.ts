/** The public face of the declaration language. */
export * from "./bitonic-network.ts";
export * from "./buffer.ts";
export * from "./catalog.ts";
export * from "./domain.ts";
export * from "./element.ts";
export * from "./kernel.ts";
export { bitonicBlock } from "./kernels/bitonic-block.ts";
export { heapMerge } from "./kernels/heap-merge.ts";
export { radixShape } from "./kernels/radix.ts";
export { radixKernels, radixSelect } from "./kernels/radix-select.ts";
export { tileMerge } from "./kernels/tile-merge.ts";
export { tileStream } from "./kernels/tile-stream.ts";
export * from "./limits.ts";
export * from "./math.ts";
export * from "./plan.ts";
export * from "./request.ts";
export * from "./resolve.ts";
export * from "./variant.ts";
