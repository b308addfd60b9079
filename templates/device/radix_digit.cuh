// Finding one digit of a row's k-th key, by a block: counts, and a choice among them.

// Which bits of a key are the digit, and what those above it must be for a key to count.
struct Digit {
  u32 shift, bits, agreed;
};
struct Choice {
  u32 bin, over, inside; // the digit, the keys with greater ones, and those with this one
};

// Counts the digits of a run's keys that agree into `bins`, in shared memory; with OVER, gives this thread's number of keys above all that agree.
template <class E, u32 THREADS, int VECTORS, bool OVER, class Key>
__device__ __forceinline__ u32 count_digit(const Slots<E>& run, const Digit& digit, u32* bins, Key key) {
  typedef Slots<E> Run;
  const u32 least = digit.agreed << digit.bits, span = (1u << digit.bits) - 1;
  u32 over = 0;
  for (i64 first = threadIdx.x; first < run.count; first += THREADS * VECTORS) {
    uint4 slot[VECTORS];
    u32 valid[VECTORS];
#pragma unroll
    for (int v = 0; v < VECTORS; v++) slot[v] = run.load(first + v * THREADS, valid[v]);
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      if (valid[v] == 0) continue;
#pragma unroll
      for (int j = 0; j < Run::perSlot; j++) {
        const u32 upper = key(Run::element(slot[v], j)) >> digit.shift;
        if ((valid[v] >> j & 1u) && upper - least <= span) atomicAdd(&bins[upper - least], 1u);
        if (OVER) over += (valid[v] >> j & 1u) && upper > least + span;
      }
    }
  }
  return over;
}

// The sum of the bins above this thread's, of BINS; thread 0 has the highest. `mine` is the sum of its own.
template <int WARPS, u32 BINS> __device__ __forceinline__ u32 sum_of_higher(const u32* bins, u32* warpSums, u32& mine) {
  constexpr u32 EACH = (BINS + 32 * WARPS - 1) / (32 * WARPS);
  mine = 0;
  for (u32 i = 0; i < EACH; i++) {
    const u32 fromTop = threadIdx.x * EACH + i;
    if (fromTop < BINS) mine += bins[BINS - 1 - fromTop];
  }
  u32 total;
  return block_sum_before<WARPS>(mine, warpSums, total);
}

// The bin in which the count from the top reaches `wanted`. All threads call it, after a barrier; it ends with one.
template <int WARPS, u32 BINS> __device__ __forceinline__ void choose_digit(const u32* bins, u32 wanted, Choice& choice, u32* warpSums) {
  constexpr u32 EACH = (BINS + 32 * WARPS - 1) / (32 * WARPS);
  u32 mine;
  u32 higher = sum_of_higher<WARPS, BINS>(bins, warpSums, mine);
  if (higher < wanted && wanted <= higher + mine) {
    u32 bin = BINS - 1 - threadIdx.x * EACH;
    while (higher + bins[bin] < wanted) higher += bins[bin--];
    choice = {bin, higher, bins[bin]};
  }
  __syncthreads();
}

// What is known after a digit was chosen.
__device__ __forceinline__ Found narrowed(const Found& f, const Digit& digit, const Choice& choice, u32 k) {
  const u32 bound = f.bound | choice.bin << digit.shift, ties = f.ties - choice.over;
  if (choice.inside == ties && digit.shift > 0) return {bound - 1, k, 0, 1};
  return {bound, f.above + choice.over, ties, 0};
}
