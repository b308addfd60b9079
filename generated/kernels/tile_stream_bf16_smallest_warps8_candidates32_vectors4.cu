// Machine-written by topkit codegen from templates/tile_stream.cu.hbs and dsl/kernels/tile-stream.ts: edit those, not this.
//
// Stage 1: a block streams one chunk of a row, tile by tile, one read of the input, and keeps what reaches a bar. Where more groups of a tile
// reach it than it takes, the k-th best group raises it; more words than `candidates` are thinned out to about k: exact on any distribution.
// Each chunk leaves a list of k words, sorted, ended by zeros.
//
// spec: dtype bf16, order smallest
// tune: warps 8, candidates 32, vectors 4
// unit: one block per chunk of a row
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
// Columns of a row that count: all of them, or lengths[row] clamped to 0..cols.
__device__ __forceinline__ i64 row_length(const int* lengths, i64 row, i64 cols) {
  if (!lengths) return cols;
  const i64 length = lengths[row];
  return length < 0 ? 0 : length > cols ? cols : length;
}
// A chunk of a row as 16-byte slots: what slots.cuh does, of fewer than 2^31 elements, so that places take 32 bits. The chunk may start anywhere:
// slot 0 begins at the 16-byte boundary at or below it. Slots that lie wholly in the chunk are one vector load; the others are read element by
// element, so that nothing outside the chunk is touched.
template <class E> struct Chunk {
  typedef typename E::Raw Raw;
  static constexpr u32 perSlot = 16 / sizeof(Raw);
  const Raw* run;
  u32 length;
  u32 count; // slots
  u32 head;  // elements of slot 0 before the run

  __device__ __forceinline__ Chunk(const Raw* run_, i64 length_) : run(run_), length(length_ > 0 ? (u32)length_ : 0) {
    head = (u32)((u64)run & 15) / sizeof(Raw);
    count = length ? (head + length + perSlot - 1) / perSlot : 0;
  }
  // Place in the chunk of a slot's element 0; in slot 0 of an unaligned chunk it wraps below 0, and `holds` none such.
  __device__ __forceinline__ u32 start(u32 slot) const { return slot * perSlot - head; }
  __device__ __forceinline__ bool holds(u32 place) const { return place < length; }
  __device__ __forceinline__ bool whole(u32 slot) const { return start(slot) < length && length - start(slot) >= perSlot; }

  // The slot's raw bits, zeros outside of the chunk.
  __device__ __forceinline__ uint4 load(u32 slot) const {
    const u32 first = start(slot);
    if (whole(slot)) return __ldg((const uint4*)(run + first));
    u32 part[4] = {0, 0, 0, 0};
    if (slot < count) {
#pragma unroll
      for (u32 j = 0; j < perSlot; j++) {
        if (holds(first + j)) part[j * 4 / perSlot] |= (u32)run[first + j] << (sizeof(Raw) == 2 ? 16 * (j & 1) : 0);
      }
    }
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
  // Element j, a compile-time constant after unrolling.
  static __device__ __forceinline__ Raw element(const uint4& slot, u32 j) {
    const u32 part = j * 4 / perSlot;
    const u32 bits = part == 0 ? slot.x : part == 1 ? slot.y : part == 2 ? slot.z : slot.w;
    return (Raw)(sizeof(Raw) == 2 ? bits >> (16 * (j & 1)) : bits);
  }
  // The slot with each element given by f(element, j).
  template <class F> static __device__ __forceinline__ uint4 each(const uint4& slot, F f) {
    u32 part[4] = {0, 0, 0, 0};
#pragma unroll
    for (u32 j = 0; j < perSlot; j++) part[j * 4 / perSlot] |= (u32)f(element(slot, j), j) << (sizeof(Raw) == 2 ? 16 * (j & 1) : 0);
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
};
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
// A lower bound of the k-th greatest of many words, from the block's delegates: each thread gives a word that some word of a group of its own
// reaches; the groups are disjoint, so a word that k delegates reach, k words reach.

// The block's, in shared memory.
template <class T, int THREADS> struct BarSearch {
  T delegates[THREADS];
  T found;
};

// Raises `lo` until k to `enough` delegates reach it, where k of them exceed it and are unique; an unchanged `lo` says nothing. One warp bisects
// between the least and the greatest key, which a word has above its lower `keyShift` bits, in at most as many steps as a word has bits; the
// others leave it the multiprocessor. All threads call it.
template <int THREADS, class T> __device__ __forceinline__ T bar_of(T delegate, u32 k, u32 enough, T lo, u32 keyShift, BarSearch<T, THREADS>& search) {
  constexpr int EACH = THREADS / 32;
  if (k > THREADS) return lo;
  search.delegates[threadIdx.x] = delegate;
  __syncthreads();
  if (threadIdx.x < 32) {
    T mine[EACH];
    u32 least = ~0u, greatest = 0;
#pragma unroll
    for (int i = 0; i < EACH; i++) {
      mine[i] = search.delegates[i * 32 + threadIdx.x];
      least = lesser_of(least, (u32)(mine[i] >> keyShift));
      greatest = greater_of(greatest, (u32)(mine[i] >> keyShift));
    }
    lo = greater_of(lo, (T)__reduce_min_sync(0xffffffffu, least) << keyShift);
    T hi = (T)__reduce_max_sync(0xffffffffu, greatest) << keyShift | (((T)1 << keyShift) - 1);
    u32 reached = ~0u;
    while (lo < hi && reached > enough) {
      const T middle = lo + (hi - lo) / 2;
      u32 count[4] = {0, 0, 0, 0};
#pragma unroll
      for (int i = 0; i < EACH; i++) count_greater(count[i % 4], mine[i], middle);
      const u32 above = __reduce_add_sync(0xffffffffu, count[0] + count[1] + count[2] + count[3]);
      if (above >= k) {
        lo = middle + 1;
        reached = above;
      } else {
        hi = middle;
      }
    }
    if (threadIdx.x == 0) search.found = lo;
  }
  __syncthreads();
  return search.found;
}
// Keeps the best of unique words in shared memory, by a whole block.

// A word in as few bits as the columns of a row need: a bisection has one step for each.
struct ShortWord {
  const u32 bits; // of a column; 0 is no element's word here either
  const u32 mask;
  __device__ __forceinline__ ShortWord(i64 cols) : bits(32 - __clz((u32)cols)), mask((1u << bits) - 1) {}
  __device__ __forceinline__ u64 make(u32 key, u32 col) const { return (u64)key << bits | (mask - col); }
  __device__ __forceinline__ u64 of(u64 word) const { return word >> 32 << bits | ((u32)word & mask); }
  __device__ __forceinline__ u32 key(u64 shortened) const { return (u32)(shortened >> bits); }
  // `of` undone; of no element, 0
  __device__ __forceinline__ u64 word(u64 shortened) const { return shortened ? shortened >> bits << 32 | (~mask | ((u32)shortened & mask)) : 0; }
};

struct Kept {
  u32 count; // words
  u32 least[32], greatest[32]; // keys of each warp, for a bisection
};

// Leaves of words[0..held) the greatest ones, at least k and at most `enough`, in words[0..kept.count), in no order. Needs k <= enough < held
// <= CAPACITY. Returns a bar: exactly the words that are left reach it. Bisects between the least and the greatest key, which a word has above its
// lower `keyShift` bits, in at most as many steps as a word has bits. All threads call it; it ends with a barrier.
template <int THREADS, int CAPACITY> __device__ u64 thin_out(u64* words, u32 held, u32 k, u32 enough, u32 keyShift, Kept& kept) {
  constexpr int ITEMS = (CAPACITY + THREADS - 1) / THREADS;
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u64 mine[ITEMS];
  u32 least = ~0u, greatest = 0;
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 at = i * THREADS + threadIdx.x;
    mine[i] = at < held ? words[at] : 0;
    if (at >= held) continue;
    least = lesser_of(least, (u32)(mine[i] >> keyShift));
    greatest = greater_of(greatest, (u32)(mine[i] >> keyShift));
  }
  least = __reduce_min_sync(0xffffffffu, least);
  greatest = __reduce_max_sync(0xffffffffu, greatest);
  if (lane == 0) {
    kept.least[warp] = least;
    kept.greatest[warp] = greatest;
  }
  __syncthreads();
  u64 lo = (u64)__reduce_min_sync(0xffffffffu, kept.least[lane % (THREADS / 32)]) << keyShift;
  u64 hi = (u64)__reduce_max_sync(0xffffffffu, kept.greatest[lane % (THREADS / 32)]) << keyShift | (((u64)1 << keyShift) - 1);
  // too many words reach lo, fewer than k exceed hi
  for (u32 reached = held; reached > enough;) {
    const u64 middle = lo + (hi - lo) / 2;
    u32 above = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      if (i * THREADS >= held) break;
      above += (u32)__syncthreads_count(mine[i] > middle);
    }
    if (above >= k) {
      lo = middle + 1;
      reached = above;
    } else {
      hi = middle;
    }
  }
  if (threadIdx.x == 0) kept.count = 0;
  __syncthreads();
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 at = i * THREADS + threadIdx.x;
    if (at < held && mine[i] >= lo) words[atomicAdd(&kept.count, 1u)] = mine[i];
  }
  __syncthreads();
  return lo;
}
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
typedef Element<bf16, smallest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
typedef Chunk<E> Run;
typedef Extremum<bf16, smallest> X;
constexpr int WARPS = 8;
constexpr int THREADS = 256;
constexpr int THREAD_BITS = 9;
constexpr int VECTORS = 4;
constexpr int GROUP = VECTORS * Run::perSlot; // elements of a tile that a thread has
constexpr int TILE = 8192;                // elements a block loads at a time
constexpr u32 LISTED = 18;            // groups of a tile that may have some of the k best
constexpr int CANDIDATES = 32;    // words kept between tiles
constexpr int CAPACITY = 608;        // those and the elements of the listed groups: pushes never overflow
constexpr int LIST_BYTES = 2528;
static_assert(THREADS == 32 * WARPS && TILE == THREADS * GROUP && THREADS < 1 << THREAD_BITS && CAPACITY == CANDIDATES + LISTED * GROUP, "derived");

