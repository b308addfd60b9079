// The best of a block's part, where too many elements are wanted for a list: a bar that enough of them reach and not many more.
struct PartBar {
  u32 key;
  u32 above; // elements with greater keys: all are taken
  u32 ties;  // and of those with this key the first so many by place
};

// Keys that a step counts.
constexpr u32 CUTS = 3;
// One word a warp for each, in turns: one call's readers do not meet the next one's writers.
template <u32 THREADS> struct BarScratch { u32 warps[2][CUTS][THREADS / 32]; };

// Over the warps, of what each left.
template <u32 THREADS> __device__ __forceinline__ u32 of_warp(const u32 (&warps)[THREADS / 32]) {
  const u32 lane = threadIdx.x % 32;
  return lane < THREADS / 32 ? warps[lane] : 0;
}
// The sum over the threads before this one; `total` is over all. A barrier.
template <u32 THREADS> __device__ __forceinline__ u32 sum_before(u32 value, u32 turn, BarScratch<THREADS>& s, u32& total) {
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u32 through = value;
#pragma unroll
  for (u32 step = 1; step < 32; step *= 2) {
    const u32 below = __shfl_up_sync(0xffffffffu, through, step);
    if (lane >= step) through += below;
  }
  auto& warps = s.warps[turn & 1][0];
  if (lane == 31) warps[warp] = through;
  __syncthreads();
  const u32 its = of_warp<THREADS>(warps);
  total = __reduce_add_sync(0xffffffffu, its);
  return __reduce_add_sync(0xffffffffu, lane < warp ? its : 0) + through - value;
}

// Counts keys above one, two 16-bit keys at a time: a key clamped to below .. below + 1 is more than `below` by one exactly where it counts.
// What one half's sum carries into the other is taken away with the sum of as many times `below`.
template <class R> struct KeyCounter {
  u32 low, high, sum;
  __device__ __forceinline__ void start(u32 below) {
    low = below * R::each;
    high = low + R::each;
    sum = 0;
  }
  __device__ __forceinline__ u32 clamped(u32 keys) const { return R::bits_min(R::bits_max(keys, low), high); }
  __device__ __forceinline__ void add(const uint4& keys) { sum += clamped(keys.x) + clamped(keys.y) + clamped(keys.z) + clamped(keys.w); }
  // Over the lanes of a warp, of so many slots each.
  __device__ __forceinline__ u32 in_warp(u32 slots) const {
    const u32 counts = __reduce_add_sync(0xffffffffu, sum - 4 * slots * low);
    return R::paired ? (counts & 0xffffu) + (counts >> 16) : counts;
  }
};

// More than `room` (>= wanted) of the elements have keys >= least, none above `most`. Returns a bar that takes wanted .. room of them. Each
// step counts keys that cut the range evenly, the first time about `hint`, and looks at no slot again whose elements are all below the range.
// Unlike a histogram, it does not care how elements are spread, and its code is short: a rare path is read from memory when it comes.
template <u32 THREADS, class R, class Laid>
__device__ __forceinline__ PartBar part_bar(Laid& laid, u32 least, u32 most, u32 hint, u32 wanted, u32 room, u32& turns, BarScratch<THREADS>& s) {
  u32 above = 0; // elements beyond `most`: fewer than wanted
  while (least < most) {
    const u32 range = most - least, part = range / (CUTS + 1) + 1;
    const bool hinted = least < hint && hint < most;
    u32 cut[CUTS];
#pragma unroll
    for (u32 i = 0; i < CUTS; i++) {
      cut[i] = least + lesser_of((i + 1) * part, range);
      if (hinted) cut[i] = i < CUTS / 2 ? hint - ((hint - least) >> (i + 1)) : i == CUTS / 2 ? hint : hint + ((most - hint + 1) >> (CUTS - i));
    }
    hint = 0;
    KeyCounter<R> count[CUTS]; // elements that reach them
#pragma unroll
    for (u32 i = 0; i < CUTS; i++) count[i].start(cut[i] - 1);
    u32 slots = 0;
#pragma unroll 1
    for (u32 left = laid.wanted; left; left &= left - 1) {
      const uint4 keys = laid.slot[laid.at(__ffs(left) - 1)];
      if (R::greatest_key(keys) < least) {
        laid.wanted ^= left & (0u - left);
        continue;
      }
      slots++;
#pragma unroll
      for (u32 i = 0; i < CUTS; i++) count[i].add(keys);
    }
    auto& warps = s.warps[turns++ & 1];
#pragma unroll
    for (u32 i = 0; i < CUTS; i++) {
      const u32 all = count[i].in_warp(slots);
      if (threadIdx.x % 32 == 0) warps[i][threadIdx.x / 32] = all;
    }
    __syncthreads();
    u32 reach = room + 1;
#pragma unroll
    for (u32 i = 0; i < CUTS; i++) {
      const u32 all = __reduce_add_sync(0xffffffffu, of_warp<THREADS>(warps[i]));
      if (all >= wanted) {
        least = cut[i];
        reach = all;
      } else if (cut[i] <= most) {
        most = cut[i] - 1;
        above = all;
      }
    }
    if (reach <= room) return {least - 1, reach, 0};
  }
  return {least, above, wanted - above};
}
