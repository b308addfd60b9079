// Machine-written by topkit codegen from templates/wide_stream.cu.hbs and dsl/kernels/wide-stream.ts: edit those, not this.
//
// Few long rows: all blocks of a device stream one row together, once. What reaches the bar that the delegates of a sample give (wide_sample) goes to a block's list; a list that is
// full is reduced exactly, which raises the block's bar, so that no data overflows it. The last block to finish a row selects and sorts the k best of all lists.
//
// spec: dtype f32, order largest
// tune: warps 16, vectors 4, candidates 4096
// unit: `parts` blocks per row
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
// A run of elements as 16-byte slots. The run may start anywhere: slot 0 begins at the 16-byte boundary at or below it. Slots that
// lie wholly in the run are one vector load; the others are read element by element, so that nothing outside the run is touched.
template <class E> struct Slots {
  typedef typename E::Raw Raw;
  static constexpr int perSlot = 16 / sizeof(Raw);
  const Raw* run;
  i64 length;
  i64 count; // slots
  int head;  // elements of slot 0 before the run

  __device__ __forceinline__ Slots(const Raw* run_, i64 length_) : run(run_), length(length_ > 0 ? length_ : 0) {
    head = (int)(((u64)run & 15) / sizeof(Raw));
    count = length ? (head + length + perSlot - 1) / perSlot : 0;
  }
  // Place in the run of a slot's element 0; negative in slot 0 of an unaligned run.
  __device__ __forceinline__ i64 start(i64 slot) const { return slot * perSlot - head; }

  // The slot's raw bits; bit j of `valid` says whether element j lies in the run.
  __device__ __forceinline__ uint4 load(i64 slot, u32& valid) const {
    const i64 first = start(slot);
    if (first >= 0 && first + perSlot <= length) {
      valid = (1u << perSlot) - 1;
      return __ldg((const uint4*)(run + first));
    }
    u32 part[4] = {0, 0, 0, 0};
    valid = 0;
#pragma unroll
    for (int j = 0; j < perSlot; j++) {
      if (slot < count && first + j >= 0 && first + j < length) {
        part[j * 4 / perSlot] |= (u32)run[first + j] << (sizeof(Raw) == 2 ? 16 * (j & 1) : 0);
        valid |= 1u << j;
      }
    }
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
  // Element j, a compile-time constant after unrolling.
  static __device__ __forceinline__ Raw element(const uint4& slot, int j) {
    const int part = j * 4 / perSlot;
    const u32 bits = part == 0 ? slot.x : part == 1 ? slot.y : part == 2 ? slot.z : slot.w;
    return (Raw)(sizeof(Raw) == 2 ? bits >> (16 * (j & 1)) : bits);
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
// Radix selection among unique words in shared memory, by a block. Each digit begins at the first bit in which words differ, since words
// that are compared at all tend to lie close together, or share a key: one pass of 1024 bins is usual.
struct KthScratch {
  static constexpr u32 BINS = 1024;
  u32 bins[BINS];   // zero between selections: who reads one clears it
  u32 sums[32];     // of each warp
  u64 some[32], lacking[32];
  u32 bin, wanted, inside;

  // All threads call it, before a barrier.
  template <u32 THREADS> __device__ __forceinline__ void clear() {
    for (u32 i = threadIdx.x; i < BINS; i += THREADS) bins[i] = 0;
  }
};

__device__ __forceinline__ u64 warp_or(u64 bits) {
  return (u64)__reduce_or_sync(0xffffffffu, (u32)(bits >> 32)) << 32 | __reduce_or_sync(0xffffffffu, (u32)bits);
}

// Finds the bin where the count from the top reaches `wanted`, which it does, and clears all bins. All threads call it, after a barrier; it ends with one.
template <u32 THREADS> __device__ __forceinline__ void find_bin(KthScratch& s, u32 wanted) {
  constexpr u32 OWN = KthScratch::BINS / THREADS;
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32, top = KthScratch::BINS - 1 - threadIdx.x * OWN;
  u32 counts[OWN], sum = 0;
#pragma unroll
  for (u32 i = 0; i < OWN; i++) {
    counts[i] = s.bins[top - i];
    s.bins[top - i] = 0;
    sum += counts[i];
  }
  u32 above = sum;
#pragma unroll
  for (u32 step = 1; step < 32; step *= 2) {
    const u32 before = __shfl_up_sync(0xffffffffu, above, step);
    if (lane >= step) above += before;
  }
  if (lane == 31) s.sums[warp] = above;
  __syncthreads();
  above += __reduce_add_sync(0xffffffffu, lane < warp ? s.sums[lane] : 0) - sum;
#pragma unroll
  for (u32 i = 0; i < OWN; i++) {
    if (above < wanted && wanted <= above + counts[i]) {
      s.bin = top - i;
      s.wanted = wanted - above;
      s.inside = counts[i];
    }
    above += counts[i];
  }
  __syncthreads();
}

// A floor that at least k, and at most k + slack, of words[0..held) reach; held >= k > 0. Word 0 counts as any other. All threads call it,
// after a barrier; none has left it before all have called it.
template <u32 THREADS> __device__ __forceinline__ u64 kth_floor(const u64* words, u32 held, u32 k, u32 slack, KthScratch& s) {
  const u32 tid = threadIdx.x, lane = tid % 32;
  u64 floor = 0;
  u32 through = 64, wanted = k; // of the words that share the floor's bits from `through` on
  const auto among = [&](u64 word) { return through == 64 || (word ^ floor) >> through == 0; }; // a shift by 64 is undefined
  for (;;) {
    u64 some = 0, lacking = 0;
#pragma unroll 4
    for (u32 i = tid; i < held; i += THREADS) {
      const u64 word = words[i];
      if (among(word)) {
        some |= word;
        lacking |= ~word;
      }
    }
    some = warp_or(some);
    lacking = warp_or(lacking);
    if (lane == 0) {
      s.some[tid / 32] = some;
      s.lacking[tid / 32] = lacking;
    }
    __syncthreads();
    some = warp_or(s.some[lane % (THREADS / 32)]);
    lacking = warp_or(s.lacking[lane % (THREADS / 32)]);
    // the next digit begins where they differ
    const u32 differ = 64 - (u32)__clzll((long long)(some & lacking)), shift = differ > 10 ? differ - 10 : 0;
    if (differ == 0) return some; // one word, or none but zeros
    const u32 digits = (1u << (differ - shift)) - 1;
#pragma unroll 4
    for (u32 i = tid; i < held; i += THREADS) {
      const u64 word = words[i];
      if (among(word)) atomicAdd(&s.bins[(u32)(word >> shift) & digits], 1u);
    }
    __syncthreads();
    find_bin<THREADS>(s, wanted);
    floor = (some >> shift & ~(u64)digits | s.bin) << shift;
    through = shift;
    wanted = s.wanted;
    if (shift == 0 || s.inside - wanted <= slack) return floor;
  }
}
// Words that a block gathers in shared memory, all that reach a bar. A warp appends all words of a step or none: where they do not fit, the
// warp stays where it is, the others go on until they have to stay as well, and then the block keeps the k best, of which the last is the
// new bar. So nothing overflows on any data, and no barrier stands between one step and the next.
template <u32 THREADS, u32 CAPACITY> struct Gathered {
  __align__(16) u64 words[CAPACITY];
  KthScratch kth;
  u32 asked; // places given away, also beyond the capacity

  __device__ __forceinline__ u32 held() const { return lesser_of(asked, CAPACITY); }

  // Places for `total` words of a warp, of which `at` is the first; false where they do not all fit. All lanes call it.
  __device__ __forceinline__ bool reserve(u32 total, u32& at) {
    const u32 lane = threadIdx.x % 32;
    if (lane == 0) at = atomicAdd(&asked, total);
    at = __shfl_sync(0xffffffffu, at, 0);
    if (at + total <= CAPACITY) return true;
    for (u32 i = at + lane; i < CAPACITY; i += 32) words[i] = 0; // given away, and not taken: no element
    return false;
  }
  // Appends one word of each lane that has one, in neighbouring places from `at`, which moves on. All lanes call it.
  __device__ __forceinline__ void append(bool has, u64 word, u32& at) {
    const u32 having = __ballot_sync(0xffffffffu, has);
    if (has) words[at + __popc(having & ((1u << threadIdx.x % 32) - 1))] = word;
    at += __popc(having);
  }

  // Keeps the k best, or up to `slack` more, and returns the last of them. More than k are elements. All threads call it, after a barrier; it ends with one.
  __device__ __forceinline__ u64 keep_best(u32 k, u32 slack) {
    const u32 count = held(), lane = threadIdx.x % 32;
    const u64 floor = kth_floor<THREADS>(words, count, k, slack, kth);
    if (threadIdx.x == 0) asked = 0;
    // in place: what a round writes lies at or before what it has read
    for (u32 first = 0; first < count; first += THREADS) {
      const u32 from = first + threadIdx.x;
      const u64 word = from < count ? words[from] : 0;
      const u32 staying = __ballot_sync(0xffffffffu, word >= floor);
      __syncthreads();
      u32 at = 0;
      if (lane == 0 && staying) at = atomicAdd(&asked, (u32)__popc(staying));
      at = __shfl_sync(0xffffffffu, at, 0);
      append(word >= floor, word, at);
    }
    __syncthreads();
    return floor;
  }
};
// Sorting words that a block holds in shared memory.

// Sorts one word of each of the first `size` threads downwards, a power of two from 32 to THREADS, by a bitonic network: shared memory between
// warps, shuffles within one. `exchange` has two words a thread. All threads call it, after a barrier.
template <u32 THREADS> __device__ __forceinline__ u64 sort_threads(u64 mine, u32 size, u64* exchange) {
  const u32 tid = threadIdx.x;
  const bool sorts = tid < size; // whole warps
  const auto keep = [&](u64 other, u32 run, u32 stride) {
    const bool greater = ((tid & run) == 0) == ((tid & stride) == 0);
    mine = (mine > other) == greater ? mine : other;
  };
  u32 turn = 0;
  for (u32 run = 2; run <= size; run *= 2) {
    for (u32 stride = run / 2; stride >= 32; stride /= 2) {
      // in turns, so that one barrier a step is enough
      u64* const all = exchange + turn * THREADS;
      turn ^= 1;
      if (sorts) all[tid] = mine;
      __syncthreads();
      if (sorts) keep(all[tid ^ stride], run, stride);
    }
    if (!sorts) continue;
#pragma unroll
    for (u32 stride = 16; stride >= 1; stride /= 2) {
      if (stride < run) keep(__shfl_xor_sync(0xffffffffu, mine, stride), run, stride);
    }
  }
  return mine;
}

// Calls store(place, word) for places 0 .. k-1 of words[0..held), sorted downwards, and word 0 behind them. There is room for `held` rounded up to a
// power of two, and for two words a thread. All threads call it, after a barrier.
template <u32 THREADS, class Store> __device__ __forceinline__ void store_sorted(u64* words, u32 held, u32 k, Store store) {
  if (held <= THREADS / 2) { // counting is quicker than a network for few
    rank_by_lanes<THREADS, 2>(words, held, [&](u64 word, u32 rank) {
      if (rank < k) store(rank, word);
    });
    for (u32 at = held + threadIdx.x; at < k; at += THREADS) store(at, 0);
    return;
  }
  u32 size = 32;
  while (size < held) size *= 2;
  if (size <= THREADS) {
    u64 mine = threadIdx.x < held ? words[threadIdx.x] : 0;
    __syncthreads();
    mine = sort_threads<THREADS>(mine, size, words);
    for (u32 at = threadIdx.x; at < k; at += THREADS) store(at, at < size ? mine : 0);
  } else {
    for (u32 i = held + threadIdx.x; i < size; i += THREADS) words[i] = 0;
    __syncthreads();
    sort_words<THREADS>(words, size);
    for (u32 at = threadIdx.x; at < k; at += THREADS) store(at, at < size ? words[at] : 0);
  }
}
// Whether this is the last of `blocks` blocks to come here; the ticket, which wraps, is zero again afterwards. What a block wrote before is seen by the last one after: the
// barrier puts every thread's writes before the fence of the thread that takes the ticket (fences are cumulative), and its second fence stands
// before what the last block reads, which waits for it at the barrier. `last` is in shared memory.
__device__ __forceinline__ bool is_last_block(u32* ticket, u32 blocks, bool& last) {
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicInc(ticket, blocks - 1) == blocks - 1;
    __threadfence();
  }
  __syncthreads();
  return last;
}
typedef Element<f32, largest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
typedef Slots<E> Run;
typedef Extremum<f32, largest> X;
constexpr u32 WARPS = 16;
constexpr u32 THREADS = 512;
constexpr u32 VECTORS = 4;       // 16-byte slots in flight a thread
constexpr u32 CAPACITY = 4096;   // words that a block holds
constexpr u32 GROUPS = 4096;    // delegates of a row, at most
constexpr u32 PARTS = 528;        // blocks of a row, at most
constexpr u32 STEP = 32 * VECTORS;         // slots that a warp looks at together
constexpr u32 BITS = VECTORS * Run::perSlot; // elements of a thread's part of that
constexpr u32 SHARED_BYTES = 39680;
static_assert(THREADS == 32 * WARPS && BITS <= 64 && STEP * Run::perSlot == 512, "derived");

struct Shared {
  Gathered<THREADS, CAPACITY> best;
  u32 longer[PARTS]; // lists that may have more than 32 of the best
  u32 longerLists;
  bool last;
};
static_assert(sizeof(Shared) <= SHARED_BYTES, "derived");

// Words from `word` up are wanted. Before an element's word is made, its group's best value is held against one of two: that of elements
// up to the word's column, and a greater one of elements behind it, which lose a tie; so rows full of ties pass by unopened.
struct Bar {
  u64 word;
  u32 upTo, behind;         // values
  bool allUpTo, allBehind;  // no value tells: open every group
  __device__ __forceinline__ Bar(u64 word_) : word(word_) {
    const u32 key = W::key(word);
    upTo = behind = 0;
    allUpTo = !X::below(key, upTo);
    allBehind = !X::below(lesser_of(key, E::greatestKey - 1) + 1, behind);
  }
  __device__ __forceinline__ bool reached(u32 best, i64 firstCol) const {
    const bool after = firstCol > (i64)W::col(word);
    return (after ? allBehind : allUpTo) || X::reaches(best, after ? behind : upTo);
  }
};

// A thread's slots of a step of its warp: `first` + lane, and every 32nd after it.
struct Step {
  uint4 slot[VECTORS];
  u64 valid; // bit v * perSlot + j
  __device__ __forceinline__ void load(const Run& run, u32 first, u32 end) {
    const u32 lane = threadIdx.x % 32;
    if (run.start(first) >= 0 && first + STEP <= end && run.start(first + STEP) <= run.length) {
      const uint4* at = (const uint4*)(run.run + run.start(first)) + lane;
#pragma unroll
      for (u32 v = 0; v < VECTORS; v++) slot[v] = __ldcs(at + v * 32);
      valid = ~0ull >> (64 - BITS);
      return;
    }
    valid = 0;
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) {
      const u32 at = first + v * 32 + lane;
      u32 its = 0;
      slot[v] = at < end ? run.load(at, its) : make_uint4(0, 0, 0, 0);
      valid |= (u64)its << (v * Run::perSlot);
    }
  }
  __device__ __forceinline__ bool reaches(const Bar& bar, i64 firstCol) const {
    u32 best = X::join(slot[0]);
#pragma unroll
    for (u32 v = 1; v < VECTORS; v++) best = X::join(best, X::join(slot[v]));
    return bar.reached(best, firstCol);
  }
  // Appends the words that reach the bar, all of the warp's or none; false for none of some.
  __device__ __forceinline__ bool push(Gathered<THREADS, CAPACITY>& into, const Run& run, u32 first, const Bar& bar) const {
    const u32 col = (u32)run.start(first + threadIdx.x % 32);
    u64 hits = 0;
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) {
      if (!__any_sync(0xffffffffu, bar.reached(X::join(slot[v]), run.start(first)))) continue;
#pragma unroll
      for (u32 j = 0; j < Run::perSlot; j++) {
        const u32 i = v * Run::perSlot + j;
        hits |= (u64)(W::make(E::key(Run::element(slot[v], j)), col + offset(i)) >= bar.word) << i;
      }
    }
    hits &= valid;
    const u32 total = __reduce_add_sync(0xffffffffu, (u32)__popcll((long long)hits));
    if (total == 0) return true;
    u32 at;
    if (!into.reserve(total, at)) return false;
#pragma unroll
    for (u32 v = 0; v < VECTORS; v++) {
      if (!__any_sync(0xffffffffu, (hits >> (v * Run::perSlot) & ((1u << Run::perSlot) - 1)) != 0)) continue;
#pragma unroll
      for (u32 j = 0; j < Run::perSlot; j++) {
        const u32 i = v * Run::perSlot + j;
        into.append(hits >> i & 1ull, W::make(E::key(Run::element(slot[v], j)), col + offset(i)), at);
      }
    }
    return true;
  }

 private:
  // Columns from the thread's first element to its element i.
  static __device__ __forceinline__ u32 offset(u32 i) { return i / Run::perSlot * 32 * Run::perSlot + i % Run::perSlot; }
};