// What is done to an element before it is compared.
__device__ __forceinline__ Raw prologue(Raw raw) { return raw; }

// A key and the thread whose group it is of: sorts by the key, then by column, since the groups of a tile are in the order of their threads. 0 is
// below all.
struct G {
  typedef PartWord<E>::Type Type;
  static __device__ __forceinline__ Type make(u32 key, u32 thread) { return (Type)key << THREAD_BITS | (THREADS - thread); }
  static __device__ __forceinline__ u32 key(Type word) { return (u32)(word >> THREAD_BITS); }
  // The least word of the next key; of the same, where it is the greatest.
  static __device__ __forceinline__ Type above(u32 key) { return (Type)(key == E::greatestKey ? key : key + 1) << THREAD_BITS; }
};

// A tile in the registers of a block: each thread's slots are neighbours.
struct Tile {
  uint4 slot[VECTORS];

  __device__ __forceinline__ void load(const Run& run, u32 first) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) slot[v] = run.load(first + threadIdx.x * VECTORS + v);
  }
  // As it is compared: after the prologue, and what lies outside of the run is no better than anything in it.
  __device__ __forceinline__ void prepare(const Run& run, u32 first) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      slot[v] = Run::each(slot[v], [](Raw raw, u32) { return prologue(raw); });
      const u32 at = first + threadIdx.x * VECTORS + v, start = run.start(at);
      if (!run.whole(at)) slot[v] = Run::each(slot[v], [&](Raw raw, u32 j) { return run.holds(start + j) ? raw : E::raw(0); });
    }
  }
  // The best of the thread's group, or less where its key is vague and not wanted exactly; 0 where there is none.
  __device__ __forceinline__ G::Type best(const Run& run, u32 first, bool exact) const {
    if (first + threadIdx.x * VECTORS >= run.count) return 0;
    u32 most = X::join(slot[0]);
#pragma unroll
    for (int v = 1; v < VECTORS; v++) most = X::join(most, X::join(slot[v]));
    u32 key = X::best_key(most);
    if (exact) {
#pragma unroll
      for (int i = 0; i < GROUP; i++) key = greater_of(key, E::key(Run::element(slot[i / Run::perSlot], i % Run::perSlot)));
    }
    return G::make(key, threadIdx.x);
  }
};

