// Exact selection among unique words in shared memory, by a whole block. Shared layout of a kernel that selects: the words, then
// `Selector`'s 256 bins and its control words.
struct Selector {
  u32* bins;    // 256
  u32* control;
  // COUNT has 16 bytes of its own: the others are read as one vector, which must not take it along while others count
  enum { COUNT = 0, DIGIT = 4, WANTED, INSIDE };
  __device__ __forceinline__ Selector(void* after) : bins((u32*)after), control((u32*)after + 256) {}
  __device__ __forceinline__ u32& count() const { return control[COUNT]; }
};

// Leaves the k greatest of words[0..held) in words[0..k), in no order, and k in count(). Needs held > k, held <= CAPACITY, all words
// below 2^TOP. Returns a floor: exactly those k words are >= it. Radix select: 8 bits a pass from the top, until every word of the bin
// that holds the k-th one is wanted. All threads call it; it ends with a barrier.
template <int THREADS, int CAPACITY, int TOP>
__device__ u64 select_top(u64* words, u32 held, u32 k, const Selector& selector) {
  constexpr int ITEMS = (CAPACITY + THREADS - 1) / THREADS;
  const u32 tid = threadIdx.x;
  u64 mine[ITEMS];
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 at = i * THREADS + tid;
    mine[i] = at < held ? words[at] : 0;
  }
  u64 floor = 0;
  u32 wanted = k;
  for (int shift = TOP - 8;; shift -= 8) {
    for (u32 bin = tid; bin < 256; bin += THREADS) selector.bins[bin] = 0;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      if (i * THREADS >= held) break;
      // the second shift is apart because a shift by 64 is undefined
      if (mine[i] && ((mine[i] ^ floor) >> shift >> 8) == 0) atomicAdd(&selector.bins[(u32)(mine[i] >> shift) & 255u], 1u);
    }
    __syncthreads();
    if (tid < 32) {
      // lane l has the bins 255-8l down to 248-8l: find the bin where the count from the top reaches `wanted`
      u32 sum = 0;
      for (u32 b = 0; b < 8; b++) sum += selector.bins[255 - 8 * tid - b];
      u32 through = sum;
      for (int step = 1; step < 32; step *= 2) {
        const u32 below = __shfl_up_sync(0xffffffffu, through, step);
        if (tid >= step) through += below;
      }
      u32 above = through - sum;
      if (above < wanted && wanted <= through) {
        u32 bin = 255 - 8 * tid;
        while (above + selector.bins[bin] < wanted) above += selector.bins[bin--];
        selector.control[Selector::DIGIT] = bin;
        selector.control[Selector::WANTED] = wanted - above;
        selector.control[Selector::INSIDE] = selector.bins[bin];
        selector.count() = 0; // everyone who reads `held` from it has done so, two barriers ago
      }
    }
    __syncthreads();
    floor |= (u64)selector.control[Selector::DIGIT] << shift;
    wanted = selector.control[Selector::WANTED];
    if (shift == 0 || selector.control[Selector::INSIDE] == wanted) break;
  }
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    if (i * THREADS >= held) break;
    if (mine[i] && mine[i] >= floor) words[atomicAdd(&selector.count(), 1u)] = mine[i];
  }
  __syncthreads();
  return floor;
}
