// Sorting words that a block holds in shared memory.

// Sorts one word of each of the first `size` threads downwards, a power of two from 32 to THREADS, by a bitonic network: shared memory between
// warps, shuffles within one. `exchange` has two words a thread. All threads call it, after a barrier.
template <u32 THREADS> __device__ __forceinline__ u64 sort_threads(u64 mine, u32 size, u64* exchange) {
  const u32 tid = threadIdx.x;
  const bool sorts = tid < size; // whole warps
  const auto keep = [&](u64 other, u32 run, u32 stride) {
    const bool greater = ((tid & run) == 0) == ((tid & stride) == 0);
    mine = (mine > other) == greater ? mine : other;
  };
  u32 turn = 0;
  for (u32 run = 2; run <= size; run *= 2) {
    for (u32 stride = run / 2; stride >= 32; stride /= 2) {
      // in turns, so that one barrier a step is enough
      u64* const all = exchange + turn * THREADS;
      turn ^= 1;
      if (sorts) all[tid] = mine;
      __syncthreads();
      if (sorts) keep(all[tid ^ stride], run, stride);
    }
    if (!sorts) continue;
#pragma unroll
    for (u32 stride = 16; stride >= 1; stride /= 2) {
      if (stride < run) keep(__shfl_xor_sync(0xffffffffu, mine, stride), run, stride);
    }
  }
  return mine;
}

// Calls store(place, word) for places 0 .. k-1 of words[0..held), sorted downwards, and word 0 behind them. There is room for `held` rounded up to a
// power of two, and for two words a thread. All threads call it, after a barrier.
template <u32 THREADS, class Store> __device__ __forceinline__ void store_sorted(u64* words, u32 held, u32 k, Store store) {
  if (held <= THREADS / 2) { // counting is quicker than a network for few
    rank_by_lanes<THREADS, 2>(words, held, [&](u64 word, u32 rank) {
      if (rank < k) store(rank, word);
    });
    for (u32 at = held + threadIdx.x; at < k; at += THREADS) store(at, 0);
    return;
  }
  u32 size = 32;
  while (size < held) size *= 2;
  if (size <= THREADS) {
    u64 mine = threadIdx.x < held ? words[threadIdx.x] : 0;
    __syncthreads();
    mine = sort_threads<THREADS>(mine, size, words);
    for (u32 at = threadIdx.x; at < k; at += THREADS) store(at, at < size ? mine : 0);
  } else {
    for (u32 i = held + threadIdx.x; i < size; i += THREADS) words[i] = 0;
    __syncthreads();
    sort_words<THREADS>(words, size);
    for (u32 at = threadIdx.x; at < k; at += THREADS) store(at, at < size ? words[at] : 0);
  }
}
