// The exact k-th key of a row that a cluster shares, for rows where masses of elements lie at or above the threshold: a radix selection
// over y = key - base, the histograms of the blocks added through distributed shared memory.
struct RadixScratch {
  u32 above, equal; // this block's elements with keys above the first base, and with that key
  u32 bins[2][256]; // this block's counts; in turns, so that a pass may clear one while peers still read the other
  u32 total[256];   // the cluster's
  u32 before[256];  // of the blocks before this one
  u32 bin, wanted, inside;
  u32 warpSums[2][32];
};

// What is wanted: every key above `key`, and of this block's elements with that key the first `ties` by place.
struct RadixResult {
  u32 key, ties;
};

// A logarithmic bin: exact below 16, then eight to an octave, since the wanted key is seldom far above a threshold: often one pass is all.
__device__ __forceinline__ u32 log_bin(u32 y) {
  const u32 octave = 31 - __clz(y | 1);
  return y < 16 ? y : (octave - 2) * 8 + ((y >> (octave - 3)) & 7);
}
__device__ __forceinline__ u32 log_bin_start(u32 bin) { return bin < 16 ? bin : (8 + bin % 8) << (bin / 8 - 1); }
__device__ __forceinline__ u32 log_bin_bits(u32 bin) { return bin < 16 ? 0 : bin / 8 - 1; }

// The bin where the count from the top reaches `wanted`, which it does. One warp; leaves bin, what is wanted of it and what is inside.
__device__ __forceinline__ void find_bin(RadixScratch& s, u32 wanted) {
  const u32 lane = threadIdx.x;
  u32 sum = 0;
  for (u32 b = 0; b < 8; b++) sum += s.total[255 - 8 * lane - b];
  u32 through = sum;
  for (u32 step = 1; step < 32; step *= 2) {
    const u32 below = __shfl_up_sync(0xffffffffu, through, step);
    if (lane >= step) through += below;
  }
  u32 above = through - sum;
  if (above < wanted && wanted <= through) {
    u32 bin = 255 - 8 * lane;
    while (above + s.total[bin] < wanted) above += s.total[bin--];
    s.bin = bin;
    s.wanted = wanted - above;
    s.inside = s.total[bin];
  }
}

// The sum over the cluster of a u32 that every block keeps at the same place, and over the blocks before this one.
template <int C> __device__ __forceinline__ u32 cluster_sum(const u32* mine, u32 rank, u32& before) {
  u32 total = 0;
  before = 0;
#pragma unroll
  for (u32 peer = 0; peer < C; peer++) {
    const u32 count = load_peer(peer_address(shared_address(mine), peer));
    total += count;
    before += peer < rank ? count : 0;
  }
  return total;
}

// The keys of a slot against one: bits of the elements above it, and of those equal to it.
template <class Part> __device__ __forceinline__ void compare_slot(const uint4& slot, u32 valid, u32 key, u32& above, u32& equal) {
  if (Part::uniform(slot)) { // masses of ties are full of these
    const u32 its = Part::key(slot, 0);
    above = its > key ? Part::full : 0;
    equal = its == key ? Part::full : 0;
  } else {
    above = equal = 0;
#pragma unroll
    for (int j = 0; j < (int)Part::perSlot; j++) {
      const u32 its = Part::key(slot, j);
      above |= (u32)(its > key) << j;
      equal |= (u32)(its == key) << j;
    }
  }
  above &= valid;
  equal &= valid;
}

// The wanted-th greatest key of the row. At least `wanted` (> 0) elements have keys >= base. All threads of the cluster call it; blocks
// may still be reading each other's bins when it returns.
template <int THREADS, int C, class Part> __device__ __forceinline__ RadixResult cluster_kth(const Part& part, u32 rank, u32 base, u32 wanted, RadixScratch& s) {
  const u32 tid = threadIdx.x;
  for (u32 i = tid; i < 512; i += THREADS) s.bins[i / 256][i % 256] = 0;
  if (tid == 0) s.above = s.equal = 0;
  __syncthreads();
  u32 width = 32; // the wanted key lies in base .. base + 2^width - 1
  for (u32 pass = 0;; pass++) {
    u32* bins = s.bins[pass & 1];
    const u32 shift = width > 8 ? width - 8 : 0;
    const auto count = [&](u32 key, u32 elements) {
      const u32 y = key - base;
      if (pass == 0 || (y >> width) == 0) atomicAdd(&bins[pass ? y >> shift : log_bin(y)], elements);
    };
    // Ties would queue up at one address: those with the base itself, the usual masses, are counted apart, and slots of one value at once.
    u32 atBase = 0, aboveBase = 0;
    part.template each_round<THREADS>([&](const uint4& slot, u32 valid, u32) {
      u32 above, equal;
      compare_slot<Part>(slot, valid, base, above, equal);
      atBase += __popc(equal);
      aboveBase += __popc(above);
      if (above == Part::full && Part::uniform(slot)) {
        count(Part::key(slot, 0), Part::perSlot);
      } else if (above) {
#pragma unroll
        for (int j = 0; j < (int)Part::perSlot; j++) {
          if (above >> j & 1u) count(Part::key(slot, j), 1);
        }
      }
    });
    atBase = __reduce_add_sync(0xffffffffu, atBase);
    if (tid % 32 == 0 && atBase) atomicAdd(&bins[0], atBase);
    if (pass == 0) {
      aboveBase = __reduce_add_sync(0xffffffffu, aboveBase);
      if (tid % 32 == 0) {
        atomicAdd(&s.above, aboveBase);
        atomicAdd(&s.equal, atBase);
      }
    }
    cluster_arrive();
    cluster_wait();
    if (pass == 0) {
      // the k-th key is most often the threshold itself; then nothing is left to search
      u32 before;
      const u32 above = cluster_sum<C>(&s.above, rank, before);
      cluster_sum<C>(&s.equal, rank, before);
      if (above < wanted) return {base, wanted - above > before ? wanted - above - before : 0};
    }
    for (u32 b = tid; b < 256; b += THREADS) {
      s.bins[(pass + 1) & 1][b] = 0; // its readers, of the pass before, have all arrived since
      u32 before;
      s.total[b] = cluster_sum<C>(&bins[b], rank, before);
      s.before[b] = before;
    }
    __syncthreads();
    if (tid < 32) find_bin(s, wanted);
    __syncthreads();
    const u32 found = s.bin, before = s.before[found];
    wanted = s.wanted;
    base += pass ? found << shift : log_bin_start(found);
    width = pass ? shift : log_bin_bits(found);
    if (s.inside == wanted || width == 0) {
      // where no tie is cut, all are taken
      return {base, s.inside == wanted ? 0xffffffffu : wanted > before ? wanted - before : 0};
    }
  }
}

// Sum of `value` over the threads before this one, and over all. A barrier; `turn` is the call's number.
template <int THREADS> __device__ __forceinline__ u32 sum_before(u32 value, u32 turn, RadixScratch& s, u32& total) {
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u32 through = value;
#pragma unroll
  for (u32 step = 1; step < 32; step *= 2) {
    const u32 below = __shfl_up_sync(0xffffffffu, through, step);
    if (lane >= step) through += below;
  }
  u32* sums = s.warpSums[turn & 1];
  if (lane == 31) sums[warp] = through;
  __syncthreads();
  u32 sum = through - value;
  total = 0;
  for (u32 w = 0; w < THREADS / 32; w++) {
    sum += w < warp ? sums[w] : 0;
    total += sums[w];
  }
  return sum;
}