// What a warp takes of a row's lists at a time.
struct Taken {
  static constexpr u32 MOST = 9; // the lists of 132 blocks, by 16 warps
  u64 word[MOST];
  // Appends the words that reach the bar, all or none; false for none of some. Bit i of `hits` says which of the lane's words do.
  __device__ __forceinline__ bool push(Gathered<THREADS, CAPACITY>& into, u64 bar, u32& hits) const {
    hits = 0;
#pragma unroll
    for (u32 i = 0; i < MOST; i++) hits |= (u32)(word[i] >= bar) << i;
    const u32 total = __reduce_add_sync(0xffffffffu, (u32)__popc(hits));
    if (total == 0) return true;
    u32 at;
    if (!into.reserve(total, at)) return false;
#pragma unroll
    for (u32 i = 0; i < MOST; i++) into.append(hits >> i & 1u, word[i], at);
    return true;
  }
};

// Gathers the best of a row's lists of k words each: k of them, or up to `slack` more. First the best 32 of every list; when those have raised the bar,
// the rest of the lists of which all 32 still reach it.
__device__ __forceinline__ void gather_lists(Shared& s, const u64* lists, u32 parts, u32 k, u32 slack) {
  const u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  u32 hits;
  u64 bar = 1; // every word, and no empty place
  for (u32 list = warp * Taken::MOST;;) {
    bool full = false;
    for (; list < parts; list += WARPS * Taken::MOST) {
      Taken taken;
#pragma unroll
      for (u32 i = 0; i < Taken::MOST; i++) taken.word[i] = list + i < parts && lane < k ? __ldcg(lists + (i64)(list + i) * k + lane) : 0;
      full = !taken.push(s.best, bar, hits);
      if (full) break;
    }
    const bool again = __syncthreads_or(full);
    if (s.best.held() > k + slack) bar = s.best.keep_best(k, slack);
    if (!again) break;
  }
  if (k <= 32) return;
  for (u32 list = threadIdx.x; list < parts; list += THREADS) {
    if (__ldcg(lists + (i64)list * k + 31) >= bar) s.longer[atomicAdd(&s.longerLists, 1u)] = list;
  }
  __syncthreads();
  for (u32 n = warp, from = 32;;) {
    bool full = false;
    while (n < s.longerLists) {
      const u64* const list = lists + (i64)s.longer[n] * k;
      Taken taken;
#pragma unroll
      for (u32 i = 0; i < Taken::MOST; i++) taken.word[i] = from + 32 * i + lane < k ? __ldcg(list + from + 32 * i + lane) : 0;
      full = !taken.push(s.best, bar, hits);
      if (full) break;
      from += 32 * Taken::MOST;
      const u32 last = __shfl_sync(0xffffffffu, hits, 31) >> (Taken::MOST - 1);
      if (from < k && last) continue;
      n += WARPS;
      from = 32;
    }
    const bool again = __syncthreads_or(full);
    if (s.best.held() > k + slack) bar = s.best.keep_best(k, slack);
    if (!again) return;
  }
}

