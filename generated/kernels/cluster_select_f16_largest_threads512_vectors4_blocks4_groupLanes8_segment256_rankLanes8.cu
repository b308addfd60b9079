// Machine-written by topkit codegen from templates/cluster_select.cu.hbs and dsl/kernels/cluster-select.ts: edit those, not this.
//
// Few rows: a cluster of blocks a row, the row in registers, one read. The blocks' delegates give a threshold that is a certain lower
// bound of the k-th key; what reaches it goes to every block's shared memory, and each block ranks its own among all. Where masses reach
// it, a radix selection over the cluster finds the k-th key, and the first equal ones by column are kept: exact on any distribution.
//
// spec: dtype f16, order largest
// tune: threads 512, vectors 4, blocks 4, groupLanes 8, segment 256, rankLanes 8
// unit: one cluster of blocks per row
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

enum Dtype { f32, f16, bf16 };
enum Order { largest, smallest };
// Order on raw bits (docs/contract.md, "Keys"). Flipping the sign bit, or all bits of a negative number, makes unsigned order follow
// numeric order; subtracting the number of negative NaN patterns rotates those from the bottom to the top. Nothing is converted, and
// the raw bits are decoded from the key.
template <Dtype D> struct Format {
  typedef u16 Raw;
  static constexpr u32 bits = 16, ones = 0xffffu, sign = 0x8000u;
  static constexpr u32 infinity = D == bf16 ? 0x7f80u : 0x7c00u;
};
template <> struct Format<f32> {
  typedef u32 Raw;
  static constexpr u32 bits = 32, ones = 0xffffffffu, sign = 0x80000000u, infinity = 0x7f800000u;
};

template <Dtype D, Order O> struct Element {
  typedef Format<D> F;
  typedef typename F::Raw Raw;
  static constexpr u32 keyBits = F::bits;
  static constexpr u32 greatestKey = F::ones;
  // patterns between -inf (sign | infinity) and all ones
  static constexpr u32 negativeNans = F::ones - (F::sign | F::infinity);
  // what fills places beyond a row's end
  static constexpr u32 pad = O == largest ? (F::sign | F::infinity) : F::infinity;

  static __device__ __forceinline__ u32 key(Raw raw) {
    const u32 u = raw;
    const u32 k = ((u ^ ((u & F::sign) ? F::ones : F::sign)) - negativeNans) & F::ones;
    return O == largest ? k : k ^ F::ones;
  }
  static __device__ __forceinline__ Raw raw(u32 key) {
    const u32 k = ((O == largest ? key : key ^ F::ones) + negativeNans) & F::ones;
    return (Raw)((k & F::sign) ? k ^ F::sign : k ^ F::ones);
  }
};
// A word is a key above the complement of its column, so that one unsigned comparison is the whole order: greater key first, then the
// smaller column. No element has word 0, which therefore means "no element".
template <class E, int BYTES> struct Word;
template <class E> struct Word<E, 8> {
  typedef u64 Type;
  static __device__ __forceinline__ u64 make(u32 key, u32 col) { return (u64)key << 32 | (0xffffffffu - col); }
  static __device__ __forceinline__ u32 key(u64 word) { return (u32)(word >> 32); }
  static __device__ __forceinline__ u32 col(u64 word) { return 0xffffffffu - (u32)word; }
};
// 16-bit keys and columns below 65535
template <class E> struct Word<E, 4> {
  typedef u32 Type;
  static __device__ __forceinline__ u32 make(u32 key, u32 col) { return key << 16 | (0xffffu - col); }
  static __device__ __forceinline__ u32 key(u32 word) { return word >> 16; }
  static __device__ __forceinline__ u32 col(u32 word) { return 0xffffu - (word & 0xffffu); }
};

template <class T> __device__ __forceinline__ T greater_of(T a, T b) { return a > b ? a : b; }
template <class T> __device__ __forceinline__ T lesser_of(T a, T b) { return a > b ? b : a; }

