// Machine-written by topkit codegen from templates/cluster_sort.cu.hbs and dsl/kernels/cluster-sort.ts: edit those, not this.
//
// Large k: a cluster of blocks a row, the row in registers, one read. The best of each thread's elements give a threshold that is a certain lower
// bound of the k-th key; what reaches it goes to every block's shared memory, where each block sorts all by bins of their keys and stores its
// own. Where masses reach it, a radix selection over the cluster finds the k-th key: exact on any distribution.
//
// spec: dtype f16, order largest
// tune: threads 1024, vectors 6, blocks 8, segment 256, blocksPerSm 1
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
// A u32 read from a peer's shared memory, and a 64-bit word stored there, its bytes completed on that peer's barrier (device/ptx_cluster.cuh).
#ifdef TOPKIT_EMULATE
inline u32 load_peer(u32 address) { return load_shared<u32>(address); }
inline void store_peer(u32 address, u64 value, u32 barrier) { store_async(address, value, barrier); }
#else
__device__ __forceinline__ u32 load_peer(u32 address) {
  u32 value;
  asm volatile("ld.shared::cluster.u32 %0, [%1];" : "=r"(value) : "r"(address) : "memory");
  return value;
}
__device__ __forceinline__ void store_peer(u32 address, u64 value, u32 barrier) {
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u64 [%0], %1, [%2];" ::"r"(address), "l"(value), "r"(barrier) : "memory");
}
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
// Floating-point maxima and minima on raw bits, one f32 or two 16-bit values a register; one instruction a function (PTX ISA 7.0, sm_80).
// Subnormals count, and -0 is below +0. The maxima give the canonical NaN where either operand is a NaN, the minima the other operand.
#ifdef TOPKIT_EMULATE
template <u32 ONES, u32 INFINITY_> inline u32 extremum_twin(bool most, u32 a, u32 b) {
  constexpr u32 sign = ONES / 2 + 1, nan = ONES / 2;
  const bool nanA = (a & nan) > INFINITY_, nanB = (b & nan) > INFINITY_;
  if (nanA || nanB) return most || (nanA && nanB) ? nan : nanA ? b : a;
  const u32 orderA = a & sign ? a ^ ONES : a | sign, orderB = b & sign ? b ^ ONES : b | sign;
  return (orderA > orderB) == most ? a : b;
}
template <u32 INFINITY_> inline u32 extremum_pair_twin(bool most, u32 a, u32 b) {
  const u32 low = extremum_twin<0xffffu, INFINITY_>(most, a & 0xffffu, b & 0xffffu);
  return low | extremum_twin<0xffffu, INFINITY_>(most, a >> 16, b >> 16) << 16;
}
inline u32 max_nan_f32(u32 a, u32 b) { return extremum_twin<0xffffffffu, 0x7f800000u>(true, a, b); }
inline u32 max_nan_f16x2(u32 a, u32 b) { return extremum_pair_twin<0x7c00u>(true, a, b); }
inline u32 max_nan_bf16x2(u32 a, u32 b) { return extremum_pair_twin<0x7f80u>(true, a, b); }
inline u32 min_f32(u32 a, u32 b) { return extremum_twin<0xffffffffu, 0x7f800000u>(false, a, b); }
inline u32 min_f16x2(u32 a, u32 b) { return extremum_pair_twin<0x7c00u>(false, a, b); }
inline u32 min_bf16x2(u32 a, u32 b) { return extremum_pair_twin<0x7f80u>(false, a, b); }
#else
__device__ __forceinline__ u32 max_nan_f32(u32 a, u32 b) {
  u32 most;
  asm("max.NaN.f32 %0, %1, %2;" : "=r"(most) : "r"(a), "r"(b));
  return most;
}
__device__ __forceinline__ u32 max_nan_f16x2(u32 a, u32 b) {
  u32 most;
  asm("max.NaN.f16x2 %0, %1, %2;" : "=r"(most) : "r"(a), "r"(b));
  return most;
}
__device__ __forceinline__ u32 max_nan_bf16x2(u32 a, u32 b) {
  u32 most;
  asm("max.NaN.bf16x2 %0, %1, %2;" : "=r"(most) : "r"(a), "r"(b));
  return most;
}
__device__ __forceinline__ u32 min_f32(u32 a, u32 b) {
  u32 least;
  asm("min.f32 %0, %1, %2;" : "=r"(least) : "r"(a), "r"(b));
  return least;
}
__device__ __forceinline__ u32 min_f16x2(u32 a, u32 b) {
  u32 least;
  asm("min.f16x2 %0, %1, %2;" : "=r"(least) : "r"(a), "r"(b));
  return least;
}
__device__ __forceinline__ u32 min_bf16x2(u32 a, u32 b) {
  u32 least;
  asm("min.bf16x2 %0, %1, %2;" : "=r"(least) : "r"(a), "r"(b));
  return least;
}
#endif
// The best value of a group of elements, found without making keys: a register holds one f32 or two 16-bit lanes, each lane a group of its
// own. For `largest` it is a maximum that turns into a NaN where any element is one, because NaNs rank on top; for `smallest`, a minimum that
// passes NaNs over, because they rank last. So neither negative rows nor NaNs need a path of their own.
template <Dtype D, Order O> struct Extremum {
  typedef Element<D, O> E;
  static constexpr u32 both = E::F::bits == 16 ? 0x10001u : 1u;
  // What no element is worse than; NaNs of `smallest` are, and are never seen.
  static constexpr u32 lowest = (u32)E::pad * both;
  // What no number is better than.
  static constexpr u32 highest = (O == largest ? E::F::infinity : E::F::sign | E::F::infinity) * both;

  static __device__ __forceinline__ u32 join(u32 a, u32 b) {
    if constexpr (O == largest) return D == f32 ? max_nan_f32(a, b) : D == f16 ? max_nan_f16x2(a, b) : max_nan_bf16x2(a, b);
    else return D == f32 ? min_f32(a, b) : D == f16 ? min_f16x2(a, b) : min_bf16x2(a, b);
  }
  static __device__ __forceinline__ u32 join(const uint4& slot) { return join(join(slot.x, slot.y), join(slot.z, slot.w)); }

  // A key that the best element of the register's groups reaches for certain. A NaN stands for one of unknown bits, hence for the least of
  // them; +inf of `smallest` may stand for no elements, or none but NaNs. Below the greatest key, so that there is always one above.
  static __device__ __forceinline__ u32 delegate(u32 best) {
    if constexpr (E::F::bits == 32) return delegate_of(best);
    else return greater_of(delegate_of(best & E::F::ones), delegate_of(best >> 16));
  }
  static __device__ __forceinline__ u32 delegate_of(u32 best) {
    const u32 key = E::key((typename E::Raw)best), infinity = E::key((typename E::Raw)E::F::infinity);
    if constexpr (O == largest) return lesser_of(key, infinity + 1);
    else return key <= infinity ? 0 : lesser_of(key, E::greatestKey - 1);
  }

  // A value such that `reaches` is true of every group that has an element with a key of at least `bar`, and of few others; false where
  // there is none.
  static __device__ __forceinline__ bool below(u32 bar, u32& value) {
    const u32 infinity = E::key((typename E::Raw)E::F::infinity);
    if (bar == 0 || (O == smallest && bar <= infinity)) return false;
    value = (u32)E::raw(O == largest ? lesser_of(bar - 1, infinity) : bar - 1) * both;
    return true;
  }
  static __device__ __forceinline__ bool reaches(u32 best, u32 value) { return join(best, value) != value; }

  // The best key of the register's groups; less where it would be `vague`: of NaNs, one of which stands for all, and of +inf for `smallest`, which
  // stands for no number at all as well.
  static __device__ __forceinline__ u32 best_key(u32 best) {
    if constexpr (E::F::bits == 16) best = join(best, best >> 16 | best << 16) & E::F::ones;
    const u32 key = E::key((typename E::Raw)best), infinity = E::key((typename E::Raw)E::F::infinity);
    if constexpr (O == largest) return lesser_of(key, infinity + 1);
    else return key <= infinity ? 0 : key;
  }
  static __device__ __forceinline__ bool vague(u32 key) { return (key <= E::key((typename E::Raw)E::F::infinity)) == (O == smallest); }
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
};
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
// Bins for whole numbers y below 2^WIDTH of unknown spread: exact below 2^(BITS+1), then 2^BITS to an octave, so that both what lies just above 0
// and what lies far from it is told apart. Bins are numbered from the greatest y down.
template <int WIDTH, int BITS> struct LogBins {
  static constexpr u32 count = (u32)(WIDTH + 1 - BITS) << BITS;
  static __device__ __forceinline__ u32 of(u32 y) {
    const u32 shift = 31 - __clz(y | 1u << BITS) - BITS;
    return count - 1 - ((shift << BITS) + (y >> shift));
  }
  // A bin has 2^shift numbers, from start on.
  static __device__ __forceinline__ u32 shift(u32 bin) {
    const u32 octave = (count - 1 - bin) >> BITS;
    return octave ? octave - 1 : 0;
  }
  static __device__ __forceinline__ u32 start(u32 bin) { return (count - 1 - bin - (shift(bin) << BITS)) << shift(bin); }
};

