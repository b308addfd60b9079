// Keeps the best of unique words in shared memory, by a whole block.

// A word in as few bits as the columns of a row need: a bisection has one step for each.
struct ShortWord {
  const u32 bits; // of a column; 0 is no element's word here either
  const u32 mask;
  __device__ __forceinline__ ShortWord(i64 cols) : bits(32 - __clz((u32)cols)), mask((1u << bits) - 1) {}
  __device__ __forceinline__ u64 make(u32 key, u32 col) const { return (u64)key << bits | (mask - col); }
  __device__ __forceinline__ u64 of(u64 word) const { return word >> 32 << bits | ((u32)word & mask); }
  __device__ __forceinline__ u32 key(u64 shortened) const { return (u32)(shortened >> bits); }
  // `of` undone; of no element, 0
  __device__ __forceinline__ u64 word(u64 shortened) const { return shortened ? shortened >> bits << 32 | (~mask | ((u32)shortened & mask)) : 0; }
};

struct Kept {
  u32 count; // words
  u32 least[32], greatest[32]; // keys of each warp, for a bisection
};

// Leaves of words[0..held) the greatest ones, at least k and at most `enough`, in words[0..kept.count), in no order. Needs k <= enough < held
// <= CAPACITY. Returns a bar: exactly the words that are left reach it. Bisects between the least and the greatest key, which a word has above its
// lower `keyShift` bits, in at most as many steps as a word has bits. All threads call it; it ends with a barrier.
template <int THREADS, int CAPACITY> __device__ u64 thin_out(u64* words, u32 held, u32 k, u32 enough, u32 keyShift, Kept& kept) {
  constexpr int ITEMS = (CAPACITY + THREADS - 1) / THREADS;
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u64 mine[ITEMS];
  u32 least = ~0u, greatest = 0;
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 at = i * THREADS + threadIdx.x;
    mine[i] = at < held ? words[at] : 0;
    if (at >= held) continue;
    least = lesser_of(least, (u32)(mine[i] >> keyShift));
    greatest = greater_of(greatest, (u32)(mine[i] >> keyShift));
  }
  least = __reduce_min_sync(0xffffffffu, least);
  greatest = __reduce_max_sync(0xffffffffu, greatest);
  if (lane == 0) {
    kept.least[warp] = least;
    kept.greatest[warp] = greatest;
  }
  __syncthreads();
  u64 lo = (u64)__reduce_min_sync(0xffffffffu, kept.least[lane % (THREADS / 32)]) << keyShift;
  u64 hi = (u64)__reduce_max_sync(0xffffffffu, kept.greatest[lane % (THREADS / 32)]) << keyShift | (((u64)1 << keyShift) - 1);
  // too many words reach lo, fewer than k exceed hi
  for (u32 reached = held; reached > enough;) {
    const u64 middle = lo + (hi - lo) / 2;
    u32 above = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      if (i * THREADS >= held) break;
      above += (u32)__syncthreads_count(mine[i] > middle);
    }
    if (above >= k) {
      lo = middle + 1;
      reached = above;
    } else {
      hi = middle;
    }
  }
  if (threadIdx.x == 0) kept.count = 0;
  __syncthreads();
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 at = i * THREADS + threadIdx.x;
    if (at < held && mine[i] >= lo) words[atomicAdd(&kept.count, 1u)] = mine[i];
  }
  __syncthreads();
  return lo;
}
