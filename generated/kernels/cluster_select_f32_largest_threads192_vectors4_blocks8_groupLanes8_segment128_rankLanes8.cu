// Machine-written by topkit codegen from templates/cluster_select.cu.hbs and dsl/kernels/cluster-select.ts: edit those, not this.
//
// Few rows: a cluster of blocks a row, the row in registers, one read. The blocks' delegates give a threshold that is a certain lower
// bound of the k-th key; what reaches it goes to every block's shared memory, and each block ranks its own among all. A block that has too
// many first finds the best of them itself, ties by column: it never sends more than k. Exact on any distribution.
//
// spec: dtype f32, order largest
// tune: threads 192, vectors 4, blocks 8, groupLanes 8, segment 128, rankLanes 8
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
  static __device__ __forceinline__ u32 bits_min(u32 a, u32 b) {
    if constexpr (paired) return __vminu2(a, b);
    else return a < b ? a : b;
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
  // The keys of a register's elements.
  static __device__ __forceinline__ u32 keys(u32 u) { return ordered(u) ^ (F::sign ^ flip) * each; }
  static __device__ __forceinline__ uint4 keys(const uint4& v) { return make_uint4(keys(v.x), keys(v.y), keys(v.z), keys(v.w)); }
  static __device__ __forceinline__ u32 greatest_key(const uint4& keys) {
    const u32 maxima = bits_max(keys);
    return paired ? ((maxima & 0xffffu) > maxima >> 16 ? maxima & 0xffffu : maxima >> 16) : maxima;
  }
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
// How many of a list's unique words are greater than one, by a single thread.

// Words greater than `bound` among words[0..held), zeros filling up the last vector; four vectors in flight.
template <class T> __device__ __forceinline__ u32 greater_among(const T* words, u32 held, T bound) {
  constexpr u32 PER_VECTOR = 16 / sizeof(T);
  u32 greater = 0, odd = 0;
#pragma unroll 4
  for (u32 at = 0; at < held; at += PER_VECTOR) count_greater(greater, odd, words + at, bound);
  return greater + odd;
}
// Words greater than `mine` among words[0..held), which are sorted downwards.
template <class T> __device__ __forceinline__ u32 greater_in_sorted(const T* words, u32 held, T mine) {
  // none or all of them, as among masses of ties
  if (held == 0 || words[0] <= mine) return 0;
  if (words[held - 1] > mine) return held;
  u32 low = 1, high = held - 1;
  while (low < high) {
    const u32 middle = (low + high) / 2;
    if (words[middle] > mine) low = middle + 1;
    else high = middle;
  }
  return low;
}
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
// How many of 32 words, sorted downwards, are greater than one.
template <class T> __device__ __forceinline__ u32 greater_in_run(const T* run, T mine) {
  u32 greater = 0;
#pragma unroll
  for (u32 step = 16; step >= 1; step /= 2) {
    if (run[greater + step - 1] > mine) greater += step;
  }
  return greater + (run[greater] > mine);
}

// Calls store(word, rank) for each of words[0..held), unique and above 0: runs of 32 are sorted by counting, and a word is searched for in all
// of them. Both arrays have room for whole pairs of runs. All threads call it, after a barrier; the words may be stored over behind another.
template <u32 THREADS, class T, class Store> __device__ __forceinline__ void rank_by_runs(T* words, T* runs, u32 held, Store store) {
  const u32 padded = (held + 63) & ~63u;
  for (u32 i = held + threadIdx.x; i < padded; i += THREADS) words[i] = 0;
  __syncthreads();
  for (u32 i = threadIdx.x; i < padded; i += THREADS) {
    const T mine = words[i];
    const u32 run = i & ~31u;
    runs[i < held ? run + greater_among(words + run, 32u, mine) : i] = mine;
  }
  __syncthreads();
  for (u32 i = threadIdx.x; i < held; i += THREADS) {
    const T mine = runs[i];
    u32 before = 0;
#pragma unroll 1
    for (u32 run = 0; run < padded; run += 64) before += greater_in_run(runs + run, mine) + greater_in_run(runs + run + 32, mine);
    store(mine, before);
  }
}
typedef Element<f32, largest> E;
typedef E::Raw Raw;
typedef RawOrder<f32, largest> R;
constexpr u32 THREADS = 192;
constexpr u32 BLOCKS = 8;       // a cluster: one row
constexpr u32 VECTORS = 4;     // 16-byte slots a thread keeps in registers
constexpr u32 GROUP = 8;    // lanes that share a delegate
constexpr u32 SEGMENT = 128;     // survivors of a block
constexpr u32 RANKERS = 8;   // lanes that rank one survivor
constexpr u32 GROUPS = 24;       // a block's
constexpr u32 SLOTS = 6144;         // a cluster's
constexpr u32 CROWD = 48;         // more survivors of a block are sorted
constexpr u32 SHARED_BYTES = 23808;
constexpr u32 SORTED = 0x80000000u;      // beside a count
constexpr u32 AMONG = 0x80000000u;
constexpr u32 SLACK = 64;                // elements more than wanted that a bar may let through
typedef ClusterPart<E, BLOCKS> Part;
typedef LaidKeys<Part, R, THREADS> Laid;
typedef PartWord<E> W;
typedef W::Type Packed;

// What a block shares. Peers write, by st.async, each into its own places of threshold, count and segment.
struct Shared {
  // the survivors of every block; padded, so that the segments start in different banks
  __align__(16) Packed segment[BLOCKS][SEGMENT + W::perVector];
  Packed delegate[GROUPS]; // a group's greatest key above the group's number: all different
  u32 threshold[2][BLOCKS];
  u32 count[BLOCKS];       // and whether they are sorted
  u64 thresholdsCame, survivorsCame; // mbarriers
  uint4 hit[SEGMENT]; // slots that hold survivors; of a crowd, what is sorted, in two lists
  u32 hitPlace[SEGMENT];
  u32 hits, pushed;
  u32 greatest, least; // delegates
  u32 rival[BLOCKS]; // what their survivors are to a crowd: how many come before all of it, or AMONG it
  BarScratch<THREADS> scratch;
  uint4 laid[THREADS * VECTORS + 8];
};
static_assert(GROUPS * GROUP == THREADS && SLOTS == THREADS * VECTORS * BLOCKS && sizeof(Shared) <= SHARED_BYTES, "derived");

// Appends a survivor to the block's own segment; what does not fit is only counted.
__device__ __forceinline__ void push(Shared& s, u32 rank, u32 key, u32 place) {
  const u32 at = atomicAdd(&s.pushed, 1u);
  if (at < SEGMENT) s.segment[rank][at] = W::make(key, place);
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
  if (member == 0 && above == 0) s.greatest = best;
  if (member == 0 && above == GROUPS - 1) s.least = best;
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

// The best of the keys laid down, where more reach the threshold than the segment has room for: those above a bar into the list, in any order;
// behind their places in the own segment the first equal ones by place, which need no sorting. Returns how many are above, and in all.
__device__ __forceinline__ uint2 take_best(Shared& s, Laid laid, u32 rank, u32 threshold, u32 wanted, Packed* list) {
  u32 turns = 0, total;
  const PartBar bar = part_bar<THREADS, R>(laid, threshold, s.greatest, s.least, wanted, lesser_of(wanted + SLACK, SEGMENT), turns, s.scratch);
  if (bar.above) {
    u32 at = 0;
#pragma unroll 1
    for (int pass = 0; pass < 2; pass++) { // counts, then takes: the same code, read from memory once
#pragma unroll 1
      for (u32 left = laid.wanted; left; left &= left - 1) {
        const u32 its = laid.at(__ffs(left) - 1);
        const uint4 keys = laid.slot[its];
#pragma unroll
        for (int j = 0; j < (int)Part::perSlot; j++) {
          const u32 key = Laid::key(keys, j);
          if (key <= bar.key) continue;
          if (pass) list[at] = W::make(key, laid.place(its) + j);
          at++;
        }
      }
      if (!pass) at = sum_before(at, turns++, s.scratch, total);
    }
  }
#pragma unroll 1
  for (u32 turn = 0, seen = 0; seen < bar.ties; turn++) {
    u32 equal = 0;
    const u32 its = laid.at(turn);
    if (laid.wanted >> turn & 1u) {
      const uint4 keys = laid.slot[its];
#pragma unroll
      for (int j = 0; j < (int)Part::perSlot; j++) equal |= (u32)(Laid::key(keys, j) == bar.key) << j;
      equal &= laid.valid(its);
    }
    if (!__syncthreads_or(equal)) continue;
    u32 at = seen + sum_before(__popc(equal), turns++, s.scratch, total);
    for (; equal && at < bar.ties; equal &= equal - 1, at++) s.segment[rank][bar.above + at] = W::make(bar.key, laid.place(its) + __ffs(equal) - 1);
    seen += total;
  }
  return make_uint2(bar.above, bar.above + bar.ties);
}

// A block with many survivors keeps the best `wanted` of them at most, sorted, so that no one counts among them. Returns how many.
__device__ __noinline__ u32 settle_crowd(Shared& s, const Part part, u32 rank, u32 threshold, u32 wanted, u32 found) {
  Packed* const list = (Packed*)s.hit;
  uint2 taken = make_uint2(found, found);
  __syncthreads(); // the keys are laid down
  if (found > SEGMENT) {
    taken = take_best(s, Laid(part, s.laid), rank, threshold, wanted, list);
  } else {
    for (u32 i = threadIdx.x; i < found; i += THREADS) list[i] = s.segment[rank][i];
  }
  rank_by_runs<THREADS>(list, list + SEGMENT, taken.x, [&](Packed word, u32 at) {
    if (at < wanted) s.segment[rank][at] = word;
  });
  __syncthreads();
  return lesser_of(taken.y, wanted);
}

// Sends the own segment to the same place in every peer, and waits for theirs. All threads see the same counts afterwards.
__device__ __forceinline__ void exchange_survivors(Shared& s, u32 rank, u32 count, u32 sorted) {
  const u32 peer = threadIdx.x % BLOCKS;
  const u32 vectors = (count + W::perVector - 1) / W::perVector; // zeros fill up the last one, unless sorted
  const u32 came = peer_address(shared_address(&s.survivorsCame), peer);
  const u32 target = peer_address(shared_address(s.segment[rank]), peer);
  if (threadIdx.x < BLOCKS) {
    store_peer(peer_address(shared_address(&s.count[rank]), peer), count | sorted, came);
    peer_expect(came, (u32)sizeof(u32) + (peer == rank ? 0 : vectors * 16));
  }
  if (peer != rank) {
    for (u32 i = threadIdx.x / BLOCKS; i < vectors; i += THREADS / BLOCKS) store_peer(target + i * 16, ((const uint4*)s.segment[rank])[i], came);
  }
  barrier_wait(shared_address(&s.survivorsCame), 0);
}

// Finds what other blocks' survivors are to the own ones, of a crowd: most often all of a block's come before all of it, or behind. Returns how
// many come before all of it, and a bit for each block whose lie among it.
__device__ __noinline__ uint2 find_rivals(Shared& s, u32 rank, u32 own) {
  const u32 lane = threadIdx.x % 32;
  for (u32 other = threadIdx.x / 32; other < BLOCKS; other += THREADS / 32) {
    const u32 held = other == rank ? 0 : s.count[other] & ~SORTED;
    const Packed first = W::bound(s.segment[rank][0], rank, other), last = W::bound(s.segment[rank][own - 1], rank, other);
    bool any = false, all = true;
    for (u32 at = lane; at < held; at += 32) {
      const Packed word = s.segment[other][at];
      any |= word > last;
      all &= word > first;
    }
    any = __any_sync(0xffffffffu, any);
    all = __all_sync(0xffffffffu, all);
    if (lane == 0) s.rival[other] = all ? held : any ? AMONG : 0;
  }
  __syncthreads();
  const u32 rival = lane < BLOCKS ? s.rival[lane] : 0;
  return make_uint2(__reduce_add_sync(0xffffffffu, rival == AMONG ? 0 : rival), __ballot_sync(0xffffffffu, rival == AMONG));
}
// How many survivors of these blocks come before one of a crowd.
__device__ __noinline__ u32 before_crowd(const Shared& s, u32 rank, u32 blocks, Packed mine) {
  u32 before = 0;
#pragma unroll 1
  for (; blocks; blocks &= blocks - 1) {
    const u32 other = __ffs(blocks) - 1, count = s.count[other];
    const Packed bound = W::bound(mine, rank, other);
    before += count >= SORTED ? greater_in_sorted(s.segment[other], count & ~SORTED, bound) : greater_among(s.segment[other], count, bound);
  }
  return before;
}

extern "C" __global__ void __launch_bounds__(192) cluster_select_f32_largest_threads192_vectors4_blocks8_groupLanes8_segment128_rankLanes8(
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

  // zeros (no element), so that counting may read whole vectors
  for (u32 i = tid; i < SEGMENT + W::perVector; i += THREADS) s.segment[rank][i] = 0;

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
  // more hit slots than fit are more survivors than fit
  const u32 found = greater_of(s.hits, s.pushed);
  u32 own = found;
  if (found > CROWD) {
    if (found > SEGMENT) {
      Laid(part, s.laid).lay(slot, part.slots, edge != Part::none ? edgeKey : 0);
      if (edge != Part::none) atomicMax(&s.greatest, edgeKey); // no delegate stands for it
    }
    own = settle_crowd(s, part, rank, threshold, wanted, found);
  }
  exchange_survivors(s, rank, own, found > CROWD ? SORTED : 0);

  const auto store = [&](Packed word, u32 before) {
    if (before >= k) return;
    const u32 col = part.firstCol + W::place(word);
    emit<E, Word<E, 8>>(Word<E, 8>::make(W::key(word), col), row * k + before, values, indices, indexBytes);
  };
  if (found > CROWD) {
    const uint2 rivals = find_rivals(s, rank, own);
    for (u32 c = tid; c < own && rivals.x + c < k; c += THREADS) {
      const Packed mine = s.segment[rank][c];
      store(mine, rivals.x + c + before_crowd(s, rank, rivals.y, mine));
    }
  } else {
    // Every block ranks its own survivors among all: RANKERS lanes a survivor, each counts in one block's segment, or in part of it.
    const u32 lane = tid % RANKERS, other = lane % BLOCKS;
    const u32 others = s.count[other] & ~SORTED;
    const bool sorted = s.count[other] >= SORTED;
    const Packed* segment = s.segment[other];
    for (u32 c = tid / RANKERS; (c & ~(32 / RANKERS - 1)) < own; c += THREADS / RANKERS) { // whole warps, for the shuffles
      const Packed mine = c < own ? s.segment[rank][c] : 0;
      const Packed bound = W::bound(mine, rank, other);
      u32 before = 0, odd = 0;
      if (!sorted) {
#pragma unroll 2
        for (u32 at = lane / BLOCKS * W::perVector; at < others; at += RANKERS / BLOCKS * W::perVector) count_greater(before, odd, segment + at, bound);
        before += odd;
      } else if (lane < BLOCKS) {
        before = greater_in_sorted(segment, others, bound);
      }
#pragma unroll
      for (u32 step = 1; step < RANKERS; step *= 2) before += __shfl_xor_sync(0xffffffffu, before, step);
      if (lane == 0 && c < own) store(mine, before);
    }
  }
  // places beyond a short row's end
  if (rank == 0) {
    for (i64 at = wanted + tid; at < k; at += THREADS) emit<E, Word<E, 8>>(0, row * k + at, values, indices, indexBytes);
  }
}