// A thread's PER neighbouring bins of a table in shared memory.
template <int PER> __device__ __forceinline__ void load_bins(const u32* table, u32 (&bins)[PER]) {
  static_assert(PER % 4 == 0, "whole vectors");
#pragma unroll
  for (int i = 0; i < PER; i += 4) {
    const uint4 four = *(const uint4*)(table + threadIdx.x * PER + i);
    bins[i] = four.x;
    bins[i + 1] = four.y;
    bins[i + 2] = four.z;
    bins[i + 3] = four.w;
  }
}
template <int PER> __device__ __forceinline__ void store_bins(u32* table, const u32 (&bins)[PER]) {
#pragma unroll
  for (int i = 0; i < PER; i += 4) *(uint4*)(table + threadIdx.x * PER + i) = make_uint4(bins[i], bins[i + 1], bins[i + 2], bins[i + 3]);
}
template <int PER> __device__ __forceinline__ void clear_bins(u32* table) {
  const u32 zeros[PER] = {};
  store_bins(table, zeros);
}

// Sum of `value` over the threads before this one, and over all. One barrier; sums has a place for each warp, and is read after it.
template <int THREADS> __device__ __forceinline__ u32 sum_before(u32 value, u32* sums, u32& total) {
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u32 through = value;
#pragma unroll
  for (u32 step = 1; step < 32; step *= 2) {
    const u32 below = __shfl_up_sync(0xffffffffu, through, step);
    if (lane >= step) through += below;
  }
  if (lane == 31) sums[warp] = through;
  __syncthreads();
  const u32 its = lane < THREADS / 32 ? sums[lane] : 0;
  total = __reduce_add_sync(0xffffffffu, its);
  return __reduce_add_sync(0xffffffffu, lane < warp ? its : 0u) + through - value;
}

