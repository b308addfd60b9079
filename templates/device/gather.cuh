// Words that a block gathers in shared memory, all that reach a bar. A warp appends all words of a step or none: where they do not fit, the
// warp stays where it is, the others go on until they have to stay as well, and then the block keeps the k best, of which the last is the
// new bar. So nothing overflows on any data, and no barrier stands between one step and the next.
template <u32 THREADS, u32 CAPACITY> struct Gathered {
  __align__(16) u64 words[CAPACITY];
  KthScratch kth;
  u32 asked; // places given away, also beyond the capacity

  __device__ __forceinline__ u32 held() const { return lesser_of(asked, CAPACITY); }

  // Places for `total` words of a warp, of which `at` is the first; false where they do not all fit. All lanes call it.
  __device__ __forceinline__ bool reserve(u32 total, u32& at) {
    const u32 lane = threadIdx.x % 32;
    if (lane == 0) at = atomicAdd(&asked, total);
    at = __shfl_sync(0xffffffffu, at, 0);
    if (at + total <= CAPACITY) return true;
    for (u32 i = at + lane; i < CAPACITY; i += 32) words[i] = 0; // given away, and not taken: no element
    return false;
  }
  // Appends one word of each lane that has one, in neighbouring places from `at`, which moves on. All lanes call it.
  __device__ __forceinline__ void append(bool has, u64 word, u32& at) {
    const u32 having = __ballot_sync(0xffffffffu, has);
    if (has) words[at + __popc(having & ((1u << threadIdx.x % 32) - 1))] = word;
    at += __popc(having);
  }

  // Keeps the k best, or up to `slack` more, and returns the last of them. More than k are elements. All threads call it, after a barrier; it ends with one.
  __device__ __forceinline__ u64 keep_best(u32 k, u32 slack) {
    const u32 count = held(), lane = threadIdx.x % 32;
    const u64 floor = kth_floor<THREADS>(words, count, k, slack, kth);
    if (threadIdx.x == 0) asked = 0;
    // in place: what a round writes lies at or before what it has read
    for (u32 first = 0; first < count; first += THREADS) {
      const u32 from = first + threadIdx.x;
      const u64 word = from < count ? words[from] : 0;
      const u32 staying = __ballot_sync(0xffffffffu, word >= floor);
      __syncthreads();
      u32 at = 0;
      if (lane == 0 && staying) at = atomicAdd(&asked, (u32)__popc(staying));
      at = __shfl_sync(0xffffffffu, at, 0);
      append(word >= floor, word, at);
    }
    __syncthreads();
    return floor;
  }
};