// Groups that may have some of the k best, for all threads to look at, an element each.
struct List {
  uint4 slot[LISTED * VECTORS];
  u32 thread[LISTED];
  u32 count;
  Kept kept;
  BarSearch<G::Type, THREADS> search;
};

extern "C" __global__ void __launch_bounds__(256) tile_stream_bf16_smallest_warps8_candidates32_vectors4(
    const Raw* __restrict__ x,
    const int* __restrict__ lengths,
    u64* __restrict__ words,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride,
    const long long chunkSize,
    const long long chunks) {
  extern __shared__ __align__(16) unsigned char arena[];
  List& list = *(List*)arena;
  u64* kept = (u64*)(arena + LIST_BYTES);
  static_assert(sizeof(List) <= LIST_BYTES, "derived");
  const i64 row = blockIdx.x / (u32)chunks, chunk = blockIdx.x % (u32)chunks;
  const i64 firstCol = chunk * chunkSize, length = row_length(lengths, row, cols) - firstCol;
  const Run run(x + row * rowStride + firstCol, length < chunkSize ? length : chunkSize);

  if (threadIdx.x == 0) list.count = list.kept.count = 0;
  const ShortWord shortened(cols);
  const u32 enough = lesser_of((u32)(k + k / 8) + 4, LISTED); // groups that a search may leave
  G::Type bar = 1; // a group whose best is less has none of the k best
  Tile ahead;
  ahead.load(run, 0);
  for (u32 first = 0; first < run.count; first += THREADS * VECTORS) {
    Tile tile = ahead;
    ahead.load(run, first + THREADS * VECTORS);
    tile.prepare(run, first);
    G::Type best = tile.best(run, first, bar != 1 && X::vague(G::key(bar)));
    // also keeps this tile's pushes behind the reads of the counts in the last one
    const u32 reaching = __syncthreads_count(best >= bar);
    if (reaching == 0) continue;
    G::Type next = bar;
    if (reaching > enough) {
      G::Type raised = bar_of<THREADS>(best, (u32)k, enough, bar, THREAD_BITS, list.search);
      if (raised > bar && X::vague(G::key(raised))) {
        best = tile.best(run, first, true);
        raised = bar_of<THREADS>(best, (u32)k, enough, bar, THREAD_BITS, list.search);
      }
      // an element of a later tile with the key that k elements reach loses to them: its column is greater
      if (raised > bar) next = G::above(G::key(raised));
      bar = raised;
    }
    if (best >= bar) {
      const u32 at = atomicAdd(&list.count, 1u);
#pragma unroll
      for (int v = 0; v < VECTORS; v++) list.slot[at * VECTORS + v] = tile.slot[v];
      list.thread[at] = threadIdx.x;
    }
    __syncthreads();
    const Raw* elements = (const Raw*)list.slot;
    const u32 count = list.count * GROUP;
    u32 hits = 0; // bit i: element i * THREADS + threadIdx.x
#pragma unroll
    for (int i = 0; i < (LISTED * GROUP + THREADS - 1) / THREADS; i++) {
      const u32 e = i * THREADS + threadIdx.x;
      if (e >= count) break;
      const u32 thread = list.thread[e / GROUP];
      const bool hit = G::make(E::key(elements[e]), thread) >= bar && run.holds(run.start(first + thread * VECTORS) + e % GROUP);
      hits |= (u32)hit << i;
    }
    if (hits) {
      for (u32 at = atomicAdd(&list.kept.count, (u32)__popc(hits)); hits; hits &= hits - 1) {
        const u32 e = (__ffs(hits) - 1) * THREADS + threadIdx.x;
        const u32 col = (u32)firstCol + run.start(first + list.thread[e / GROUP] * VECTORS) + e % GROUP;
        kept[at++] = shortened.make(E::key(elements[e]), col);
      }
    }
    bar = next;
    __syncthreads();
    if (threadIdx.x == 0) list.count = 0;
    const u32 held = list.kept.count;
    if (held > CANDIDATES) {
      const u32 fewer = lesser_of((u32)(k + k / 4) + 16, ((u32)k + CANDIDATES) / 2);
      const u64 floor = thin_out<THREADS, CAPACITY>(kept, held, (u32)k, fewer, shortened.bits, list.kept);
      bar = G::above(shortened.key(floor));
    }
  }
  __syncthreads();
  u64* best = words + (row * chunks + chunk) * k;
  const u32 held = list.kept.count;
  sort_to<THREADS, CANDIDATES>(kept, held, [&](u64 word, u32 rank) {
    if (rank < k) best[rank] = shortened.word(word);
  });
  for (i64 i = held + threadIdx.x; i < k; i += THREADS) best[i] = 0;
}