// Turns a table's counts into starts: how many lie in the bins before each. All threads call it, after a barrier; it ends with one.
template <int THREADS, int PER> __device__ __forceinline__ void counts_to_starts(u32* table, u32* sums) {
  u32 bins[PER], sum = 0, total;
  load_bins(table, bins);
#pragma unroll
  for (int i = 0; i < PER; i++) sum += bins[i];
  u32 before = sum_before<THREADS>(sum, sums, total);
#pragma unroll
  for (int i = 0; i < PER; i++) {
    const u32 count = bins[i];
    bins[i] = before;
    before += count;
  }
  store_bins(table, bins);
  __syncthreads();
}
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
typedef Element<f16, largest> E;
typedef E::Raw Raw;
typedef Extremum<f16, largest> Best;
typedef Word<E, 8> W;
constexpr u32 THREADS = 1024;
constexpr u32 BLOCKS = 8;      // a cluster: one row; 1 to a multiprocessor
constexpr u32 VECTORS = 6;    // 16-byte slots a thread keeps in registers
constexpr u32 SEGMENT = 256;    // survivors of a block
constexpr u32 CAPACITY = 2048;  // a cluster's
constexpr u32 SLOTS = 49152;
constexpr u32 SHARED_BYTES = 67104;
constexpr u32 PER = TABLE / THREADS;
constexpr u32 ENOUGH = 512;             // words around the k-th key that the exact path need not tell apart
constexpr u32 CROWD = 64;               // words of a bin that are compared with each other; more are split
typedef ClusterPart<E, BLOCKS> Part;
typedef HeldPart<E, Part, THREADS, VECTORS> Held;
typedef LogBins<E::keyBits, 9> Bins;

