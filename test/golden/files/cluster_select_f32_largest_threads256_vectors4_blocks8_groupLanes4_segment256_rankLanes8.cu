// Machine-written by topkit codegen from templates/cluster_select.cu.hbs and dsl/kernels/cluster-select.ts: edit those, not this.
//
// Few rows: a cluster of blocks a row, the row in registers, one read. The blocks' delegates give a threshold that is a certain lower
// bound of the k-th key; what reaches it goes to every block's shared memory, and each block ranks its own among all. A block that has too
// many first finds the best of them itself, ties by column: it never sends more than k. Exact on any distribution.
//
// spec: dtype f32, order largest
// tune: threads 256, vectors 4, blocks 8, groupLanes 4, segment 256, rankLanes 8
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
// Places of unique words, by counting how many are greater: for a few hundred of them.

// Words greater than `mine` among 16 / sizeof(T) at a time, from place `lane` of LANES.
template <int LANES> __device__ __forceinline__ u32 greater_in_vectors(const u32* words, u32 vectors, u32 lane, u32 mine) {
  u32 rank = 0;
  for (u32 at = lane; at < vectors; at += LANES) {
    const uint4 four = ((const uint4*)words)[at];
    count_greater(rank, four.x, mine);
    count_greater(rank, four.y, mine);
    count_greater(rank, four.z, mine);
    count_greater(rank, four.w, mine);
  }
  return rank;
}
template <int LANES> __device__ __forceinline__ u32 greater_in_vectors(const u64* words, u32 vectors, u32 lane, u64 mine) {
  u32 rank = 0;
#pragma unroll 4
  for (u32 at = lane; at < vectors; at += LANES) {
    const ulonglong2 two = ((const ulonglong2*)words)[at];
    count_greater(rank, (u64)two.x, mine);
    count_greater(rank, (u64)two.y, mine);
  }
  return rank;
}

// Calls store(word, rank) for each of words[0..held), LANES threads a word. The words are aligned to 16 bytes.
template <int THREADS, int LANES, class T, class Store> __device__ __forceinline__ void rank_by_lanes(const T* words, u32 held, Store store) {
  constexpr u32 PER_VECTOR = 16 / sizeof(T);
  const u32 lane = threadIdx.x % LANES, vectors = held / PER_VECTOR;
  // whole warps stay for the shuffles
  for (u32 at = threadIdx.x / LANES; (at & ~(32u / LANES - 1)) < held; at += THREADS / LANES) {
    const T mine = at < held ? words[at] : ~(T)0;
    u32 rank = greater_in_vectors<LANES>(words, vectors, lane, mine);
    for (u32 rest = vectors * PER_VECTOR + lane; rest < held; rest += LANES) rank += words[rest] > mine;
#pragma unroll
    for (int step = 1; step < LANES; step *= 2) rank += __shfl_xor_sync(0xffffffffu, rank, step);
    if (lane == 0 && at < held) store(mine, rank);
  }
}
// As many lanes a word as there are threads for.
template <int THREADS, class T, class Store> __device__ __forceinline__ void rank_words(const T* words, u32 held, Store store) {
  if (held <= THREADS / 8) rank_by_lanes<THREADS, 8>(words, held, store);
  else if (held <= THREADS / 4) rank_by_lanes<THREADS, 4>(words, held, store);
  else if (held <= THREADS / 2) rank_by_lanes<THREADS, 2>(words, held, store);
  else rank_by_lanes<THREADS, 1>(words, held, store);
}

// Sorts words[0..size) downwards, size a power of two. All threads call it, after a barrier; it ends with one.
template <int THREADS, class T> __device__ __forceinline__ void sort_words(T* words, u32 total) {
  for (u32 size = 2; size <= total; size *= 2) {
    for (u32 stride = size / 2; stride >= 1; stride /= 2) {
      for (u32 i = threadIdx.x; i < total / 2; i += THREADS) {
        const u32 low = 2 * i - (i & (stride - 1)), high = low + stride;
        const T a = words[low], b = words[high];
        if ((a < b) == ((low & size) == 0)) {
          words[low] = b;
          words[high] = a;
        }
      }
      __syncthreads();
    }
  }
}

// Calls store(word, rank) for each of words[0..held), held at most SIZE, a power of two: by counting where they are few, else sorted, which
// changes them. All threads call it, after a barrier.
template <int THREADS, int SIZE, class T, class Store> __device__ __forceinline__ void sort_to(T* words, u32 held, Store store) {
  if constexpr (SIZE <= 512) {
    rank_words<THREADS>(words, held, store);
  } else {
    for (u32 i = held + threadIdx.x; i < SIZE; i += THREADS) words[i] = 0;
    __syncthreads();
    sort_words<THREADS>(words, (u32)SIZE);
    for (u32 i = threadIdx.x; i < held; i += THREADS) store(words[i], i);
  }
}
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
typedef Element<f32, largest> E;
typedef E::Raw Raw;
typedef RawOrder<f32, largest> R;
constexpr u32 THREADS = 256;
constexpr u32 BLOCKS = 8;       // a cluster: one row
constexpr u32 VECTORS = 4;     // 16-byte slots a thread keeps in registers
constexpr u32 GROUP = 4;    // lanes that share a delegate
constexpr u32 SEGMENT = 256;     // survivors of a block
constexpr u32 RANKERS = 8;   // lanes that rank one survivor
constexpr u32 GROUPS = 64;       // a block's
constexpr u32 SLOTS = 8192;         // a cluster's
constexpr u32 CROWD = 64;         // more survivors of a block are sorted
constexpr u32 SHARED_BYTES = 38880;
constexpr u32 SORTED = 0x80000000u; // beside a count
typedef ClusterPart<E, BLOCKS> Part;
typedef LaidSlots<Part, THREADS> Laid;
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
  uint4 hit[SEGMENT]; // slots that hold survivors; of a crowd, what is to be sorted
  u32 hitPlace[SEGMENT];
  u32 hits, pushed;
  u32 greatest, least; // delegates
  BarScratch<THREADS> scratch;
  uint4 laid[THREADS * VECTORS + 1];
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

