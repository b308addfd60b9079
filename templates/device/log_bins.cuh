// Bins for whole numbers y below 2^WIDTH of unknown spread: exact below 2^(BITS+1), then 2^BITS to an octave, so that both what lies just above 0
// and what lies far from it is told apart. Bins are numbered from the greatest y down.
template <int WIDTH, int BITS> struct LogBins {
  static constexpr u32 count = (u32)(WIDTH + 1 - BITS) << BITS;
  static __device__ __forceinline__ u32 of(u32 y) {
    const u32 shift = 31 - __clz(y | 1u << BITS) - BITS;
    return count - 1 - ((shift << BITS) + (y >> shift));
  }
  // A bin has 2^shift numbers, from start on.
  static __device__ __forceinline__ u32 shift(u32 bin) {
    const u32 octave = (count - 1 - bin) >> BITS;
    return octave ? octave - 1 : 0;
  }
  static __device__ __forceinline__ u32 start(u32 bin) { return (count - 1 - bin - (shift(bin) << BITS)) << shift(bin); }
};

// A thread's PER neighbouring bins of a table in shared memory.
template <int PER> __device__ __forceinline__ void load_bins(const u32* table, u32 (&bins)[PER]) {
  static_assert(PER % 4 == 0, "whole vectors");
#pragma unroll
  for (int i = 0; i < PER; i += 4) {
    const uint4 four = *(const uint4*)(table + threadIdx.x * PER + i);
    bins[i] = four.x;
    bins[i + 1] = four.y;
    bins[i + 2] = four.z;
    bins[i + 3] = four.w;
  }
}
template <int PER> __device__ __forceinline__ void store_bins(u32* table, const u32 (&bins)[PER]) {
#pragma unroll
  for (int i = 0; i < PER; i += 4) *(uint4*)(table + threadIdx.x * PER + i) = make_uint4(bins[i], bins[i + 1], bins[i + 2], bins[i + 3]);
}
template <int PER> __device__ __forceinline__ void clear_bins(u32* table) {
  const u32 zeros[PER] = {};
  store_bins(table, zeros);
}

// Sum of `value` over the threads before this one, and over all. One barrier; sums has a place for each warp, and is read after it.
template <int THREADS> __device__ __forceinline__ u32 sum_before(u32 value, u32* sums, u32& total) {
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u32 through = value;
#pragma unroll
  for (u32 step = 1; step < 32; step *= 2) {
    const u32 below = __shfl_up_sync(0xffffffffu, through, step);
    if (lane >= step) through += below;
  }
  if (lane == 31) sums[warp] = through;
  __syncthreads();
  const u32 its = lane < THREADS / 32 ? sums[lane] : 0;
  total = __reduce_add_sync(0xffffffffu, its);
  return __reduce_add_sync(0xffffffffu, lane < warp ? its : 0u) + through - value;
}

// Turns a table's counts into starts: how many lie in the bins before each. All threads call it, after a barrier; it ends with one.
template <int THREADS, int PER> __device__ __forceinline__ void counts_to_starts(u32* table, u32* sums) {
  u32 bins[PER], sum = 0, total;
  load_bins(table, bins);
#pragma unroll
  for (int i = 0; i < PER; i++) sum += bins[i];
  u32 before = sum_before<THREADS>(sum, sums, total);
#pragma unroll
  for (int i = 0; i < PER; i++) {
    const u32 count = bins[i];
    bins[i] = before;
    before += count;
  }
  store_bins(table, bins);
  __syncthreads();
}