// What a block shares. Peers write, by st.async, each into its own places of threshold, least, count and words.
struct Shared {
  __align__(16) u64 words[BLOCKS][SEGMENT]; // the survivors of every block
  __align__(16) u64 sorted[CAPACITY];       // by bins; before that the hit slots and their places, or what the exact path keeps
  __align__(16) u32 tables[2][TABLE];       // bins, and what crowded ones are split into
  u32 mixed[TABLE / 32];                    // bits of the bins whose words have different keys
  u32 sums[3][32];
  u32 threshold[BLOCKS], least[BLOCKS]; // of all of a block's delegates
  u32 count[BLOCKS];
  u64 thresholdsCame, wordsCame, dealtCame; // mbarriers
  u32 hits, pushed;
  u32 kept, keptLeast, keptGreatest; // words of the exact path in this block, and their keys
  NarrowScratch narrow;
};
static_assert(sizeof(Shared) <= SHARED_BYTES && SLOTS == THREADS * VECTORS * BLOCKS && CAPACITY == SEGMENT * BLOCKS, "derived");
static_assert(TABLE >= Bins::count && TABLE >= CAPACITY, "a bin for each word");
static_assert(SEGMENT * (sizeof(uint4) + sizeof(u32)) <= CAPACITY * sizeof(u64), "the hit slots fit in");

// A certain lower bound of the row's k-th key, from a delegate of each thread: the best of its elements. It is a bound for each block of its
// share of k elements, of which the least holds for the row. `base` is one that holds for certain: there are as many groups of lanes as the
// share, and each has a delegate that reaches it. The delegates' bins above the base give a closer one.
__device__ __forceinline__ u32 cluster_threshold(Shared& s, u32 rank, u32 delegates, u32 delegate, u32 k) {
  const u32 tid = threadIdx.x, lane = tid % 32, share = (k + BLOCKS - 1) / BLOCKS;
  u32* const bins = s.tables[0];
  u32 lanes = 1, best = tid < delegates ? delegate : 0;
  for (; lanes < 32 && share * 2 * lanes <= delegates; lanes *= 2) best = greater_of(best, __shfl_xor_sync(0xffffffffu, best, lanes));
  best = __reduce_min_sync(0xffffffffu, (tid & ~(lanes - 1)) < delegates ? best : 0xffffffffu);
  const u32 worst = __reduce_min_sync(0xffffffffu, tid < delegates ? delegate : 0);
  if (lane == 0) {
    s.sums[1][tid / 32] = best;
    s.sums[2][tid / 32] = worst;
  }
  __syncthreads();
  const u32 base = __reduce_min_sync(0xffffffffu, lane < THREADS / 32 ? s.sums[1][lane] : 0xffffffffu);
  if (tid < delegates && delegate >= base) atomicAdd(&bins[Bins::of(delegate - base)], 1u);
  __syncthreads();
  u32 counts[PER], sum = 0, total;
  load_bins(bins, counts);
#pragma unroll
  for (u32 i = 0; i < PER; i++) sum += counts[i];
  const u32 before = sum_before<THREADS>(sum, s.sums[0], total);
  clear_bins<PER>(bins);

  cluster_wait(); // every block's mbarriers are ready
  if (tid < 32) {
    const u32 least = __reduce_min_sync(0xffffffffu, lane < THREADS / 32 ? s.sums[2][lane] : 0xffffffffu);
    if (lane < BLOCKS) store_peer(peer_address(shared_address(&s.least[rank]), lane), least, peer_address(shared_address(&s.thresholdsCame), lane));
  }
  if (total < share ? tid == 0 : before < share && share <= before + sum) {
    u32 bin = 0, through = before;
#pragma unroll
    for (u32 i = 0; i < PER; i++) {
      if (through < share) bin = tid * PER + i;
      through += counts[i];
    }
    const u32 bound = total < share ? 0 : base + Bins::start(bin);
    for (u32 peer = 0; peer < BLOCKS; peer++) {
      store_peer(peer_address(shared_address(&s.threshold[rank]), peer), bound, peer_address(shared_address(&s.thresholdsCame), peer));
    }
  }
  barrier_wait(shared_address(&s.thresholdsCame), 0);
  u32 threshold = 0xffffffffu;
#pragma unroll
  for (u32 peer = 0; peer < BLOCKS; peer++) threshold = lesser_of(threshold, s.threshold[peer]);
  return threshold;
}

