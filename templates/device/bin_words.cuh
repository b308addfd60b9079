// What bin_words works with.
struct Sorting {
  W::Type* sorted; // BINNED
  u32* bins;       // one a thread, zero to begin with
  u16* places;     // BINNED
};

// Calls store(word, rank) for each of words[0..held), all of which reach the bar: sorts them by bins of keys, and counts within a bin.
// All threads call it, after a barrier.
template <class Store>
__device__ __forceinline__ void bin_words(const W::Type* words, u32 held, u32 bar, const Sorting& sorting, u32* parts, Store store) {
  const u32 tid = threadIdx.x, lane = tid & 31, warp = tid >> 5;
  // the last bin takes the rest
  const auto bin_of = [bar](W::Type word) { return lesser_of((W::key(word) - bar) / KEY_STEP, (u32)THREADS - 1); };
  for (u32 i = tid; i < held; i += THREADS) sorting.places[i] = (u16)atomicAdd(&sorting.bins[bin_of(words[i])], 1u);
  __syncthreads();
  // where each bin begins: behind all bins of greater keys
  u32& bin = sorting.bins[THREADS - 1 - tid];
  const u32 own = bin;
  u32 through = own;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const u32 before = __shfl_up_sync(0xffffffffu, through, step);
    if (lane >= step) through += before;
  }
  if (lane == 31) parts[warp] = through;
  __syncthreads();
  bin = through - own + __reduce_add_sync(0xffffffffu, lane < warp ? parts[lane] : 0);
  __syncthreads();
  for (u32 i = tid; i < held; i += THREADS) sorting.sorted[sorting.bins[bin_of(words[i])] + sorting.places[i]] = words[i];
  __syncthreads();
  for (u32 i = tid; i < held; i += THREADS) {
    const W::Type word = sorting.sorted[i];
    const u32 at = bin_of(word), begin = sorting.bins[at], end = at ? sorting.bins[at - 1] : held;
    u32 rank = begin;
    for (u32 other = begin; other < end; other++) count_greater(rank, sorting.sorted[other], word);
    store(word, rank);
  }
}