// The best of the slots laid down, where more reach the threshold than the segment has room for: those above a bar into the list, behind
// their places in the own segment the first equal ones by place, which need no sorting. Returns how many are above, and how many in all.
__device__ __forceinline__ uint2 take_best(Shared& s, const Part& part, Laid laid, u32 rank, u32 threshold, u32 wanted, Packed* list) {
  u32 most = s.greatest;
#pragma unroll
  for (int j = 0; j < (int)Part::perSlot; j++) most = greater_of(most, Part::key(s.laid[part.slots], j)); // no delegate stands for an edge
  u32 turns = 0;
  const PartBar bar = part_bar(part, laid, threshold, most, s.least, wanted, lesser_of(wanted + CROWD, SEGMENT), turns, s.scratch);
  u32 seen = 0; // elements of the turns before: above in the upper half, equal in the lower
  laid.each_turn(part, [&](const uint4& slot, u32 valid, u32 place) {
    u32 above, equal, total;
    compare_slot<Part>(slot, valid, bar.key, above, equal);
    if (!__syncthreads_or(above | equal)) return true;
    const u32 before = seen + sum_before(__popc(above) << 16 | __popc(equal), turns++, s.scratch, total);
    u32 at = before >> 16;
#pragma unroll
    for (int j = 0; j < (int)Part::perSlot; j++) {
      if (above >> j & 1u) list[at++] = W::make(Part::key(slot, j), place + j);
    }
    for (at = before & 0xffffu; equal && at < bar.ties; equal &= equal - 1, at++) {
      s.segment[rank][bar.above + at] = W::make(bar.key, place + __ffs(equal) - 1);
    }
    seen += total;
    return seen >> 16 < bar.above || (seen & 0xffffu) < bar.ties;
  });
  return make_uint2(bar.above, bar.above + bar.ties);
}

// A block with many survivors keeps the best `wanted` of them at most, sorted, so that no one counts among them. Returns how many.
__device__ __noinline__ u32 settle_crowd(Shared& s, const Part part, u32 rank, u32 hits, u32 threshold, u32 wanted, u32 found) {
  Packed* list = (Packed*)s.hit;
  uint2 taken = make_uint2(found, found);
  __syncthreads(); // the slots are laid down
  if (found > SEGMENT) {
    taken = take_best(s, part, Laid(part, s.laid, hits), rank, threshold, wanted, list);
  } else {
    for (u32 i = threadIdx.x; i < found; i += THREADS) list[i] = s.segment[rank][i];
  }
  if (threadIdx.x < W::perVector) list[taken.x + threadIdx.x] = 0;
  __syncthreads();
  const auto store = [&](Packed word, u32 at) {
    if (at < wanted) s.segment[rank][at] = word;
  };
  if (taken.x <= THREADS / 4) rank_by_lanes<THREADS, 4>(list, taken.x, store);
  else for (u32 i = threadIdx.x; i < taken.x; i += THREADS) store(list[i], greater_among(list, taken.x, list[i]));
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

// How many survivors of other blocks come before the own one, of a crowd, for each thread below `own`. The crowd's own places follow from
// their order; those of others that are sorted by search; and most often the rest are all below the crowd's last.
__device__ __noinline__ u32 before_crowd(const Shared& s, u32 rank, u32 own, Packed mine) {
  bool among = false;
  for (u32 i = threadIdx.x; i < BLOCKS * CROWD; i += THREADS) {
    const u32 other = i / CROWD, at = i % CROWD;
    among |= at < s.count[other] && s.count[other] < SORTED && W::key(s.segment[other][at]) >= W::key(s.segment[rank][own - 1]);
  }
  among = __syncthreads_or(among);
  u32 before = 0;
#pragma unroll 1
  for (u32 other = 0; other < BLOCKS; other++) {
    const u32 count = s.count[other];
    const Packed bound = W::bound(mine, rank, other);
    if (count >= SORTED) before += other == rank ? 0 : greater_in_sorted(s.segment[other], count & ~SORTED, bound);
    else if (among) before += greater_among(s.segment[other], count, bound);
  }
  return before;
}

extern "C" __global__ void __launch_bounds__(256) cluster_select_f32_largest_threads256_vectors4_blocks8_groupLanes4_segment256_rankLanes8(
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
#pragma unroll
      for (u32 v = 0; v < VECTORS; v++) {
        const u32 at = v * THREADS + tid;
        if (at < part.slots) s.laid[at] = slot[v];
      }
      if (tid < Part::perSlot) ((Raw*)(s.laid + part.slots))[tid] = E::raw(edge != Part::none ? edgeKey : 0);
    }
    own = settle_crowd(s, part, rank, hits, threshold, wanted, found);
  }
  exchange_survivors(s, rank, own, found > CROWD ? SORTED : 0);

  const auto store = [&](Packed word, u32 before) {
    if (before >= k) return;
    const u32 col = part.firstCol + W::place(word);
    emit<E, Word<E, 8>>(Word<E, 8>::make(W::key(word), col), row * k + before, values, indices, indexBytes);
  };
  if (found > CROWD) {
    for (u32 first = 0; first < own; first += THREADS) {
      const u32 c = first + tid;
      const Packed mine = c < own ? s.segment[rank][c] : 0;
      const u32 before = c + before_crowd(s, rank, own, mine);
      if (c < own) store(mine, before);
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
