// A lower bound of the k-th greatest of many words, from the block's delegates: each thread gives a word that some word of a group of its own
// reaches; the groups are disjoint, so a word that k delegates reach, k words reach.

// The block's, in shared memory.
template <class T, int THREADS> struct BarSearch {
  T delegates[THREADS];
  T found;
};

// Raises `lo` until k to `enough` delegates reach it, where k of them exceed it and are unique; an unchanged `lo` says nothing. One warp bisects
// between the least and the greatest key, which a word has above its lower `keyShift` bits, in at most as many steps as a word has bits; the
// others leave it the multiprocessor. All threads call it.
template <int THREADS, class T> __device__ __forceinline__ T bar_of(T delegate, u32 k, u32 enough, T lo, u32 keyShift, BarSearch<T, THREADS>& search) {
  constexpr int EACH = THREADS / 32;
  if (k > THREADS) return lo;
  search.delegates[threadIdx.x] = delegate;
  __syncthreads();
  if (threadIdx.x < 32) {
    T mine[EACH];
    u32 least = ~0u, greatest = 0;
#pragma unroll
    for (int i = 0; i < EACH; i++) {
      mine[i] = search.delegates[i * 32 + threadIdx.x];
      least = lesser_of(least, (u32)(mine[i] >> keyShift));
      greatest = greater_of(greatest, (u32)(mine[i] >> keyShift));
    }
    lo = greater_of(lo, (T)__reduce_min_sync(0xffffffffu, least) << keyShift);
    T hi = (T)__reduce_max_sync(0xffffffffu, greatest) << keyShift | (((T)1 << keyShift) - 1);
    u32 reached = ~0u;
    while (lo < hi && reached > enough) {
      const T middle = lo + (hi - lo) / 2;
      u32 count[4] = {0, 0, 0, 0};
#pragma unroll
      for (int i = 0; i < EACH; i++) count_greater(count[i % 4], mine[i], middle);
      const u32 above = __reduce_add_sync(0xffffffffu, count[0] + count[1] + count[2] + count[3]);
      if (above >= k) {
        lo = middle + 1;
        reached = above;
      } else {
        hi = middle;
      }
    }
    if (threadIdx.x == 0) search.found = lo;
  }
  __syncthreads();
  return search.found;
}
