template <bool WIDE> struct HeldMask { typedef u32 Type; };
template <> struct HeldMask<true> { typedef u64 Type; };

// A block's part of a row as its threads hold it in registers: the keys of 16-byte slots, and of the elements before and behind them one a thread.
template <class E, class Part, int THREADS, int VECTORS> struct HeldPart {
  static constexpr int perSlot = Part::perSlot;
  static constexpr u32 full = (1u << perSlot) - 1;
  static constexpr int perRegister = 4 / sizeof(typename E::Raw);
  typedef typename HeldMask<(VECTORS * perSlot > 32)>::Type Mask; // bit v * perSlot + j for key j of slot v
  const Part& part;
  uint4 slot[VECTORS]; // where there is no slot, anything
  const u32 edge;      // place of the single element, or Part::none
  const u32 edgeKey;

  __device__ __forceinline__ HeldPart(const Part& part_, const uint4 (&raw)[VECTORS], u32 edge_, u32 edgeKey_) : part(part_), edge(edge_), edgeKey(edgeKey_) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) slot[v] = make_uint4(keys(raw[v].x), keys(raw[v].y), keys(raw[v].z), keys(raw[v].w));
  }
  static __device__ __forceinline__ u32 keys(u32 raw) {
    if constexpr (perRegister == 1) return E::key(raw);
    else return E::key((typename E::Raw)raw) | E::key((typename E::Raw)(raw >> 16)) << 16;
  }
  // Key j, a compile-time constant after unrolling.
  static __device__ __forceinline__ u32 key(const uint4& slot, int j) {
    const int at = j / perRegister;
    const u32 keys = at == 0 ? slot.x : at == 1 ? slot.y : at == 2 ? slot.z : slot.w;
    return perRegister == 1 ? keys : keys >> 16 * (j & 1) & E::greatestKey;
  }

  // In rounds, so that rounds, and threads in a round, follow the columns; all threads make every round: visit(slot, valid, place), where bit j
  // of `valid` says that key j counts, and `place` is key 0's.
  template <class Visit> __device__ __forceinline__ void each_round(Visit visit) const {
    if (part.lead) visit(make_uint4(edgeKey, 0, 0, 0), edge != Part::none, edge);
#pragma unroll 1
    for (u32 v = 0; v < VECTORS; v++) { // a run-time index: the slots lie in local memory, and cost the kernel no registers
      const u32 at = v * THREADS + threadIdx.x;
      visit(slot[v], at < part.slots ? full : 0, part.place(at, 0));
    }
    if (part.tail) visit(make_uint4(edgeKey, 0, 0, 0), edge != Part::none, edge);
  }

  // The slots' keys for which test(key).
  template <class Test> __device__ __forceinline__ Mask which(Test test) const {
    Mask its = 0;
#pragma unroll 1
    for (u32 v = 0; v < VECTORS && v * THREADS + threadIdx.x < part.slots; v++) {
      const uint4 keys = slot[v];
      u32 bits = 0;
#pragma unroll
      for (int j = 0; j < perSlot; j++) bits |= (u32)test(key(keys, j)) << j;
      its |= (Mask)bits << v * perSlot;
    }
    return its;
  }
  static __device__ __forceinline__ u32 ones(u32 its) { return __popc(its); }
  static __device__ __forceinline__ u32 ones(u64 its) { return __popcll(its); }
  static __device__ __forceinline__ u32 first(u32 its) { return __ffs(its) - 1; }
  static __device__ __forceinline__ u32 first(u64 its) { return __ffsll(its) - 1; }
  __device__ __forceinline__ u32 key_at(u32 bit) const {
    const u32 keys = ((const u32*)slot)[bit / perRegister];
    return perRegister == 1 ? keys : keys >> 16 * (bit & 1) & E::greatestKey;
  }
  __device__ __forceinline__ u32 place_at(u32 bit) const { return part.place(bit / perSlot * THREADS + threadIdx.x, bit % perSlot); }
};
