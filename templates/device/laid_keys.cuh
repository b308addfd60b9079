// A block's part laid down in shared memory as keys, in column order: its slots, and before or behind them one slot of its lead or tail (no
// part has both), filled up with key 0. In turns of one slot a thread, so that turns, and threads in a turn, follow the columns.
template <class Part, class R, u32 THREADS> struct LaidKeys {
  typedef typename Part::Raw Raw;
  static constexpr u32 perSlot = Part::perSlot;
  static constexpr u32 full = (1u << perSlot) - 1;
  uint4* const slot;
  const u32 lead, tail, slots; // elements, and slots with theirs
  u32 wanted;                  // bit t: this thread's slot of turn t is

  __device__ __forceinline__ LaidKeys(const Part& part, uint4* laid)
      : slot(laid), lead(part.lead), tail(part.tail), slots(part.slots + (part.lead + part.tail ? 1 : 0)) {
    const u32 turns = (slots + THREADS - 1 - threadIdx.x) / THREADS;
    wanted = (1u << turns) - 1;
  }
  __device__ __forceinline__ u32 at(u32 turn) const { return turn * THREADS + threadIdx.x; }
  // Elements of a slot that are the part's, a bit each, and the place of its element 0.
  __device__ __forceinline__ u32 valid(u32 at) const {
    if (lead && at == 0) return full << (perSlot - lead) & full;
    return tail && at == slots - 1 ? full >> (perSlot - tail) : full;
  }
  __device__ __forceinline__ u32 place(u32 at) const { return at * perSlot - (lead ? perSlot - lead : 0); }

  // Lays down what this thread keeps: slots v * THREADS + threadIdx.x of the body, and the key of a lead's or tail's element, or 0.
  template <u32 VECTORS> __device__ __forceinline__ void lay(const uint4 (&raw)[VECTORS], u32 bodySlots, u32 edgeKey) const {
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) {
      if (at(v) < bodySlots) slot[at(v) + (lead ? 1 : 0)] = R::keys(raw[v]);
    }
    if (slots > bodySlots && threadIdx.x < perSlot) {
      ((Raw*)&slot[lead ? 0 : bodySlots])[(threadIdx.x + (lead ? perSlot - lead : 0)) % perSlot] = (Raw)edgeKey;
    }
  }
  // Key j, a compile-time constant after unrolling.
  static __device__ __forceinline__ u32 key(const uint4& keys, int j) {
    const int part = j * (int)sizeof(Raw) / 4;
    const u32 its = part == 0 ? keys.x : part == 1 ? keys.y : part == 2 ? keys.z : keys.w;
    return sizeof(Raw) == 2 ? its >> 16 * (j & 1) & 0xffffu : its;
  }
};
