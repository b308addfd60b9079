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

  // The elements again, in rounds of at most a slot a thread, so that rounds, and threads in a round, follow the columns: the lead, the
  // body, the tail. All threads make every round: visit(slot, valid, place), where bit j of `valid` says that element j counts and
  // `place` is element 0's.
  template <int THREADS, class Visit> __device__ __forceinline__ void each_round(Visit visit) const {
    const u32 bodyRounds = (slots + THREADS - 1) / THREADS, before = lead ? 1 : 0, rounds = before + bodyRounds + (tail ? 1 : 0);
    for (u32 r = 0; r < rounds; r += AHEAD) {
      uint4 ahead[AHEAD];
#pragma unroll
      for (u32 i = 0; i < AHEAD; i++) {
        const u32 round = r + i - before, slot = round * THREADS + threadIdx.x;
        ahead[i] = round < bodyRounds && slot < slots ? __ldg(body + slot) : make_uint4(0, 0, 0, 0);
      }
#pragma unroll 1
      for (u32 i = 0; i < AHEAD && r + i < rounds; i++) {
        const u32 round = r + i - before, slot = round * THREADS + threadIdx.x;
        uint4 its = picked(ahead, i);
        u32 valid = slot < slots ? full : 0, at = place(slot, 0);
        if (round >= bodyRounds) {
          const bool isTail = round == bodyRounds;
          const u32 count = threadIdx.x ? 0 : isTail ? tail : lead;
          at = isTail ? place(slots, 0) : 0;
          valid = (1u << count) - 1;
          its = load_edge(at, count);
        }
        visit(its, valid, at);
      }
    }
  }
  static constexpr u32 full = (1u << perSlot) - 1;

 private:
  static constexpr u32 AHEAD = 2; // loads in flight; more cost registers, and so blocks a multiprocessor, and gain nothing
  // slots[i] by a chain of selects: a register array has no run-time index.
  static __device__ __forceinline__ uint4 picked(const uint4 (&slots)[AHEAD], u32 i) {
    uint4 slot = slots[0];
#pragma unroll
    for (u32 other = 1; other < AHEAD; other++) {
      if (i == other) slot = slots[other];
    }
    return slot;
  }
  __device__ __forceinline__ uint4 load_edge(u32 at, u32 count) const {
    u32 part[4] = {0, 0, 0, 0};
#pragma unroll
    for (u32 j = 0; j < perSlot - 1; j++) {
      if (j < count) part[j * 4 / perSlot] |= (u32)first[at + j] << (sizeof(Raw) == 2 ? 16 * (j & 1) : 0);
    }
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
};