extern "C" __global__ void __launch_bounds__(512) wide_stream_f32_largest_warps16_vectors4_candidates4096(
    const Raw* __restrict__ x,
    const int* __restrict__ lengths,
    const u64* __restrict__ delegates,
    u32* __restrict__ tickets,
    u64* __restrict__ words,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride,
    const long long indexBytes,
    const long long groups,
    const long long parts) {
  extern __shared__ __align__(16) unsigned char arena[];
  Shared& s = *(Shared*)arena;
  const u32 warp = threadIdx.x / 32;
  const i64 row = blockIdx.x / (u32)parts, part = blockIdx.x % (u32)parts;

  // the delegates first: the bar is looked for while the part's first elements are on their way
  u64 delegate[GROUPS / THREADS];
#pragma unroll
  for (u32 i = 0; i < GROUPS / THREADS; i++) {
    const u32 at = i * THREADS + threadIdx.x;
    delegate[i] = at < groups ? delegates[row * groups + at] : 0;
  }
  const Run run(x + row * rowStride, row_length(lengths, row, cols));
  // whole lines of 128 bytes a block
  const u32 slots = (u32)run.count, share = (slots + (u32)parts - 1) / (u32)parts + 7 & ~7u;
  const u32 begin = lesser_of((u32)part * share, slots), end = begin + lesser_of(share, slots - begin);
  u32 first = begin + warp * STEP;
  Step ahead;
  ahead.load(run, first, end);

#pragma unroll
  for (u32 i = 0; i < GROUPS / THREADS; i++) {
    const u32 at = i * THREADS + threadIdx.x;
    if (at < groups) s.best.words[at] = delegate[i];
  }
  if (threadIdx.x == 0) s.best.asked = 0;
  s.best.kth.clear<THREADS>();
  __syncthreads();
  // the k-th of the delegates, or of an eighth of k more
  Bar bar(kth_floor<THREADS>(s.best.words, (u32)groups, (u32)k, (u32)k / 8, s.best.kth));
  __syncthreads();

  for (;;) {
    bool full = false;
    while (first < end) {
      const Step step = ahead;
      ahead.load(run, first + THREADS * VECTORS, end);
      if (__any_sync(0xffffffffu, step.reaches(bar, run.start(first))) && !step.push(s.best, run, first, bar)) {
        full = true;
        break;
      }
      first += THREADS * VECTORS;
    }
    const bool again = __syncthreads_or(full);
    if (again || s.best.held() > k) bar = Bar(s.best.keep_best((u32)k, 0));
    if (!again) break;
    ahead.load(run, first, end);
  }

  // a list of more than 32 words is sorted: its first 32 are read before the rest
  u64* const lists = words + row * parts * k;
  const u32 held = s.best.held();
  if (held > 32) {
    store_sorted<THREADS>(s.best.words, held, (u32)k, [&](u32 at, u64 word) { lists[part * k + at] = word; });
  } else {
    for (u32 at = threadIdx.x; at < k; at += THREADS) lists[part * k + at] = at < held ? s.best.words[at] : 0;
  }
  if (!is_last_block(tickets + row, (u32)parts, s.last)) return;

  if (threadIdx.x == 0) s.best.asked = s.longerLists = 0;
  __syncthreads();
  u32 size = 32; // of what is sorted
  while (size < k) size *= 2;
  gather_lists(s, lists, (u32)parts, (u32)k, size - (u32)k);
  store_sorted<THREADS>(s.best.words, s.best.held(), (u32)k, [&](u32 at, u64 word) { emit<E, W>(word, row * k + at, values, indices, indexBytes); });
}