// Sends the own segment to the same place in every peer, and waits for theirs. All threads see the same counts afterwards.
__device__ __forceinline__ void exchange_survivors(Shared& s, u32 rank, u32 round) {
  // more hit slots than fit are taken for more survivors than fit
  const u32 found = greater_of(s.hits, s.pushed), peer = threadIdx.x % BLOCKS;
  const u32 vectors = found > SEGMENT ? 0 : (s.pushed + 1) / 2; // an overfull segment stays at home
  const u32 came = peer_address(shared_address(&s.wordsCame), peer);
  const u32 target = peer_address(shared_address(s.words[rank]), peer);
  if (threadIdx.x < BLOCKS) {
    store_peer(peer_address(shared_address(&s.count[rank]), peer), found > SEGMENT ? found : s.pushed, came);
    peer_expect(came, (u32)sizeof(u32) + (peer == rank ? 0 : vectors * 16));
  }
  if (peer != rank) {
    for (u32 i = threadIdx.x / BLOCKS; i < vectors; i += THREADS / BLOCKS) {
      const u64 a = s.words[rank][2 * i], b = 2 * i + 1 < s.pushed ? s.words[rank][2 * i + 1] : 0;
      store_peer(target + i * 16, make_uint4((u32)a, (u32)(a >> 32), (u32)b, (u32)(b >> 32)), came);
    }
  }
  barrier_wait(shared_address(&s.wordsCame), round);
}

// All words by bins of their keys above `base`. A crowded bin of n words is split into n: by columns where all have the same key, else by
// keys. So words of a bin, or of a part of a split one, are few, on most data.
struct Sorter {
  Shared& s;
  const u32 base, total;
  const float perCol; // 1 / columns
  bool split;

  __device__ __forceinline__ u32 bin(u64 word) const { return Bins::of(W::key(word) - base); }
  __device__ __forceinline__ u32 end(const u32* table, u32 at) const { return at + 1 < TABLE ? table[at + 1] : total; }
  // Its bin in the second table; monotone in the words, for bins and within them.
  __device__ __forceinline__ u32 part(u64 word) const {
    const u32 its = bin(word), start = s.tables[0][its], words = end(s.tables[0], its) - start;
    if (s.mixed[its / 32] >> its % 32 & 1u) {
      return start + words - 1 - (u32)((u64)(W::key(word) - base - Bins::start(its)) * words >> Bins::shift(its));
    }
    return start + lesser_of(words - 1, (u32)((float)W::col(word) * ((float)words * perCol)));
  }
  __device__ __forceinline__ void range(u64 word, u32& start, u32& end_) const {
    const u32* table = s.tables[split];
    const u32 at = split ? part(word) : bin(word);
    start = table[at];
    end_ = end(table, at);
  }

  // All threads call it, after a barrier; it ends with one.
  __device__ __forceinline__ void sort() {
    constexpr u32 MEMBERS = THREADS / BLOCKS, ITEMS = (SEGMENT + MEMBERS - 1) / MEMBERS;
    const u32 segment = threadIdx.x / MEMBERS, member = threadIdx.x % MEMBERS, held = s.count[segment];
    const u64* const words = s.words[segment];
    u32 place[ITEMS];
    bool crowded = false;
#pragma unroll
    for (u32 i = 0; i < ITEMS; i++) {
      const u32 at = i * MEMBERS + member;
      if (at >= held) continue;
      place[i] = atomicAdd(&s.tables[0][bin(words[at])], 1u);
      crowded |= place[i] >= CROWD;
    }
    split = __syncthreads_or(crowded);
    if (split) {
      // a bin's first word tells its key to the others
#pragma unroll
      for (u32 i = 0; i < ITEMS; i++) {
        const u32 at = i * MEMBERS + member;
        if (at < held && place[i] == 0) s.tables[1][bin(words[at])] = W::key(words[at]);
      }
      __syncthreads();
      for (u32 at = member; at < held; at += MEMBERS) {
        const u32 its = bin(words[at]);
        if (s.tables[1][its] != W::key(words[at])) atomicOr(&s.mixed[its / 32], 1u << its % 32);
      }
      __syncthreads();
      clear_bins<PER>(s.tables[1]);
    }
    counts_to_starts<THREADS, PER>(s.tables[0], s.sums[0]);
    if (split) {
#pragma unroll
      for (u32 i = 0; i < ITEMS; i++) {
        const u32 at = i * MEMBERS + member;
        if (at < held) place[i] = atomicAdd(&s.tables[1][part(words[at])], 1u);
      }
      __syncthreads();
      counts_to_starts<THREADS, PER>(s.tables[1], s.sums[1]);
    }
#pragma unroll
    for (u32 i = 0; i < ITEMS; i++) {
      const u32 at = i * MEMBERS + member;
      if (at >= held) continue;
      u32 start, end_;
      range(words[at], start, end_);
      s.sorted[start + place[i]] = words[at];
    }
    if (threadIdx.x == 0 && total < CAPACITY) s.sorted[total] = 0; // words are compared two at a time
    __syncthreads();
  }
};

