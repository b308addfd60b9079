// One block's part of a row that a cluster shares. Aligned 16-byte slots are cut evenly over the blocks; the elements before the first
// aligned slot are the first block's `lead`, those behind the last whole one the last block's `tail` (fewer than a slot each), so that
// nothing outside the row is touched. Places count the part's elements in column order.
template <class E, int C> struct ClusterPart {
  typedef typename E::Raw Raw;
  static constexpr u32 perSlot = 16 / sizeof(Raw);
  const Raw* first; // place 0
  const uint4* body;
  u32 slots, lead, tail;
  u32 firstCol;

  __device__ __forceinline__ ClusterPart(const Raw* row, u32 length, u32 rank) {
    const u32 toAligned = (0u - (u32)((u64)row / sizeof(Raw))) % perSlot;
    const u32 rowLead = toAligned < length ? toAligned : length;
    const u32 rowSlots = (length - rowLead) / perSlot;
    // whole 128-byte lines a block
    const u32 share = ((rowSlots + C - 1) / C + 7) & ~7u;
    const u32 begin = rank * share < rowSlots ? rank * share : rowSlots;
    slots = rowSlots - begin < share ? rowSlots - begin : share;
    lead = rank == 0 ? rowLead : 0;
    tail = rank == C - 1 ? (length - rowLead) % perSlot : 0;
    firstCol = rank == 0 ? 0 : rowLead + begin * perSlot;
    first = row + firstCol;
    body = (const uint4*)(first + lead);
  }
  __device__ __forceinline__ u32 place(u32 slot, u32 j) const { return lead + slot * perSlot + j; }
  // The place of the one element of lead or tail that this thread keeps, or none.
  static constexpr u32 none = 0xffffffffu;
  __device__ __forceinline__ u32 edge_place() const {
    const u32 t = threadIdx.x;
    return t < lead ? t : t < tail ? lead + slots * perSlot + t : none;
  }
  static __device__ __forceinline__ u32 key(const uint4& slot, int j) {
    const int part = j * (int)sizeof(Raw) / 4;
    const u32 bits = part == 0 ? slot.x : part == 1 ? slot.y : part == 2 ? slot.z : slot.w;
    return E::key((Raw)(sizeof(Raw) == 2 ? bits >> (16 * (j & 1)) : bits));
  }

  // Whether all elements have the same bits.
  static __device__ __forceinline__ bool uniform(const uint4& slot) {
    const bool same = slot.x == slot.y && slot.y == slot.z && slot.z == slot.w;
    return same && (sizeof(Raw) == 4 || slot.x >> 16 == (slot.x & 0xffffu));
  }

  static constexpr u32 full = (1u << perSlot) - 1;
};

// A part laid down in shared memory: its slots in column order, and behind them one slot of its lead or tail (no part has both), filled up
// with the lowest key.
template <class Part, u32 THREADS> struct LaidSlots {
  const uint4* slot;
  u32 wanted; // bit t: this thread's slot of turn t is

  // `hits`: bit v for slot v * THREADS + threadIdx.x
  __device__ __forceinline__ LaidSlots(const Part& part, const uint4* slots, u32 hits) : slot(slots) {
    const u32 edgeTurn = part.lead ? 0 : bodyTurns(part);
    wanted = hits << (part.lead ? 1 : 0) | (u32)(threadIdx.x == 0 && part.lead + part.tail > 0) << edgeTurn;
  }
  static __device__ __forceinline__ u32 bodyTurns(const Part& part) { return (part.slots + THREADS - 1) / THREADS; }

  // Visits each wanted slot by the thread that wants it: visit(slot, turn).
  template <class Visit> __device__ __forceinline__ void each_wanted(const Part& part, Visit visit) const {
    const u32 before = part.lead ? 1 : 0, body = bodyTurns(part);
#pragma unroll 1
    for (u32 left = wanted; left; left &= left - 1) {
      const u32 turn = __ffs(left) - 1;
      visit(slot[turn - before < body ? (turn - before) * THREADS + threadIdx.x : part.slots], turn);
    }
  }
  // Visits the wanted slots in turns of one a thread, so that turns, and threads in a turn, follow the columns: visit(slot, valid,
  // place), where bit j of `valid` says that element j counts and `place` is element 0's. All threads make every turn, with nothing
  // valid where they want nothing, until a visit returns false to all of them.
  template <class Visit> __device__ __forceinline__ void each_turn(const Part& part, Visit visit) const {
    const u32 before = part.lead ? 1 : 0, body = bodyTurns(part), edges = part.lead + part.tail;
#pragma unroll 1
    for (u32 turn = 0; turn < body + (edges ? 1 : 0); turn++) {
      const bool isBody = turn - before < body;
      const u32 at = isBody ? (turn - before) * THREADS + threadIdx.x : part.slots;
      const bool counts = wanted >> turn & 1u;
      const u32 valid = !counts ? 0 : isBody ? Part::full : (1u << edges) - 1;
      if (!visit(counts ? slot[at] : make_uint4(0, 0, 0, 0), valid, !isBody && part.lead ? 0 : part.place(at, 0))) return;
    }
  }
};
