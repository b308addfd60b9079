// A lower bound of the k-th greatest of many words, from the block's delegates: each thread gives N words, each of which some word of a group of
// its own reaches; all groups are disjoint, so a word that k delegates reach, k words reach.

// What the block's warps tell each other, in shared memory.
struct BarRange {
  u32 least[32], greatest[32];
};

// Raises `lo` as far as at least k delegates reach it and not many more; an unchanged `lo` says nothing. Where k delegates exceed `lo` and
// are unique, at most k + k / 8 reach the result. Bisection between the least and the greatest key, which a word has above its lower SHIFT bits:
// at most as many steps as a word has bits. All threads call it; it begins with a barrier.
template <int SHIFT, int THREADS, class T, int N> __device__ __forceinline__ T bar_of(const T (&delegates)[N], u32 k, T lo, BarRange& range) {
  constexpr u32 WARPS = THREADS / 32;
  if (THREADS * N < k) return lo;
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u32 least = (u32)(delegates[0] >> SHIFT), greatest = least;
#pragma unroll
  for (int n = 1; n < N; n++) {
    least = lesser_of(least, (u32)(delegates[n] >> SHIFT));
    greatest = greater_of(greatest, (u32)(delegates[n] >> SHIFT));
  }
  least = __reduce_min_sync(0xffffffffu, least);
  greatest = __reduce_max_sync(0xffffffffu, greatest);
  __syncthreads(); // others may still read what a call before left
  if (lane == 0) {
    range.least[warp] = least;
    range.greatest[warp] = greatest;
  }
  __syncthreads();
  least = __reduce_min_sync(0xffffffffu, range.least[lane % WARPS]);
  greatest = __reduce_max_sync(0xffffffffu, range.greatest[lane % WARPS]);

  lo = greater_of(lo, (T)least << SHIFT);
  T hi = (T)greatest << SHIFT | (((T)1 << SHIFT) - 1);
  const u32 enough = k + k / 8;
  u32 reached = ~0u;
  while (lo < hi && reached > enough) {
    const T middle = lo + (hi - lo) / 2 + 1;
    u32 count = 0;
#pragma unroll
    for (int n = 0; n < N; n++) count += (u32)__syncthreads_count(delegates[n] >= middle);
    if (count >= k) {
      lo = middle;
      reached = count;
    } else {
      hi = middle - 1;
    }
  }
  return lo;
}