// Stores the element of a word, or the padding where there is none.
template <class E, class W> __device__ __forceinline__ void emit(typename W::Type word, i64 at, typename E::Raw* values, void* indices, i64 indexBytes) {
  values[at] = word ? E::raw(W::key(word)) : (typename E::Raw)E::pad;
  const i64 col = word ? (i64)W::col(word) : -1;
  if (indexBytes == 8) ((i64*)indices)[at] = col;
  else ((int*)indices)[at] = (int)col;
}
// Columns of a row that count: all of them, or lengths[row] clamped to 0..cols.
__device__ __forceinline__ i64 row_length(const int* lengths, i64 row, i64 cols) {
  if (!lengths) return cols;
  const i64 length = lengths[row];
  return length < 0 ? 0 : length > cols ? cols : length;
}
// Instructions for blocks of a cluster that talk through each other's shared memory: one function each, so that the emulator can
// supply twins. Addresses are 32-bit shared-window addresses. PTX needs no header; the rules named are of the PTX ISA's memory
// consistency model.
#ifdef TOPKIT_EMULATE // on the emulator's own twins (native/emulator/prelude/cluster.h)
inline u32 peer_address(u32 address, u32 rank) { return mapa(address, rank); }
inline u32 load_peer(u32 address) { return load_shared<u32>(address); }
inline void barrier_init(u32 barrier, u32 arrivals) { mbarrier_init(barrier, arrivals); }
inline void publish_barriers() { fence_mbarrier_init(); }
inline void barrier_expect(u32 barrier, u32 bytes) { mbarrier_arrive_expect_tx(barrier, bytes); }
inline void peer_expect(u32 barrier, u32 bytes) { mbarrier_arrive_expect_tx_relaxed(barrier, bytes); }
inline void barrier_wait(u32 barrier, u32 parity) { mbarrier_wait(barrier, parity); }
inline void store_peer(u32 address, u32 value, u32 barrier) { store_async(address, value, barrier); }
inline void store_peer(u32 address, const uint4& value, u32 barrier) {
  store_async(address, value.x, barrier);
  store_async(address + 4, value.y, barrier);
  store_async(address + 8, value.z, barrier);
  store_async(address + 12, value.w, barrier);
}
#else
__device__ __forceinline__ u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }
// The same place in the shared memory of block `rank` of the cluster.
__device__ __forceinline__ u32 peer_address(u32 address, u32 rank) {
  u32 at;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(at) : "r"(address), "r"(rank));
  return at;
}
__device__ __forceinline__ u32 load_peer(u32 address) {
  u32 value;
  asm volatile("ld.shared::cluster.u32 %0, [%1];" : "=r"(value) : "r"(address) : "memory");
  return value;
}

// mbarriers
__device__ __forceinline__ void barrier_init(u32 barrier, u32 arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
// Makes this thread's mbarrier.init visible to the cluster once a barrier.cluster has been passed, even one that arrives relaxed: the
// use that the PTX ISA defines this fence for.
__device__ __forceinline__ void publish_barriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
__device__ __forceinline__ void barrier_expect(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
// Arrives at a peer's barrier and announces bytes. Relaxed: the arrival publishes no write of this thread; each byte that it announces
// comes by st.async, whose own complete_tx on that barrier is the release (st.async: "complete-tx ... .release at .cluster scope").
__device__ __forceinline__ void peer_expect(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.relaxed.cluster.shared::cluster.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
// Waits for a phase. Polls at the block's scope, which is cheap but orders nothing that other blocks wrote; the phase being complete, one
// test with the cluster's scope then acquires what complete_tx released (a cluster-wide acquire at every poll would invalidate L1
// each time).
__device__ __forceinline__ void barrier_wait(u32 barrier, u32 parity) {
  u32 done = 0;
  while (!done) {
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                 : "=r"(done) : "r"(barrier), "r"(parity) : "memory");
  }
  asm volatile("{ .reg .pred p; mbarrier.test_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
               : "=r"(done) : "r"(barrier), "r"(parity) : "memory");
}
// Stores a value in a peer's shared memory and completes its bytes on that peer's barrier.
__device__ __forceinline__ void store_peer(u32 address, u32 value, u32 barrier) {
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%0], %1, [%2];" ::"r"(address), "r"(value), "r"(barrier) : "memory");
}
__device__ __forceinline__ void store_peer(u32 address, const uint4& value, u32 barrier) {
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.u32 [%0], {%1, %2, %3, %4}, [%5];" ::"r"(address), "r"(value.x),
               "r"(value.y), "r"(value.z), "r"(value.w), "r"(barrier)
               : "memory");
}

