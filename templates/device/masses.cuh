// What the threads of a block, WARPS warps, do together with masses (docs/contract.md, "Sampling"). All threads call each of these, with WARPS
// masses of shared memory where there is more than one warp; each then ends with a barrier.

// Sum over the threads up to and including this one; `total` is over all of them.
template <int WARPS> __device__ __forceinline__ u64 masses_through(u64 mass, u64* warpMasses, u64& total) {
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u64 through = mass;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const u64 below = __shfl_up_sync(FULL_WARP, through, step);
    if (lane >= step) through += below;
  }
  if constexpr (WARPS == 1) {
    total = __shfl_sync(FULL_WARP, through, 31);
    return through;
  }
  if (lane == 31) warpMasses[warp] = through;
  __syncthreads();
  total = 0;
  for (u32 other = 0; other < WARPS; other++) {
    if (other == warp) through += total;
    total += warpMasses[other];
  }
  __syncthreads();
  return through;
}

// Sum of small counts over all threads.
template <int WARPS> __device__ __forceinline__ u32 count_of_block(u32 count, u64* warpMasses) {
  count = __reduce_add_sync(FULL_WARP, count);
  if constexpr (WARPS == 1) return count;
  if (threadIdx.x % 32 == 0) warpMasses[threadIdx.x / 32] = count;
  __syncthreads();
  u32 sum = 0;
  for (u32 warp = 0; warp < WARPS; warp++) sum += (u32)warpMasses[warp];
  __syncthreads();
  return sum;
}

// What one thread has.
template <int WARPS> __device__ __forceinline__ u64 mass_of_thread(u64 mass, u32 thread, u64* warpMasses) {
  if constexpr (WARPS == 1) return __shfl_sync(FULL_WARP, mass, thread);
  if (threadIdx.x == thread) warpMasses[0] = mass;
  __syncthreads();
  mass = warpMasses[0];
  __syncthreads();
  return mass;
}
