// A block's part of a row as its threads hold it in registers: the keys of 16-byte slots, and of the elements before and behind them one a thread.
template <class E, class Part, int THREADS, int VECTORS> struct HeldPart {
  static constexpr int perSlot = Part::perSlot;
  static constexpr u32 full = (1u << perSlot) - 1;
  static constexpr int perRegister = 4 / sizeof(typename E::Raw);
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
};