// The barrier of the whole cluster. Every thread of every block arrives, then waits.
__device__ __forceinline__ void cluster_arrive() { asm volatile("barrier.cluster.arrive.release;" ::: "memory"); }
// Publishes nothing but, after publish_barriers(), mbarriers.
__device__ __forceinline__ void cluster_arrive_relaxed() { asm volatile("barrier.cluster.arrive.relaxed;" ::: "memory"); }
__device__ __forceinline__ void cluster_wait() { asm volatile("barrier.cluster.wait.acquire;" ::: "memory"); }
#endif
// count += a > b, in two instructions; the compiler makes three of the plain form. Rank counting is nothing else.
#ifdef TOPKIT_EMULATE
inline void count_greater(u32& count, u32 a, u32 b) { count += a > b; }
inline void count_greater(u32& count, u64 a, u64 b) { count += a > b; }
#else
__device__ __forceinline__ void count_greater(u32& count, u32 a, u32 b) {
  asm("{ .reg .pred p; setp.gt.u32 p, %1, %2; @p add.u32 %0, %0, 1; }" : "+r"(count) : "r"(a), "r"(b));
}
__device__ __forceinline__ void count_greater(u32& count, u64 a, u64 b) {
  asm("{ .reg .pred p; setp.gt.u64 p, %1, %2; @p add.u32 %0, %0, 1; }" : "+r"(count) : "l"(a), "l"(b));
}
#endif
// Counts among the words of 16 bytes of shared memory, in two counters so that neither waits for the other.
__device__ __forceinline__ void count_greater(u32& even, u32& odd, const u32* words, u32 bound) {
  const uint4 w = *(const uint4*)words;
  count_greater(even, w.x, bound);
  count_greater(odd, w.y, bound);
  count_greater(even, w.z, bound);
  count_greater(odd, w.w, bound);
}
__device__ __forceinline__ void count_greater(u32& even, u32& odd, const u64* words, u64 bound) {
  const ulonglong2 w = *(const ulonglong2*)words;
  count_greater(even, (u64)w.x, bound);
  count_greater(odd, (u64)w.y, bound);
}
// Maxima of raw bits, a register (one f32 or two 16-bit elements) at a time. Raw bits as signed integers (with the sign bit flipped for
// `smallest`) order right among the elements of the wanted sign and put any of them above any of the other. So the maximum of a group
// is an element of the group, and its key is a lower bound of the group's greatest key, whatever the data; it is that key where the
// group holds an element of the wanted sign and no negative NaN. Where it is not, ordered() gives bits that follow the keys.
template <Dtype D, Order O> struct RawOrder {
  typedef Element<D, O> E;
  typedef Format<D> F;
  static constexpr bool paired = F::bits == 16;
  static constexpr u32 each = paired ? 0x00010001u : 1u; // repeats a pattern for each element of a register
  static constexpr u32 flip = O == largest ? 0 : F::sign;

  static __device__ __forceinline__ u32 bits_max(u32 a, u32 b) {
    if constexpr (paired) return __vmaxu2(a, b);
    else return a > b ? a : b;
  }
  static __device__ __forceinline__ u32 raw_max(u32 a, u32 b) {
    if constexpr (O == smallest) return bits_max(a, b); // the flip, undone by comparing unsigned
    else if constexpr (paired) return __vmaxs2(a, b);
    else return (u32)((int)a > (int)b ? (int)a : (int)b);
  }
  static __device__ __forceinline__ u32 raw_max(const uint4& v) { return raw_max(raw_max(v.x, v.y), raw_max(v.z, v.w)); }
  static __device__ __forceinline__ u32 bits_max(const uint4& v) { return bits_max(bits_max(v.x, v.y), bits_max(v.z, v.w)); }

  static __device__ __forceinline__ int of_bits(u32 raw) {
    if constexpr (paired) return (int)(short)(raw ^ flip);
    else return (int)(raw ^ flip);
  }
  // The greater element of a register, as a signed number: non-negative for the wanted sign.
  static __device__ __forceinline__ int greatest(u32 maxima) {
    if constexpr (paired) {
      const u32 s = maxima ^ flip * each;
      const int low = (int)(short)s, high = (int)s >> 16;
      return low > high ? low : high;
    } else {
      return (int)(maxima ^ flip);
    }
  }
  static __device__ __forceinline__ bool has_negative_nan(u32 bitsMaxima) {
    constexpr u32 negativeInfinity = F::sign | F::infinity;
    if constexpr (paired) return (bitsMaxima & 0xffffu) > negativeInfinity || (bitsMaxima >> 16) > negativeInfinity;
    else return bitsMaxima > negativeInfinity;
  }
  // Elements of a register turned so that raw_max and greatest follow the keys: greatest(ordered(u)) is of_key(the greater key).
  static __device__ __forceinline__ u32 ordered(u32 u) {
    u32 s;
    if constexpr (paired) s = __vsub2(u ^ ((u >> 15) & each) * 0x7fffu, E::negativeNans * each);
    else s = (u ^ ((u32)((int)u >> 31) & 0x7fffffffu)) - E::negativeNans;
    return (O == largest ? s : ~s) ^ flip * each;
  }
  static __device__ __forceinline__ uint4 ordered(const uint4& v) { return make_uint4(ordered(v.x), ordered(v.y), ordered(v.z), ordered(v.w)); }
  static __device__ __forceinline__ int of_key(u32 key) { return paired ? (int)(short)(key ^ F::sign) : (int)(key ^ F::sign); }
  static __device__ __forceinline__ u32 key_of(int ordered) { return ((u32)ordered ^ F::sign) & F::ones; }
  static __device__ __forceinline__ u32 key_of_bits(int greatest) { return E::key((typename E::Raw)((u32)greatest ^ flip)); }
};
// A word of one part of a row: a key above the complement of the element's place in the part, in twice the element's bits. Places are
// below the greatest number of those bits, so no element has a zero lower half, and word 0 means "no element".
template <class E, int BYTES> struct PartWordType { typedef u32 Type; };
template <class E> struct PartWordType<E, 4> { typedef u64 Type; };
template <class E> struct PartWord {
  typedef typename PartWordType<E, sizeof(typename E::Raw)>::Type Type;
  static constexpr u32 ones = E::greatestKey;
  static constexpr int perVector = 16 / sizeof(Type);
  static __device__ __forceinline__ Type make(u32 key, u32 place) { return (Type)key << E::keyBits | (ones - place); }
  static __device__ __forceinline__ u32 key(Type word) { return (u32)(word >> E::keyBits); }
  static __device__ __forceinline__ u32 place(Type word) { return ones - ((u32)word & ones); }
  // Exactly the words of part `other` that are above this rank before `word` of part `own`: between parts, equal keys go to the earlier part.
  static __device__ __forceinline__ Type bound(Type word, u32 own, u32 other) {
    return other == own ? word : other < own ? word & ~(Type)ones : word | ones;
  }
};
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
typedef Element<f16, largest> E;
typedef E::Raw Raw;
typedef RawOrder<f16, largest> R;
constexpr u32 THREADS = 512;
constexpr u32 BLOCKS = 4;       // a cluster: one row
constexpr u32 VECTORS = 4;     // 16-byte slots a thread keeps in registers
constexpr u32 GROUP = 8;    // lanes that share a delegate
constexpr u32 SEGMENT = 256;     // survivors of a block
constexpr u32 RANKERS = 8;   // lanes that rank one survivor
constexpr u32 GROUPS = 64;       // a block's
constexpr u32 SLOTS = 8192;         // a cluster's
constexpr u32 SHARED_BYTES = 14000;
typedef ClusterPart<E, BLOCKS> Part;
typedef PartWord<E> W;
typedef W::Type Packed;

