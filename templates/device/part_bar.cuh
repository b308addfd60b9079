// The best of a block's part, where too many elements are wanted for a list: a bar that enough of them reach and not many more.
struct PartBar {
  u32 key;
  u32 above; // elements with greater keys: all are taken
  u32 ties;  // and of those with this key the first so many by place
};

// One word a warp for each of three values, in turns: one call's readers do not meet the next one's writers.
template <u32 THREADS> struct BarScratch { u32 warps[2][3][THREADS / 32]; };

// The keys of a slot against one: bits of the elements above it, and of those equal to it.
template <class Part> __device__ __forceinline__ void compare_slot(const uint4& slot, u32 valid, u32 key, u32& above, u32& equal) {
  above = equal = 0;
  if (!valid) return;
  if (Part::uniform(slot)) { // masses of ties are full of these
    const u32 its = Part::key(slot, 0);
    above = its > key ? valid : 0;
    equal = its == key ? valid : 0;
    return;
  }
#pragma unroll
  for (int j = 0; j < (int)Part::perSlot; j++) {
    const u32 its = Part::key(slot, j);
    above |= (u32)(its > key) << j;
    equal |= (u32)(its == key) << j;
  }
  above &= valid;
  equal &= valid;
}

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

// More than `room` (>= wanted) of the wanted slots' elements have keys >= least, none above `most`; elements that do not count have key 0.
// Returns a bar that takes wanted .. room of them. Each step counts three keys that cut the range in four, the first time about `hint`,
// and looks at no slot again whose elements are all below the range. Unlike a histogram, it does not care how elements are spread, and its
// code is short: a rare path is read from memory when it comes.
template <u32 THREADS, class Part, class Laid>
__device__ __forceinline__ PartBar
part_bar(const Part& part, Laid& laid, u32 least, u32 most, u32 hint, u32 wanted, u32 room, u32& turns, BarScratch<THREADS>& s) {
  u32 above = 0; // elements beyond `most`: fewer than wanted
  while (least < most) {
    const u32 range = most - least, quarter = range / 4 + 1;
    u32 cut[3] = {least + quarter, least + lesser_of(2 * quarter, range), least + lesser_of(3 * quarter, range)};
    if (least < hint && hint < most) {
      cut[0] = hint - (hint - least) / 2;
      cut[1] = hint;
      cut[2] = hint + (most - hint + 1) / 2;
    }
    hint = 0;
    u32 count[3] = {0, 0, 0}, slots[3] = {0, 0, 0}; // elements that reach them, and in which slots
    laid.each_wanted(part, [&](const uint4& slot, u32 turn) {
      u32 its[3] = {0, 0, 0};
      if (Part::uniform(slot)) {
        const u32 key = Part::key(slot, 0);
#pragma unroll
        for (int i = 0; i < 3; i++) its[i] = key >= cut[i] ? Part::perSlot : 0;
      } else {
#pragma unroll
        for (int j = 0; j < (int)Part::perSlot; j++) {
          const u32 key = Part::key(slot, j);
#pragma unroll
          for (int i = 0; i < 3; i++) its[i] += key >= cut[i];
        }
      }
#pragma unroll
      for (int i = 0; i < 3; i++) {
        count[i] += its[i];
        slots[i] |= (u32)(its[i] > 0) << turn;
      }
    });
    auto& warps = s.warps[turns++ & 1];
#pragma unroll
    for (int i = 0; i < 3; i++) {
      count[i] = __reduce_add_sync(0xffffffffu, count[i]);
      if (threadIdx.x % 32 == 0) warps[i][threadIdx.x / 32] = count[i];
    }
    __syncthreads();
    u32 reach = room + 1;
#pragma unroll
    for (int i = 0; i < 3; i++) {
      const u32 all = __reduce_add_sync(0xffffffffu, of_warp<THREADS>(warps[i]));
      if (all >= wanted) {
        least = cut[i];
        reach = all;
        laid.wanted = slots[i];
      } else if (cut[i] <= most) {
        most = cut[i] - 1;
        above = all;
      }
    }
    if (reach <= room) return {least - 1, reach, 0};
  }
  return {least, above, wanted - above};
}