// Ranks the own segment among all words, and stores it: by bins, and within a bin by comparison.
__device__ __forceinline__ void rank_words(Shared& s, u32 rank, u32 base, u32 length, i64 out, i64 k, Raw* values, void* indices, i64 indexBytes) {
  const u32 tid = threadIdx.x, own = s.count[rank];
  u32 total = 0;
#pragma unroll
  for (u32 peer = 0; peer < BLOCKS; peer++) total += s.count[peer];
  Sorter sorter = {s, base, total, 1.0f / (float)length, false};
  sorter.sort();
  u32 lanes = 1; // that share a word: as many as there are threads for
  while (lanes < 32 && own * 2 * lanes <= THREADS) lanes *= 2;
  const u32 lane = tid & (lanes - 1);
  for (u32 c = tid / lanes; (c & ~(32 / lanes - 1)) < own; c += THREADS / lanes) { // whole warps, for the shuffles
    const u64 mine = c < own ? s.words[rank][c] : ~0ull;
    u32 start = 0, end = 0;
    if (c < own) sorter.range(mine, start, end);
    start &= ~1u; // one before the bin is greater than all of it, one behind is less
    u32 greater = 0, odd = 0;
    for (u32 at = start + 2 * lane; at < end; at += 2 * lanes) count_greater(greater, odd, s.sorted + at, mine);
    greater += odd;
    for (u32 step = 1; step < lanes; step *= 2) greater += __shfl_xor_sync(0xffffffffu, greater, step);
    if (lane == 0 && c < own && start + greater < k) emit<E, W>(mine, out + start + greater, values, indices, indexBytes);
  }
}

// Another certain lower bound of the row's k-th key: THREADS delegates of a block reach its least one, so of as many blocks as that makes k the
// least holds. It is the closer one where the row's best lie in few blocks.
__device__ __forceinline__ u32 bound_of_few(const Shared& s, u32 wanted) {
  const u32 lane = threadIdx.x % 32, its = lane < BLOCKS ? s.least[lane] : 0;
  u32 before = 0;
#pragma unroll
  for (u32 peer = 0; peer < BLOCKS; peer++) before += s.least[peer] > its || (s.least[peer] == its && peer < lane);
  return __shfl_sync(0xffffffffu, its, __ffs(__ballot_sync(0xffffffffu, before == (wanted - 1) / THREADS)) - 1);
}

// Calls visit(i, word) for the block's first `some` elements with one key, by column, which is their rank; returns how many those are. All threads call it.
template <class Visit> __device__ __forceinline__ u32 each_equal(const Held& held, u32 key, u32 some, u32 (&sums)[3][32], Visit visit) {
  u32 seen = 0, turn = 0;
  held.each_round([&](const uint4& slot, u32 valid, u32 place) {
    if (seen >= some) return; // the same for all threads
    u32 equal = 0, total;
#pragma unroll
    for (int j = 0; j < Held::perSlot; j++) equal |= (u32)(Held::key(slot, j) == key) << j;
    equal &= valid;
    u32 i = seen + sum_before<THREADS>(__popc(equal), sums[++turn & 1], total);
    for (; equal && i < some; equal &= equal - 1) visit(i++, W::make(key, held.part.firstCol + place + __ffs(equal) - 1));
    seen += total;
  });
  return lesser_of(seen, some);
}