// What a block shares. Peers write, by st.async, each into its own places of threshold, count and segment.
struct Shared {
  // the survivors of every block; padded, so that the segments start in different banks
  __align__(16) Packed segment[BLOCKS][SEGMENT + W::perVector];
  Packed delegate[GROUPS]; // a group's greatest key above the group's number: all different
  u32 threshold[2][BLOCKS];
  u32 count[BLOCKS];
  u64 thresholdsCame, survivorsCame; // mbarriers
  uint4 hit[SEGMENT]; // slots that hold survivors
  u32 hitPlace[SEGMENT];
  u32 hits, pushed;
  RadixScratch radix;
};
static_assert(GROUPS * GROUP == THREADS && SLOTS == THREADS * VECTORS * BLOCKS && sizeof(Shared) <= SHARED_BYTES, "derived");

// Appends a survivor to the block's own segment; what does not fit is only counted.
__device__ __forceinline__ void push(Shared& s, u32 rank, u32 key, u32 place) {
  const u32 at = atomicAdd(&s.pushed, 1u);
  if (at < SEGMENT) s.segment[rank][at] = W::make(key, place);
}
// Zeros (no element) in the whole own segment, so that counting may read whole vectors.
__device__ __forceinline__ void clear_own(Shared& s, u32 rank) {
  for (u32 i = threadIdx.x; i < SEGMENT + W::perVector; i += THREADS) s.segment[rank][i] = 0;
}

