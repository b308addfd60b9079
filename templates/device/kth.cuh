// Radix selection among unique words in shared memory, by a block. Each digit begins at the first bit in which words differ, since words
// that are compared at all tend to lie close together, or share a key: one pass of 1024 bins is usual.
struct KthScratch {
  static constexpr u32 BINS = 1024;
  u32 bins[BINS];   // zero between selections: who reads one clears it
  u32 sums[32];     // of each warp
  u64 some[32], lacking[32];
  u32 bin, wanted, inside;

  // All threads call it, before a barrier.
  template <u32 THREADS> __device__ __forceinline__ void clear() {
    for (u32 i = threadIdx.x; i < BINS; i += THREADS) bins[i] = 0;
  }
};

__device__ __forceinline__ u64 warp_or(u64 bits) {
  return (u64)__reduce_or_sync(0xffffffffu, (u32)(bits >> 32)) << 32 | __reduce_or_sync(0xffffffffu, (u32)bits);
}

// Finds the bin where the count from the top reaches `wanted`, which it does, and clears all bins. All threads call it, after a barrier; it ends with one.
template <u32 THREADS> __device__ __forceinline__ void find_bin(KthScratch& s, u32 wanted) {
  constexpr u32 OWN = KthScratch::BINS / THREADS;
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32, top = KthScratch::BINS - 1 - threadIdx.x * OWN;
  u32 counts[OWN], sum = 0;
#pragma unroll
  for (u32 i = 0; i < OWN; i++) {
    counts[i] = s.bins[top - i];
    s.bins[top - i] = 0;
    sum += counts[i];
  }
  u32 above = sum;
#pragma unroll
  for (u32 step = 1; step < 32; step *= 2) {
    const u32 before = __shfl_up_sync(0xffffffffu, above, step);
    if (lane >= step) above += before;
  }
  if (lane == 31) s.sums[warp] = above;
  __syncthreads();
  above += __reduce_add_sync(0xffffffffu, lane < warp ? s.sums[lane] : 0) - sum;
#pragma unroll
  for (u32 i = 0; i < OWN; i++) {
    if (above < wanted && wanted <= above + counts[i]) {
      s.bin = top - i;
      s.wanted = wanted - above;
      s.inside = counts[i];
    }
    above += counts[i];
  }
  __syncthreads();
}

// A floor that at least k, and at most k + slack, of words[0..held) reach; held >= k > 0. Word 0 counts as any other. All threads call it,
// after a barrier; none has left it before all have called it.
template <u32 THREADS> __device__ __forceinline__ u64 kth_floor(const u64* words, u32 held, u32 k, u32 slack, KthScratch& s) {
  const u32 tid = threadIdx.x, lane = tid % 32;
  u64 floor = 0;
  u32 through = 64, wanted = k; // of the words that share the floor's bits from `through` on
  const auto among = [&](u64 word) { return through == 64 || (word ^ floor) >> through == 0; }; // a shift by 64 is undefined
  for (;;) {
    u64 some = 0, lacking = 0;
#pragma unroll 4
    for (u32 i = tid; i < held; i += THREADS) {
      const u64 word = words[i];
      if (among(word)) {
        some |= word;
        lacking |= ~word;
      }
    }
    some = warp_or(some);
    lacking = warp_or(lacking);
    if (lane == 0) {
      s.some[tid / 32] = some;
      s.lacking[tid / 32] = lacking;
    }
    __syncthreads();
    some = warp_or(s.some[lane % (THREADS / 32)]);
    lacking = warp_or(s.lacking[lane % (THREADS / 32)]);
    // the next digit begins where they differ
    const u32 differ = 64 - (u32)__clzll((long long)(some & lacking)), shift = differ > 10 ? differ - 10 : 0;
    if (differ == 0) return some; // one word, or none but zeros
    const u32 digits = (1u << (differ - shift)) - 1;
#pragma unroll 4
    for (u32 i = tid; i < held; i += THREADS) {
      const u64 word = words[i];
      if (among(word)) atomicAdd(&s.bins[(u32)(word >> shift) & digits], 1u);
    }
    __syncthreads();
    find_bin<THREADS>(s, wanted);
    floor = (some >> shift & ~(u64)digits | s.bin) << shift;
    through = shift;
    wanted = s.wanted;
    if (shift == 0 || s.inside - wanted <= slack) return floor;
  }
}