// Where masses reach the threshold: closes in on the k-th key, makes the own segment anew of an even share of what is above it, and exchanges
// and ranks again. Of masses of elements equal to the k-th the first ones by column are wanted, and their order is their rank; so it is of all
// that is above, where that has one key.
__device__ __forceinline__ void finish_exactly(Shared& s, const Held& held, u32 rank, u32 threshold, u32 wanted, u32 length, i64 out, i64 k, Raw* values,
                                               void* indices, i64 indexBytes) {
  const u32 tid = threadIdx.x, lane = tid % 32, enough = lesser_of(ENOUGH, CAPACITY - wanted);
  if (tid == 0) {
    s.keptLeast = 0xffffffffu;
    s.keptGreatest = 0;
  }
  const Narrowed kth = cluster_narrow<THREADS, BLOCKS, Bins>(held, rank, greater_of(threshold, bound_of_few(s, wanted)), wanted, enough, s.tables, s.narrow);
  const bool cut = kth.inside > enough; // then all inside are equal
  const u32 left = cut && kth.wanted > kth.insideBefore ? kth.wanted - kth.insideBefore : 0;
  u64* const kept = s.sorted; // what is above from the front, in any order; ties from the back, by column
  const auto isAbove = [&](u32 key) { return key > kth.base || (key == kth.base && !cut); };
  const bool edgeAbove = held.edge != Part::none && isAbove(held.edgeKey);
  typename Held::Mask its = held.which(isAbove);
  u32 above, at = sum_before<THREADS>(Held::ones(its) + edgeAbove, s.sums[0], above);
  u32 least = 0xffffffffu, greatest = 0;
  const auto keep = [&](u32 key, u32 place) {
    least = lesser_of(least, key);
    greatest = greater_of(greatest, key);
    kept[at++] = W::make(key, held.part.firstCol + place);
  };
  if (edgeAbove) keep(held.edgeKey, held.edge);
  for (; its; its &= its - 1) {
    const u32 bit = Held::first(its);
    keep(held.key_at(bit), held.place_at(bit));
  }
  least = __reduce_min_sync(0xffffffffu, least);
  greatest = __reduce_max_sync(0xffffffffu, greatest);
  if (lane == 0) {
    atomicMin(&s.keptLeast, least);
    atomicMax(&s.keptGreatest, greatest);
  }
  if (tid == 0) s.kept = above;
  const u32 ties = each_equal(held, kth.base, left, s.sums, [&](u32 i, u64 word) { kept[CAPACITY - 1 - i] = word; });
  cluster_arrive();
  cluster_wait();
  const u32 listed = kth.above + (cut ? 0 : kth.inside);
  for (u32 i = tid; i < ties; i += THREADS) {
    emit<E, W>(kept[CAPACITY - 1 - i], out + listed + kth.insideBefore + i, values, indices, indexBytes);
  }
  if (listed == 0) return;
  if (tid < 32) { // one warp: more would queue up at the peers
    const auto load = [&](const u32& of) { return load_peer(peer_address(shared_address(&of), lane)); };
    const u32 ofBefore = __reduce_add_sync(0xffffffffu, lane < rank ? load(s.kept) : 0u);
    least = __reduce_min_sync(0xffffffffu, lane < BLOCKS ? load(s.keptLeast) : 0xffffffffu);
    greatest = __reduce_max_sync(0xffffffffu, lane < BLOCKS ? load(s.keptGreatest) : 0u);
    if (lane == 0) {
      s.sums[2][0] = ofBefore;
      s.sums[2][1] = least;
      s.sums[2][2] = greatest;
    }
  }
  __syncthreads();
  const u32 before = s.sums[2][0];
  least = s.sums[2][1];
  greatest = s.sums[2][2];
  cluster_arrive(); // no block ends before every peer has read its counts
  if (least == greatest) {
    const u32 some = before < wanted ? lesser_of(above, wanted - before) : 0;
    each_equal(held, least, some, s.sums, [&](u32 i, u64 word) { emit<E, W>(word, out + before + i, values, indices, indexBytes); });
    cluster_wait();
    return;
  }
  const u32 each = (listed + BLOCKS - 1) / BLOCKS;
  if (tid == 0) {
    const u32 own = rank * each < listed ? lesser_of(each, listed - rank * each) : 0;
    s.hits = 0;
    s.pushed = own;
    barrier_expect(shared_address(&s.dealtCame), own * (u32)sizeof(u64));
  }
  clear_bins<PER>(s.tables[0]);
  for (u32 i = tid; i < above; i += THREADS) {
    const u32 peer = (before + i) / each, at = (before + i) % each;
    store_peer(peer_address(shared_address(&s.words[peer][at]), peer), kept[i], peer_address(shared_address(&s.dealtCame), peer));
  }
  barrier_wait(shared_address(&s.dealtCame), 0);
  __syncthreads();
  exchange_survivors(s, rank, 1);
  rank_words(s, rank, kth.base, length, out, k, values, indices, indexBytes);
  cluster_wait();
}