// This block's bounds of the row's k-th key, given by its delegates to every block: the ceil(k/BLOCKS)-th of them, of which the least
// holds for the row (BLOCKS x ceil(k/BLOCKS) elements reach it), and the k-th of them, which holds alone, so the greatest is taken: it
// saves rows whose best lie in one block. Rank counting: no search. Returns the threshold, once every block's bounds have come.
__device__ __forceinline__ u32 cluster_threshold(Shared& s, u32 rank, u32 best, u32 k) {
  const u32 group = threadIdx.x / GROUP, member = threadIdx.x % GROUP;
#pragma unroll
  for (u32 step = 1; step < GROUP; step *= 2) best = greater_of(best, __shfl_xor_sync(0xffffffffu, best, step));
  const Packed mine = (Packed)best << E::keyBits | group;
  if (member == 0) s.delegate[group] = mine;
  __syncthreads();
  u32 above = 0, odd = 0;
#pragma unroll
  for (u32 at = member * W::perVector; at < GROUPS; at += GROUP * W::perVector) count_greater(above, odd, s.delegate + at, mine);
  above += odd;
#pragma unroll
  for (u32 step = 1; step < GROUP; step *= 2) above += __shfl_xor_sync(0xffffffffu, above, step);

  cluster_wait(); // every block's mbarriers are ready
  const u32 came = shared_address(&s.thresholdsCame), share = (k + BLOCKS - 1) / BLOCKS;
  const u32 least = shared_address(&s.threshold[0][rank]), whole = shared_address(&s.threshold[1][rank]);
  // exactly one group has each rank, and its members share the peers
  if (above == share - 1) {
    for (u32 peer = member; peer < BLOCKS; peer += GROUP) store_peer(peer_address(least, peer), best, peer_address(came, peer));
  }
  if (k <= GROUPS ? above == k - 1 : group == 0) {
    for (u32 peer = member; peer < BLOCKS; peer += GROUP) store_peer(peer_address(whole, peer), k <= GROUPS ? best : 0u, peer_address(came, peer));
  }
  barrier_wait(came, 0);
  u32 low = 0xffffffffu, high = 0;
#pragma unroll
  for (u32 peer = 0; peer < BLOCKS; peer++) {
    low = lesser_of(low, s.threshold[0][peer]);
    high = greater_of(high, s.threshold[1][peer]);
  }
  return greater_of(low, high);
}

// Sends the own segment to the same place in every peer, and waits for theirs. All threads see the same counts afterwards.
__device__ __forceinline__ void exchange_survivors(Shared& s, u32 rank, u32 round) {
  // more hit slots than fit are more survivors than fit
  const u32 found = greater_of(s.hits, s.pushed), peer = threadIdx.x % BLOCKS;
  // an overfull segment stays at home; zeros fill up the last vector
  const u32 vectors = found > SEGMENT ? 0 : (found + W::perVector - 1) / W::perVector;
  const u32 came = peer_address(shared_address(&s.survivorsCame), peer);
  const u32 target = peer_address(shared_address(s.segment[rank]), peer);
  if (threadIdx.x < BLOCKS) {
    store_peer(peer_address(shared_address(&s.count[rank]), peer), found, came);
    peer_expect(came, (u32)sizeof(u32) + (peer == rank ? 0 : vectors * 16));
  }
  if (peer != rank) {
    for (u32 i = threadIdx.x / BLOCKS; i < vectors; i += THREADS / BLOCKS) store_peer(target + i * 16, ((const uint4*)s.segment[rank])[i], came);
  }
  barrier_wait(shared_address(&s.survivorsCame), round & 1);
}

