// Sum over the threads of a block before this one; `total` is over all of them. All threads call it, with 32 words of shared memory; it ends with a barrier.
template <int WARPS> __device__ __forceinline__ u32 block_sum_before(u32 value, u32* warpSums, u32& total) {
  const Lanes<32> lanes;
  const u32 warp = threadIdx.x / 32;
  u32 ofWarp;
  const u32 before = lanes.sum_before(value, ofWarp);
  if (lanes.sub == 0) warpSums[warp] = ofWarp;
  __syncthreads();
  const u32 warpsBefore = lanes.sum_before(lanes.sub < WARPS ? warpSums[lanes.sub] : 0, total);
  const u32 sum = before + __shfl_sync(FULL_WARP, warpsBefore, warp);
  __syncthreads();
  return sum;
}