extern "C" __global__ void __launch_bounds__(1024, 1) cluster_sort_f16_largest_threads1024_vectors6_blocks8_segment256_blocksPerSm1(
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
  const u32 tid = threadIdx.x, lane = tid % 32, rank = blockIdx.x % BLOCKS;
  const i64 row = blockIdx.x / BLOCKS;
  const u32 length = (u32)row_length(lengths, row, cols);
  const u32 wanted = length < k ? length : (u32)k;
  const Part part(x + row * rowStride, length, rank);

  // before the loads: a fence waits for what a thread has in flight
  if (tid == THREADS - 1) {
    s.hits = s.pushed = 0;
    barrier_init(shared_address(&s.thresholdsCame), 1);
    barrier_init(shared_address(&s.dealtCame), 1);
    barrier_init(shared_address(&s.wordsCame), BLOCKS);
    publish_barriers();
    barrier_expect(shared_address(&s.thresholdsCame), (u32)(sizeof(s.threshold) + sizeof(s.least)));
  }
  cluster_arrive_relaxed();

  uint4 slot[VECTORS];
#pragma unroll
  for (u32 v = 0; v < VECTORS; v++) {
    // a thread's missing slots repeat its first one: no better best, and nothing to wait for
    const u32 at = v * THREADS + tid;
    slot[v] = tid < part.slots ? __ldg(part.body + (at < part.slots ? at : tid)) : make_uint4(0, 0, 0, 0);
  }
  const u32 edge = part.edge_place();
  const u32 edgeKey = edge != Part::none ? E::key(part.first[edge]) : 0;
  clear_bins<PER>(s.tables[0]);
  for (u32 i = tid; i < TABLE / 32; i += THREADS) s.mixed[i] = 0;

  u32 best = Best::join(slot[0]);
#pragma unroll
  for (u32 v = 1; v < VECTORS; v++) best = Best::join(best, Best::join(slot[v]));
  const u32 threshold = cluster_threshold(s, rank, lesser_of(part.slots, THREADS), Best::delegate(best), wanted ? wanted : 1);

  // slots that hold survivors, into a list
  u32 reached;
  const bool every = !Best::below(threshold, reached);
  u32 hit[VECTORS], found = 0;
#pragma unroll
  for (u32 v = 0; v < VECTORS; v++) {
    const bool is = v * THREADS + tid < part.slots && (every || Best::reaches(Best::join(slot[v]), reached));
    const u32 mask = __ballot_sync(0xffffffffu, is);
    hit[v] = is ? found + __popc(mask & ((1u << lane) - 1)) : SEGMENT;
    found += __popc(mask);
  }
  uint4* const hitSlot = (uint4*)s.sorted;
  u32* const hitPlace = (u32*)(hitSlot + SEGMENT);
  if (found) {
    u32 first = 0;
    if (lane == 0) first = atomicAdd(&s.hits, found);
    first = __shfl_sync(0xffffffffu, first, 0);
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) {
      if (first + hit[v] < SEGMENT) {
        hitSlot[first + hit[v]] = slot[v];
        hitPlace[first + hit[v]] = part.place(v * THREADS + tid, 0);
      }
    }
  }
  __syncthreads();
  // their elements, one a thread
  const u32 hitElements = s.hits > SEGMENT ? 0 : s.hits * Part::perSlot;
  for (u32 i = tid; (i & ~31u) < hitElements; i += THREADS) {
    const u32 key = i < hitElements ? E::key(((const Raw*)hitSlot)[i]) : 0;
    const bool survives = i < hitElements && key >= threshold;
    const u32 survivors = __ballot_sync(0xffffffffu, survives);
    u32 at = 0;
    if (lane == 0 && survivors) at = atomicAdd(&s.pushed, (u32)__popc(survivors));
    at = __shfl_sync(0xffffffffu, at, 0);
    at += __popc(survivors & ((1u << lane) - 1));
    if (survives && at < SEGMENT) s.words[rank][at] = W::make(key, part.firstCol + hitPlace[i / Part::perSlot] + i % Part::perSlot);
  }
  if (edge != Part::none && edgeKey >= threshold) {
    const u32 at = atomicAdd(&s.pushed, 1u);
    if (at < SEGMENT) s.words[rank][at] = W::make(edgeKey, part.firstCol + edge);
  }
  __syncthreads();
  exchange_survivors(s, rank, 0);

  bool overfull = false;
#pragma unroll
  for (u32 peer = 0; peer < BLOCKS; peer++) overfull |= s.count[peer] > SEGMENT;
  if (overfull) finish_exactly(s, Held(part, slot, edge, edgeKey), rank, threshold, wanted, length, row * k, k, values, indices, indexBytes);
  else rank_words(s, rank, threshold, length, row * k, k, values, indices, indexBytes);
  // places beyond a short row's end
  if (rank == 0) {
    for (i64 at = wanted + tid; at < k; at += THREADS) emit<E, W>(0, row * k + at, values, indices, indexBytes);
  }
}