// Where masses reach the threshold: finds the k-th key, makes the own segment anew of the keys above it and of the first equal ones by
// column (k at most in the whole row, so they fit), and exchanges again.
__device__ __noinline__ void finish_exactly(Shared& s, const Part part, u32 rank, u32 threshold, u32 wanted) {
  const RadixResult kth = cluster_kth<THREADS, BLOCKS>(part, rank, threshold, wanted, s.radix);
  // no block sends, or ends, before every peer has read its counts
  cluster_arrive();
  clear_own(s, rank);
  if (threadIdx.x == 0) s.hits = s.pushed = 0;
  __syncthreads();
  u32 seen = 0, turn = 0; // equal ones of the rounds before
  part.each_round<THREADS>([&](const uint4& slot, u32 valid, u32 place) {
    u32 above, equal;
    compare_slot<Part>(slot, valid, kth.key, above, equal);
    if (seen < kth.ties) {
      u32 total;
      const u32 before = seen + sum_before<THREADS>(__popc(equal), turn++, s.radix, total);
      const u32 allowed = before < kth.ties ? kth.ties - before : 0;
      while ((u32)__popc(equal) > allowed) equal &= ~(0x80000000u >> __clz(equal));
      seen += total;
    } else {
      equal = 0;
    }
    u32 chosen = above | equal;
    if (!chosen) return;
    for (u32 at = atomicAdd(&s.pushed, (u32)__popc(chosen)); chosen; chosen &= chosen - 1, at++) {
      const u32 j = __ffs(chosen) - 1;
      s.segment[rank][at] = W::make(Part::key(slot, j), place + j);
    }
  });
  __syncthreads();
  cluster_wait();
  exchange_survivors(s, rank, 1);
}

extern "C" __global__ void __launch_bounds__(512) cluster_select_f16_largest_threads512_vectors4_blocks4_groupLanes8_segment256_rankLanes8(
    const Raw* __restrict__ x,
    const int* __restrict__ lengths,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride,
    const long long indexBytes) {
  extern __shared__ __align__(16) unsigned char arena[];
  Shared& s = *(Shared*)arena;
  const u32 tid = threadIdx.x, rank = blockIdx.x % BLOCKS;
  const i64 row = blockIdx.x / BLOCKS;
  const u32 length = (u32)row_length(lengths, row, cols);
  const u32 wanted = length < k ? length : (u32)k;
  const Part part(x + row * rowStride, length, rank);

  // before the loads: a fence waits for what a thread has in flight
  if (tid == THREADS - 1) {
    s.hits = s.pushed = 0;
    barrier_init(shared_address(&s.thresholdsCame), 1);
    barrier_init(shared_address(&s.survivorsCame), BLOCKS);
    publish_barriers();
    barrier_expect(shared_address(&s.thresholdsCame), (u32)sizeof(s.threshold));
  }
  cluster_arrive_relaxed();

  uint4 slot[VECTORS];
  if (tid < part.slots) {
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) {
      // a thread's missing slots repeat its first one: no other maximum, and nothing to wait for
      const u32 at = v * THREADS + tid;
      slot[v] = __ldg(part.body + (at < part.slots ? at : tid));
    }
  } else {
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) slot[v] = make_uint4(0, 0, 0, 0);
  }
  const u32 edge = part.edge_place();
  const u32 edgeKey = edge != Part::none ? E::key(part.first[edge]) : 0;

  clear_own(s, rank);

  u32 maxima[VECTORS];
  u32 raw = R::raw_max(slot[0]), bits = R::bits_max(slot[0]);
  maxima[0] = raw;
