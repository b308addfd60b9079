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
  u32 count;    // words
  u32 greatest; // key, of the bisection; 0 between
  u32 above[3]; // one that is counted in, one that is read, one that is made ready
};

// Leaves of words[0..held) the greatest ones, at least k and at most `enough`, in words[0..kept.count), in no order. Needs k <= enough < held
// <= CAPACITY, and all words at least `lo`. Returns a bar: exactly the words that are left reach it. All threads call it; it ends with a barrier.
template <int THREADS, int CAPACITY> __device__ u64 thin_out(u64* words, u32 held, u32 k, u32 enough, u64 lo, u32 keyShift, Kept& kept) {
  constexpr int ITEMS = (CAPACITY + THREADS - 1) / THREADS;
  u64 mine[ITEMS];
  u32 greatest = 0;
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 at = i * THREADS + threadIdx.x;
    mine[i] = at < held ? words[at] : 0;
    greatest = greater_of(greatest, (u32)(mine[i] >> keyShift));
  }
  greatest = __reduce_max_sync(0xffffffffu, greatest);
  if (threadIdx.x % 32 == 0) atomicMax(&kept.greatest, greatest);
  if (threadIdx.x < 3) kept.above[threadIdx.x] = 0;
  __syncthreads();
  u64 hi = (u64)kept.greatest << keyShift | (((u64)1 << keyShift) - 1); // fewer than k words exceed it, too many reach lo
  u32 reached = held;
  for (u32 step = 0; reached > enough; step = step == 2 ? 0 : step + 1) {
    const u64 middle = lo + (hi - lo) / 2;
    u32 count = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      if (i * THREADS >= held) break;
      count_greater(count, mine[i], middle);
    }
    count = __reduce_add_sync(0xffffffffu, count);
    if (threadIdx.x % 32 == 0) atomicAdd(&kept.above[step], count);
    __syncthreads();
    const u32 above = kept.above[step];
    // everyone has read it a barrier ago, and counts in it a barrier from now
    if (threadIdx.x == 0) kept.above[step == 0 ? 2 : step - 1] = 0;
    if (above >= k) {
      lo = middle + 1;
      reached = above;
    } else {
      hi = middle;
    }
  }
  if (threadIdx.x == 0) kept.count = kept.greatest = 0;
  __syncthreads();
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    if (i * THREADS >= held) break;
    if (mine[i] >= lo) words[atomicAdd(&kept.count, 1u)] = mine[i];
  }
  __syncthreads();
  return lo;
}
