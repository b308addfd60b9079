// Where more elements of a row reach a threshold than are held: closes in on the k-th key, by histograms of the blocks that are added
// through distributed shared memory. A table has 64 groups of 64 bins, so that few of its sums have to be fetched.
constexpr u32 TABLE = 4096;

struct NarrowScratch {
  u32 groups[2][64];            // sums of 64 bins of this block
  u32 bin, before, inside;      // what was found: in the whole cluster, elements in the bins before it, and in it
  u32 insideBefore;             // in it, of the blocks before this one
};

// What is wanted of a row: its `above` elements with keys above base + last, and of the `inside` ones with keys base .. base + last the greatest `wanted`.
struct Narrowed {
  u32 base, last, above, inside, wanted;
  u32 insideBefore; // of the inside ones, those in blocks before this one
};

// Of 64 counts that every block keeps at the same place, the first through which the cluster's sum reaches `wanted`. One warp.
template <int C> __device__ __forceinline__ u32 find_among_64(const u32* mine, u32 wanted, u32& before, u32& inside) {
  const u32 lane = threadIdx.x, address = shared_address(mine) + lane * 8;
  u32 first = 0, second = 0;
#pragma unroll
  for (u32 peer = 0; peer < C; peer++) {
    first += load_peer(peer_address(address, peer));
    second += load_peer(peer_address(address + 4, peer));
  }
  u32 through = first + second;
#pragma unroll
  for (u32 step = 1; step < 32; step *= 2) {
    const u32 below = __shfl_up_sync(0xffffffffu, through, step);
    if (lane >= step) through += below;
  }
  const u32 start = through - first - second;
  const u32 holder = __ffs(__ballot_sync(0xffffffffu, start < wanted && wanted <= through)) - 1;
  const bool isSecond = start + first < wanted;
  before = __shfl_sync(0xffffffffu, isSecond ? start + first : start, holder);
  inside = __shfl_sync(0xffffffffu, isSecond ? second : first, holder);
  return __shfl_sync(0xffffffffu, lane * 2 + isSecond, holder);
}

// At least `wanted` (> 0) elements of the row have keys >= base. Ends where no more than `enough` lie inside, or all inside are equal. Tables:
// two, the first of zeros. All threads of the cluster call it; blocks may still be reading each other's tables when it returns.
template <int THREADS, int C, class Bins, class Held>
__device__ __forceinline__ Narrowed cluster_narrow(const Held& held, u32 rank, u32 base, u32 wanted, u32 enough, u32 (&tables)[2][TABLE], NarrowScratch& s) {
  constexpr int PER = TABLE / THREADS;
  const u32 tid = threadIdx.x;
  Narrowed at = {base, 0xffffffffu - base, 0, 0, wanted, 0};
  for (u32 pass = 0;; pass ^= 1) {
    u32* table = tables[pass];
    u32 atBase = 0; // counted apart: the usual masses would queue up at one address
    held.each_round([&](const uint4& slot, u32 valid, u32) {
#pragma unroll
      for (int j = 0; j < Held::perSlot; j++) {
        const u32 y = Held::key(slot, j) - at.base; // below the base it wraps around to more than last
        if (y > at.last || !(valid >> j & 1u)) continue;
        if (y == 0) atBase++;
        else atomicAdd(&table[Bins::of(y)], 1u);
      }
    });
    atBase = __reduce_add_sync(0xffffffffu, atBase);
    if (tid % 32 == 0 && atBase) atomicAdd(&table[Bins::of(0)], atBase);
    __syncthreads();
    u32 bins[PER], sum = 0;
    load_bins(table, bins);
#pragma unroll
    for (int i = 0; i < PER; i++) sum += bins[i];
#pragma unroll
    for (int step = 1; step < 64 / PER; step *= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
    if (tid % (64 / PER) == 0) s.groups[pass][tid / (64 / PER)] = sum;
    cluster_arrive();
    cluster_wait();
    clear_bins<PER>(tables[pass ^ 1]); // its readers, of the pass before, have all arrived since
    if (tid < 32) {
      u32 before, inside, beforeInGroup;
      const u32 group = find_among_64<C>(s.groups[pass], at.wanted, before, inside);
      const u32 bin = 64 * group + find_among_64<C>(table + 64 * group, at.wanted - before, beforeInGroup, inside);
      const u32 its = tid < rank ? load_peer(peer_address(shared_address(table + bin), tid)) : 0;
      const u32 insideBefore = __reduce_add_sync(0xffffffffu, its);
      if (tid == 0) {
        s.bin = bin;
        s.before = before + beforeInGroup;
        s.inside = inside;
        s.insideBefore = insideBefore;
      }
    }
    __syncthreads();
    at.base += Bins::start(s.bin);
    at.last = (1u << Bins::shift(s.bin)) - 1;
    at.above += s.before;
    at.wanted -= s.before;
    at.inside = s.inside;
    at.insideBefore = s.insideBefore;
    if (at.inside <= enough || at.last == 0) return at;
  }
}