#pragma unroll
  for (u32 v = 1; v < VECTORS; v++) {
    maxima[v] = R::raw_max(slot[v]);
    raw = R::raw_max(raw, maxima[v]);
    bits = R::bits_max(bits, R::bits_max(slot[v]));
  }
  u32 best = R::key_of_bits(R::greatest(raw));
  // raw bits do not follow the keys: none of the wanted sign, or a negative NaN
  const bool turned = R::greatest(raw) < 0 || R::has_negative_nan(bits);
  if (turned) {
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) {
      maxima[v] = R::raw_max(R::ordered(slot[v]));
      raw = v ? R::raw_max(raw, maxima[v]) : maxima[v];
    }
    best = R::key_of(R::greatest(raw));
  }
  if (tid >= part.slots) best = 0;
  const u32 threshold = cluster_threshold(s, rank, best, wanted ? wanted : 1);

  // Slots that hold survivors. Raw bits bound nothing where the threshold itself is not of the wanted sign, or a NaN.
  const int rawBar = R::of_bits(E::raw(threshold));
  const bool rawly = !turned && rawBar >= 0 && rawBar <= (int)E::F::infinity;
  if (!rawly && !turned) {
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) maxima[v] = R::raw_max(R::ordered(slot[v]));
  }
  const int bar = rawly ? rawBar : R::of_key(threshold);
  u32 hits = 0;
#pragma unroll
  for (u32 v = 0; v < VECTORS; v++) hits |= (u32)(v * THREADS + tid < part.slots && R::greatest(maxima[v]) >= bar) << v;
  if (hits) {
    u32 at = atomicAdd(&s.hits, (u32)__popc(hits));
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) {
      if ((hits >> v & 1u) && at < SEGMENT) {
        s.hit[at] = slot[v];
        s.hitPlace[at++] = part.place(v * THREADS + tid, 0);
      }
    }
  }
  __syncthreads();
  // their elements, one a thread
  const u32 hitElements = s.hits > SEGMENT ? 0 : s.hits * Part::perSlot;
  for (u32 i = tid; (i & ~31u) < hitElements; i += THREADS) {
    const u32 key = i < hitElements ? E::key(((const Raw*)s.hit)[i]) : 0;
    const bool survives = i < hitElements && key >= threshold;
    const u32 survivors = __ballot_sync(0xffffffffu, survives);
    u32 at = 0;
    if (tid % 32 == 0 && survivors) at = atomicAdd(&s.pushed, (u32)__popc(survivors));
    at = __shfl_sync(0xffffffffu, at, 0);
    if (at > SEGMENT) break; // overfull: to know that is enough
    at += __popc(survivors & ((1u << tid % 32) - 1));
    if (survives && at < SEGMENT) s.segment[rank][at] = W::make(key, s.hitPlace[i / Part::perSlot] + i % Part::perSlot);
  }
  if (edge != Part::none && edgeKey >= threshold) push(s, rank, edgeKey, edge);
  __syncthreads();
  exchange_survivors(s, rank, 0);

  bool overfull = false;
#pragma unroll
  for (u32 peer = 0; peer < BLOCKS; peer++) overfull |= s.count[peer] > SEGMENT;
  if (overfull) finish_exactly(s, part, rank, threshold, wanted);

  // Every block ranks its own survivors among all: RANKERS lanes a survivor, each counts in one block's segment, or in part of it.
  const u32 lane = tid % RANKERS, other = lane % BLOCKS;
  const u32 own = s.count[rank], others = s.count[other];
  const Packed* segment = s.segment[other];
  for (u32 c = tid / RANKERS; (c & ~(32 / RANKERS - 1)) < own; c += THREADS / RANKERS) { // whole warps, for the shuffles
    const Packed mine = c < own ? s.segment[rank][c] : 0;
    const Packed bound = W::bound(mine, rank, other);
    u32 before = 0, odd = 0;
#pragma unroll 2
    for (u32 at = lane / BLOCKS * W::perVector; at < others; at += RANKERS / BLOCKS * W::perVector) count_greater(before, odd, segment + at, bound);
    before += odd;
#pragma unroll
    for (u32 step = 1; step < RANKERS; step *= 2) before += __shfl_xor_sync(0xffffffffu, before, step);
    if (lane == 0 && c < own && before < k) {
      const u32 col = part.firstCol + W::place(mine);
      emit<E, Word<E, 8>>(Word<E, 8>::make(W::key(mine), col), row * k + before, values, indices, indexBytes);
    }
  }
  // places beyond a short row's end
  if (rank == 0) {
    for (i64 at = wanted + tid; at < k; at += THREADS) emit<E, Word<E, 8>>(0, row * k + at, values, indices, indexBytes);
  }
}
