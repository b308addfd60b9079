// Keeps the best of unique words in shared memory, by a whole block.
struct Kept {
  u32 count;    // words
  u32 above[3]; // of the bisection: one that is counted in, one that is read, one that is made ready
};

// Leaves of words[0..held) the greatest ones, at least k and at most `room` and k + k / 8, in words[0..kept.count), in no order. Needs
// k <= room < held <= CAPACITY, and no word above `greatest`. Returns a bar: exactly the words that are left reach it. All threads call it; it
// ends with a barrier.
template <int THREADS, int CAPACITY> __device__ u64 thin_out(u64* words, u32 held, u32 k, u32 room, u64 greatest, Kept& kept) {
  constexpr int ITEMS = (CAPACITY + THREADS - 1) / THREADS;
  u64 mine[ITEMS];
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 at = i * THREADS + threadIdx.x;
    mine[i] = at < held ? words[at] : 0;
  }
  if (threadIdx.x < 3) kept.above[threadIdx.x] = 0;
  __syncthreads();
  u64 lo = 0, hi = greatest; // too many words reach lo, fewer than k exceed hi
  const u32 enough = lesser_of(k + k / 8, room);
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
  if (threadIdx.x == 0) kept.count = 0;
  __syncthreads();
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    if (i * THREADS >= held) break;
    if (mine[i] >= lo && mine[i]) words[atomicAdd(&kept.count, 1u)] = mine[i];
  }
  __syncthreads();
  return lo;
}
