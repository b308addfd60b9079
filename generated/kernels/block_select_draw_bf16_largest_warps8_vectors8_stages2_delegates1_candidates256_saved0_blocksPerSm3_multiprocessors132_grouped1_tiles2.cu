// Machine-written by topkit codegen from templates/block_select.cu.hbs and dsl/kernels/block-select-draw.ts: edit those, not this.
//
// block_select, and the draw from its answer in the same launch: a row's order goes to shared memory instead, over the list that is done with.
//
// spec: dtype bf16, order largest
// tune: warps 8, vectors 8, stages 2, delegates 1, candidates 256, saved 0, blocksPerSm 3, multiprocessors 132, grouped 1, tiles 2
// unit: one block per row, and per row `blocks` further on
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
// Bulk copies into shared memory, and the mbarriers that tell when they have landed; one instruction a function (PTX ISA 8.0, sm_90).
#ifndef TOPKIT_EMULATE // twins: native/emulator/prelude/cluster.h
__device__ __forceinline__ u32 shared_address(const void* pointer) { return (u32)__cvta_generic_to_shared(pointer); }
__device__ __forceinline__ void mbarrier_init(u32 barrier, u32 arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
// Makes initialised mbarriers known to the copy engine.
__device__ __forceinline__ void fence_mbarrier_init() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
// Orders what was done to shared memory by ordinary loads and stores before what the copy engine does to it next.
__device__ __forceinline__ void fence_proxy_async() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
__device__ __forceinline__ void mbarrier_arrive_expect_tx(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
// Waits until the phase of this parity has ended; acquire at the scope of the block, the default.
__device__ __forceinline__ void mbarrier_wait(u32 barrier, u32 parity) {
  u32 ended = 0;
  while (!ended) {
    asm volatile(
        "{\n .reg .pred p;\n mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n selp.u32 %0, 1, 0, p;\n}"
        : "=r"(ended)
        : "r"(barrier), "r"(parity)
        : "memory");
  }
}
// `source` and `bytes` are multiples of 16.
__device__ __forceinline__ void bulk_copy(u32 address, const void* source, u32 bytes, u32 barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(address), "l"(source), "r"(bytes),
               "r"(barrier)
               : "memory");
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
// exp and log as sequences of correctly rounded f32 operations, so that every backend gets the same bits (docs/contract.md, "Sampling"). No
// FMA: JavaScript has none. The intrinsics are never contracted, whatever the options. Polynomials: Cephes (Moshier 1992), expf and logf.
// native/src/cpu/device_code.h gives the intrinsics to native C++; test/support/exact-math.ts is the twin in TypeScript.
constexpr u32 CANONICAL_NAN = 0x7fc00000u;

// Less than 1 ulp from e^x; +inf above 128 ln 2, 0 below -150 ln 2, subnormal results included. A NaN gives the canonical one.
static __device__ __forceinline__ float exact_exp(float given) {
  // what is out of range is chosen at the end, without a branch: neighbouring lanes have both
  const bool above = given > 88.72283935546875f, below = given < -103.97208404541015625f;
  const float x = above || below || given != given ? 0.0f : given;
  // n = round(x / ln 2): at 1.5 * 2^23 an f32 has no fraction left
  const float n = __fsub_rn(__fadd_rn(__fmul_rn(x, 1.44269502162933349609375f), 12582912.0f), 12582912.0f);
  // ln 2 in two parts, the first of 10 bits: n times it is exact, and so is the first difference
  const float r = __fsub_rn(__fsub_rn(x, __fmul_rn(n, 0.693359375f)), __fmul_rn(n, -2.12194440e-4f));
  float p = __fadd_rn(__fmul_rn(1.9875691500e-4f, r), 1.3981999507e-3f);
  p = __fadd_rn(__fmul_rn(p, r), 8.3334519073e-3f);
  p = __fadd_rn(__fmul_rn(p, r), 4.1665795894e-2f);
  p = __fadd_rn(__fmul_rn(p, r), 1.6666665459e-1f);
  p = __fadd_rn(__fmul_rn(p, r), 5.0000001201e-1f);
  const float mantissa = __fadd_rn(__fadd_rn(__fmul_rn(p, __fmul_rn(r, r)), r), 1.0f);
  // 2^n in two factors, both normal: only the last product rounds, and only where the result is subnormal
  const int exponent = __float2int_rz(n), half = exponent >> 1;
  const float scaled = __fmul_rn(mantissa, __uint_as_float((u32)(half + 127) << 23));
  const float power = __fmul_rn(scaled, __uint_as_float((u32)(exponent - half + 127) << 23));
  const float beyond = above ? __uint_as_float(0x7f800000u) : below ? 0.0f : __uint_as_float(CANONICAL_NAN);
  return above || below || given != given ? beyond : power;
}

// Less than 0.84 ulp from ln x. log(0) is -inf, of either sign; below 0 and for a NaN the canonical NaN.
static __device__ __forceinline__ float exact_log(float x) {
  if (x != x || x < 0.0f) return __uint_as_float(CANONICAL_NAN);
  if (x == 0.0f) return __uint_as_float(0xff800000u);
  if (x > 3.402823466385288598e38f) return x;
  const bool subnormal = x < 1.1754943508222875e-38f;
  // the mantissa in [sqrt 1/2, sqrt 2), the exponent beside it
  const u32 bits = __float_as_uint(subnormal ? __fmul_rn(x, 16777216.0f) : x) - 0x3f3504f3u;
  const float exponent = (float)(((int)bits >> 23) - (subnormal ? 24 : 0));
  const float f = __fsub_rn(__uint_as_float((bits & 0x7fffffu) + 0x3f3504f3u), 1.0f);
  const float square = __fmul_rn(f, f);
  float p = __fadd_rn(__fmul_rn(7.0376836292e-2f, f), -1.1514610310e-1f);
  p = __fadd_rn(__fmul_rn(p, f), 1.1676998740e-1f);
  p = __fadd_rn(__fmul_rn(p, f), -1.2420140846e-1f);
  p = __fadd_rn(__fmul_rn(p, f), 1.4249322787e-1f);
  p = __fadd_rn(__fmul_rn(p, f), -1.6668057665e-1f);
  p = __fadd_rn(__fmul_rn(p, f), 2.0000714765e-1f);
  p = __fadd_rn(__fmul_rn(p, f), -2.4999993993e-1f);
  p = __fadd_rn(__fmul_rn(p, f), 3.3333331174e-1f);
  p = __fmul_rn(__fmul_rn(p, f), square);
  p = __fadd_rn(p, __fmul_rn(exponent, -2.12194440e-4f));
  p = __fsub_rn(p, __fmul_rn(square, 0.5f));
  return __fadd_rn(__fadd_rn(f, p), __fmul_rn(exponent, 0.693359375f));
}
// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): a block of 128 random bits that is a pure function of counter and key.
struct PhiloxBlock {
  u32 word[4];
};

static __device__ __forceinline__ PhiloxBlock philox(PhiloxBlock counter, u32 key0, u32 key1) {
  u32 a = counter.word[0], b = counter.word[1], c = counter.word[2], d = counter.word[3];
  for (int round = 0; round < 10; round++) {
    const u64 left = (u64)0xd2511f53u * a, right = (u64)0xcd9e8d57u * c;
    a = (u32)(right >> 32) ^ b ^ key0;
    b = (u32)right;
    c = (u32)(left >> 32) ^ d ^ key1;
    d = (u32)left;
    key0 += 0x9e3779b9u; // the golden ratio
    key1 += 0xbb67ae85u; // sqrt 3 - 1
  }
  return PhiloxBlock{{a, b, c, d}};
}

// 64 random bits of a row's draw: key = seed, counter = offset, low words first; the counter's upper half is 0 (docs/contract.md, "Sampling").
static __device__ __forceinline__ u64 draw_bits(u64 seed, u64 offset) {
  const PhiloxBlock block = philox(PhiloxBlock{{(u32)offset, (u32)(offset >> 32), 0u, 0u}}, (u32)seed, (u32)(seed >> 32));
  return (u64)block.word[1] << 32 | block.word[0];
}
// What a draw does with one candidate, and with a row's sums (docs/contract.md, "Sampling"): scalars only, so that native C++ has the same text.
// Masses are integers: their sums have no order and no rounding. Stands behind exp_log.cuh.

// Exact. As an f32 of 2^-112 the bits of an f16 are in place but for the exponent's bias, subnormals included.
static __device__ __forceinline__ float widen_f16(u32 bits) {
  const u32 magnitude = (bits & 0x7fffu) << 13, sign = (bits & 0x8000u) << 16;
  if (magnitude >= 0x0f800000u) return __uint_as_float(sign | 0x7f800000u | magnitude);
  return __uint_as_float(sign | __float_as_uint(__fmul_rn(__uint_as_float(magnitude), 5.192296858534827628530496329220096e33f)));
}

static __device__ __forceinline__ float widen_bf16(u32 bits) { return __uint_as_float(bits << 16); }

// Whether a row can be drawn from: parameters in their ranges (a NaN is in none), and a best value that is neither a NaN nor -inf.
static __device__ __forceinline__ bool in_range(float temperature, float top_p, float min_p) {
  return temperature >= 0.0f && temperature < __uint_as_float(0x7f800000u) && top_p >= 0.0f && top_p <= 1.0f && min_p >= 0.0f && min_p <= 1.0f;
}
static __device__ __forceinline__ bool can_be_best(float value) { return value > __uint_as_float(0xff800000u); }

// At most 0. At the best it is 0, even where best is +inf or the temperature 0.
static __device__ __forceinline__ float score_of(float value, float best, float temperature) {
  return value == best ? 0.0f : __fdiv_rn(__fsub_rn(value, best), temperature);
}

// floor(weight * 2^32) of a weight of 0 to 1.
static __device__ __forceinline__ u64 mass_of(float weight) { return (u64)__fmul_rn(weight, 4294967296.0f); }

// A top-p of 0 to 1: all, or a fraction in units of 2^-64.
struct TopP {
  bool all;
  u64 fraction;
};
static __device__ __forceinline__ TopP top_p_of(float top_p) {
  const bool all = top_p >= 1.0f;
  return TopP{all, all ? 0 : (u64)__fmul_rn(top_p, 18446744073709551616.0f)};
}

// The least mass that is at least top_p of the total: a candidate is kept if less than this stands before it.
static __device__ __forceinline__ u64 mass_wanted(u64 total, TopP top_p) {
  return top_p.all ? total : __umul64hi(top_p.fraction, total) + (top_p.fraction * total != 0);
}

// The token is the first candidate at which the running mass exceeds this.
static __device__ __forceinline__ u64 draw_target(u64 bits, u64 mass) { return __umul64hi(bits, mass); }

// ln of a mass in units of 2^32, which rounds to f32 first.
static __device__ __forceinline__ float log_mass(u64 mass) { return exact_log(__fmul_rn((float)mass, 2.3283064365386962890625e-10f)); }
// A row's draw by a block (docs/contract.md, "Sampling"), behind sample.cuh: sample_row and the kernels that draw in their own launch have this text.

// An element as the f32 that it stands for.
template <Dtype D> __device__ __forceinline__ float value_of(u32 raw) {
  if constexpr (D == f32) return __uint_as_float(raw);
  else if constexpr (D == f16) return widen_f16(raw);
  else return widen_bf16(raw);
}

// A candidate in 64 bits: its column above its value. NO_CANDIDATE: what stands behind a row's last, -inf without a column.
constexpr u64 NO_CANDIDATE = 0xffffffffff800000ull;
__device__ __forceinline__ u64 candidate(float value, u32 column) { return (u64)column << 32 | __float_as_uint(value); }

// What a row is drawn with, as it is given.
struct DrawParameters {
  float temperature, topP, minP;
  u64 seed, offset;
  __device__ __forceinline__ DrawParameters(const float* temperatures, const float* topPs, const float* minPs, const u64* seeds, const u64* offsets, i64 row)
      : temperature(temperatures ? temperatures[row] : 1.0f), topP(topPs ? topPs[row] : 1.0f), minP(minPs ? minPs[row] : 0.0f), seed(seeds[row]),
        offset(offsets[row]) {}
  // Some hundred cycles, which a kernel spends while it waits for something else.
  __device__ __forceinline__ u64 bits() const { return draw_bits(seed, offset); }
  __device__ __forceinline__ bool drawable(float best) const { return in_range(temperature, topP, minP) && can_be_best(best); }
};

// Where the answer goes; all but the tokens are null where nobody asks.
struct DrawOutputs {
  int* tokens;
  float* logprobs;
  int* kept;
  float* candidateLogprobs;
};

// Masses are below 2^33: beside each, whether min-p lets its candidate pass.
constexpr u64 PASSES = 1ull << 63;
__device__ __forceinline__ u64 weigh(float value, float best, float temperature, float minP) {
  const float weight = exact_exp(score_of(value, best, temperature));
  if (!(weight <= 1.0f)) return 0; // parameters out of range, which draw nothing
  const u64 mass = mass_of(weight);
  return mass > 0 && weight >= minP ? mass | PASSES : mass;
}

// Candidates that a lane of the warp that draws has, as a power of two, where one tile holds all: at most 256. Of four, few would gain, and all would wait for
// more instructions.
__device__ __forceinline__ u32 held_items(i64 k) { return k <= 64 ? 1 : 3; }
// Where a tile's masses lie in shared memory: a lane has neighbours, and reads without conflicts.
__device__ __forceinline__ u32 mass_slot(u32 place, u32 items) { return (place & ((1u << items) - 1)) * 32 + (place >> items); }

// A tile of masses in the registers of a warp: each lane has ITEMS neighbours.
template <int ITEMS> struct MassTile {
  u64 through[ITEMS]; // running mass of the lane's own
  u32 passing;        // by min-p, a bit each
  u64 before, end;    // the row's running mass before the lane's first, and at the end of the tile

  // masses(slot, place) gives each; `at`: the row's running mass before the tile.
  template <class Masses> __device__ __forceinline__ void take(Masses masses, u64 at) {
    const u32 lane = threadIdx.x % 32;
    u64 sum = 0;
    passing = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const u64 its = masses(i * 32 + lane, lane * ITEMS + i);
      passing |= (u32)(its >> 63) << i;
      sum += its & ~PASSES;
      through[i] = sum;
    }
    u64 inclusive = sum;
#pragma unroll
    for (u32 step = 1; step < 32; step *= 2) {
      const u64 below = __shfl_up_sync(0xffffffffu, inclusive, step);
      if (lane >= step) inclusive += below;
    }
    before = at + inclusive - sum;
    end = at + __shfl_sync(0xffffffffu, inclusive, 31);
  }
};

// Calls work(base) where the masses of a tile are drawn from: once for the one that is held, or behind take(base, mass before) for each.
template <int ITEMS, class Take, class Work>
__device__ __forceinline__ void each_tile(const MassTile<ITEMS>& tile, i64 k, bool held, bool drawing, Take take, Work work) {
  if (held) {
    if (drawing) work((i64)0);
    return;
  }
  u64 before = 0;
  for (i64 base = 0; base < k; base += 32 * ITEMS) {
    take(base, before);
    before = tile.end;
    if (drawing) work(base);
  }
}

// What came of a draw: the mass of what is kept, how many that are where anybody asks, and, in the lane that has it, the token's place.
struct Drawn {
  u64 mass;
  u32 kept, place;
};
constexpr u32 NO_PLACE = 0xffffffffu;

// Draws from k candidates in passes over tiles: the mass of all, the cuts, the draw. HELD: k is at most a tile, and one warp calls; else all threads do,
// and prepare(base), which begins and ends with a barrier, makes a tile's masses. masses(slot, place) gives a mass of the tile.
template <int ITEMS, bool HELD, class Prepare, class Masses>
__device__ __forceinline__ Drawn choose(const DrawParameters& with, u64 bits, i64 k, bool counted, Prepare prepare, Masses masses) {
  const bool drawing = HELD || threadIdx.x < 32, held = HELD || k <= 32 * ITEMS;
  const u32 lane = threadIdx.x % 32;
  MassTile<ITEMS> tile;
  const auto take = [&](i64 base, u64 before) {
    prepare(base);
    if (drawing) tile.take(masses, before);
  };
  if (held) take(0, 0);

  u64 total = 0;
  each_tile(tile, k, held, drawing, take, [&](i64) { total = tile.end; });

  // the cuts keep a prefix, because weights fall: its length, and its mass
  const u64 wanted = with.temperature == 0.0f ? 0 : mass_wanted(total, top_p_of(with.topP));
  Drawn drawn = {0, 0, NO_PLACE};
  each_tile(tile, k, held, drawing, take, [&](i64 base) {
    const u64 room = wanted > tile.before ? wanted - tile.before : 0;
    u32 count = 0;
    u64 kept = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      // the best is always kept
      const bool keeps = ((tile.passing >> i & 1) && (i ? tile.through[i - 1] : 0) < room) || (i == 0 && lane == 0 && base == 0);
      count += keeps;
      if (keeps) kept = tile.through[i];
    }
    const u32 keeping = __ballot_sync(0xffffffffu, count > 0);
    if (keeping) drawn.mass = __shfl_sync(0xffffffffu, tile.before + kept, 31 - __clz((int)keeping));
    if (counted) drawn.kept += __reduce_add_sync(0xffffffffu, count);
  });

  const u64 target = draw_target(bits, drawn.mass);
  each_tile(tile, k, held, drawing, take, [&](i64 base) {
    // of exactly one candidate the running mass passes the target
    const u64 over = target - tile.before;
    if (target < tile.before || over >= tile.through[ITEMS - 1]) return;
    u32 mine = 0;
#pragma unroll
    for (int i = 0; i < ITEMS - 1; i++) mine += over >= tile.through[i];
    drawn.place = (u32)base + lane * ITEMS + mine;
  });
  return drawn;
}

__device__ __forceinline__ u64 mass_in(u64 word) { return word; }
__device__ __forceinline__ u64 mass_in(const ulonglong2& candidate) { return candidate.y; }
template <int ITEMS, class Word> __device__ __forceinline__ Drawn choose_from(const DrawParameters& with, u64 bits, const Word* words, u32 there, bool counted) {
  return choose<ITEMS, true>(with, bits, 0, counted, [](i64) {}, [&](u32 slot, u32 place) { return place < there ? mass_in(words[slot]) : 0; });
}
// As choose(), by one warp, from masses that lie in the slots of held_items(k), as many as are there.
template <class Word> __device__ __forceinline__ Drawn choose_held(const DrawParameters& with, u64 bits, i64 k, const Word* words, u32 there, bool counted) {
  return held_items(k) == 1 ? choose_from<2>(with, bits, words, there, counted) : choose_from<8>(with, bits, words, there, counted);
}
// Stores what the first warp drew, and leaves in `found` what store_candidates() asks for.
template <class Load>
__device__ __forceinline__ void store_drawn(const Drawn& drawn, float best, float temperature, i64 row, const DrawOutputs& out, u32* found, Load load) {
  if (drawn.place != NO_PLACE) {
    const u64 its = load(drawn.place);
    out.tokens[row] = (int)(its >> 32);
    if (out.logprobs) out.logprobs[row] = __fsub_rn(score_of(__uint_as_float((u32)its), best, temperature), log_mass(drawn.mass));
  }
  if (threadIdx.x == 0 && (out.kept || out.candidateLogprobs)) {
    found[0] = drawn.kept;
    found[1] = __float_as_uint(log_mass(drawn.mass));
  }
}

// Of a row that has no distribution.
template <int THREADS> __device__ __forceinline__ void store_nothing(i64 row, i64 k, const DrawOutputs& out) {
  if (threadIdx.x == 0) {
    out.tokens[row] = -1;
    if (out.logprobs) out.logprobs[row] = __uint_as_float(CANONICAL_NAN);
    if (out.kept) out.kept[row] = 0;
  }
  if (out.candidateLogprobs) {
    for (i64 place = threadIdx.x; place < k; place += THREADS) out.candidateLogprobs[row * k + place] = __uint_as_float(0xff800000u);
  }
}

// What is known of the candidates, where anybody asks: all threads, behind choose().
template <int THREADS, class Load>
__device__ __forceinline__ void store_candidates(float temperature, float best, i64 row, i64 k, const DrawOutputs& out, const u32* found, Load load) {
  if (!out.kept && !out.candidateLogprobs) return;
  __syncthreads();
  if (out.kept && threadIdx.x == 0) out.kept[row] = (int)found[0];
  if (!out.candidateLogprobs) return;
  for (i64 place = threadIdx.x; place < k; place += THREADS) {
    const float score = score_of(__uint_as_float((u32)load(place)), best, temperature);
    out.candidateLogprobs[row * k + place] = place < found[0] ? __fsub_rn(score, __uint_as_float(found[1])) : __uint_as_float(0xff800000u);
  }
}

// All threads make the masses of the tile that begins at `base`, of 32 << items; a barrier then.
template <int THREADS, class Load>
__device__ __forceinline__ void weigh_tile(const DrawParameters& with, float best, i64 base, i64 k, u32 items, u64* words, Load load) {
  for (u32 at = threadIdx.x; at < 32u << items; at += THREADS) {
    words[mass_slot(at, items)] = base + at < k ? weigh(__uint_as_float((u32)load(base + at)), best, with.temperature, with.minP) : 0;
  }
  __syncthreads();
}

// Draws from k candidates, which load(place) gives in their order: all threads of the block weigh them, the first warp does the rest. Begins after a barrier.
// draw_held(): k is at most 256; `words` has 64, or 256 where k is greater. draw_tiles(): any k; `words` is a tile, 32 << LOG_ITEMS. Both, and `found`
// (two), are free after the next barrier.
template <int THREADS, class Load>
__device__ __forceinline__ void draw_held(const DrawParameters& with, u64 bits, i64 row, i64 k, const DrawOutputs& out, u64* words, u32* found, Load load) {
  const float best = __uint_as_float((u32)load(0));
  if (!with.drawable(best)) {
    __syncthreads(); // all have read the bits, as behind weigh_tile()
    return store_nothing<THREADS>(row, k, out);
  }
  weigh_tile<THREADS>(with, best, 0, k, held_items(k), words, load);
  if (threadIdx.x < 32) {
    const Drawn drawn = choose_held(with, bits, k, words, (u32)k, out.kept || out.candidateLogprobs);
    store_drawn(drawn, best, with.temperature, row, out, found, load);
  }
  store_candidates<THREADS>(with.temperature, best, row, k, out, found, load);
}
template <int THREADS, int LOG_ITEMS, class Load>
__device__ __forceinline__ void draw_tiles(const DrawParameters& with, i64 row, i64 k, const DrawOutputs& out, u64* words, u32* found, Load load) {
  const float best = __uint_as_float((u32)load(0));
  if (!with.drawable(best)) return store_nothing<THREADS>(row, k, out);
  const auto prepare = [&](i64 base) {
    __syncthreads(); // the last tile was taken
    weigh_tile<THREADS>(with, best, base, k, LOG_ITEMS, words, load);
  };
  const auto masses = [&](u32 slot, u32) { return words[slot]; };
  const Drawn drawn = choose<1 << LOG_ITEMS, false>(with, with.bits(), k, out.kept || out.candidateLogprobs, prepare, masses);
  if (threadIdx.x < 32) store_drawn(drawn, best, with.temperature, row, out, found, load);
  store_candidates<THREADS>(with.temperature, best, row, k, out, found, load);
}
constexpr Dtype DTYPE = bf16;
constexpr int DRAWN = 256; // candidates of a row
// compiled as if blocks might have 256 threads, which bounds the registers
typedef Element<bf16, largest> E;
typedef E::Raw Raw;
typedef Word<E, 4> W;
typedef Extremum<bf16, largest> Best;
constexpr int WARPS = 8;
constexpr int THREADS = 256;
constexpr int VECTORS = 8;     // 16-byte slots of a tile that a thread reads
constexpr int GROUPED = 1;     // of these, those that share a register for their best element: a group
constexpr int TILES = 2;         // tiles of the longest row
constexpr int GROUPS = 16;       // groups that a thread has
constexpr int STAGES = 2;       // tiles that are on their way or being read
constexpr int DELEGATES = 1; // of a thread, each the best of every DELEGATES-th of its groups
constexpr u32 CAPACITY = 256; // words that may be held
constexpr u32 BLOCKS = 396;       // 3 to each of 132 multiprocessors; each takes every BLOCKS-th row
constexpr u32 KEY_STEP = 1;    // distance of two keys that differ in the last bit of a bf16
constexpr u32 PER_SLOT = 16 / sizeof(Raw);
constexpr u32 PIECE = 32 * VECTORS;      // slots of a tile that a warp reads
constexpr u32 TILE = THREADS * VECTORS;  // slots of a tile
constexpr u64 BEYOND = (u64)E::greatestKey + 1;
constexpr u32 BINNED = 256;       // words up to which bins of keys beat a network
constexpr u32 SAVED = 0;         // slots that may be copied while the row passes by
constexpr u32 LISTED = CAPACITY + 8;     // groups that may be listed: more of them hold more than CAPACITY elements, as a rule
static_assert(THREADS == 32 * WARPS && GROUPS == TILES * (VECTORS / GROUPED) && GROUPS <= 32 && STAGES <= 32, "derived");
static_assert(CAPACITY >= 256 && SAVED % 2 == 0 && DRAWN == 256, "words have room for 64 masses, or for 256 where CAPACITY is 512 or more; the list for k candidates");

// A row: whole 16-byte slots, and edges of fewer elements than a slot before and behind them.
struct Row {
  const Raw* run;
  u32 length, head, slots;
  __device__ __forceinline__ Row(const Raw* run_, i64 length_) : run(run_), length((u32)length_) {
    head = lesser_of((u32)(-(u64)run & 15) / (u32)sizeof(Raw), length);
    slots = (length - head) / PER_SLOT;
  }
  __device__ __forceinline__ const uint4* inside() const { return (const uint4*)(run + head); }
  __device__ __forceinline__ u32 column(u32 slot) const { return head + slot * PER_SLOT; }
  __device__ __forceinline__ u32 edges() const { return length - slots * PER_SLOT; }
  __device__ __forceinline__ u32 edge_column(u32 i) const { return i < head ? i : i + slots * PER_SLOT; }
};

// What a thread has of a row, besides the best of its groups.
struct Share {
  Row row;
  bool edge;  // whether it has an edge element, and which
  u32 edgeColumn, edgeKey;
  __device__ __forceinline__ Share(const Row& row_) : row(row_) {
    edge = threadIdx.x < row.edges();
    edgeColumn = row.edge_column(threadIdx.x);
    edgeKey = edge ? E::key(row.run[edgeColumn]) : 0;
  }
};

// The slot that is a thread's vector of a tile: a warp's piece lies in one run.
__device__ __forceinline__ u32 slot_of(u32 tile, u32 vector, u32 thread) {
  return tile * TILE + (thread >> 5) * PIECE + vector * 32 + (thread & 31);
}

// The slot that is number i of a thread's group.
__device__ __forceinline__ u32 slot_in(u32 group, u32 i, u32 thread) {
  constexpr u32 PER_TILE = VECTORS / GROUPED;
  return slot_of(group / PER_TILE, group % PER_TILE * GROUPED + i, thread);
}

// What the threads of a block share, besides the ring, the words and the list.
struct Control {
  // in turns, so that one is zero when the other is done with
  u32 words[2];     // words pushed
  u32 groups[2];    // groups listed
  u32 saved[2];     // slots saved
  u32 top;          // greatest delegate of the block's first row
  // of sums over warps, in turns too
  u32 parts[2][WARPS];
};

// Which elements of a slot pass, as bits.
template <class Test> __device__ __forceinline__ u32 mask_of(const uint4& slot, Test test) {
  u32 mask = 0;
#pragma unroll
  for (int j = 0; j < (int)PER_SLOT; j++) mask |= (u32)test(E::key(Slots<E>::element(slot, j))) << j;
  return mask;
}
// The key of element j, which is no compile-time constant.
__device__ __forceinline__ u32 key_at(const uint4& slot, u32 j) {
  const u32 part = j * 4 / PER_SLOT;
  const u32 bits = part < 2 ? (part == 0 ? slot.x : slot.y) : (part == 2 ? slot.z : slot.w);
  return E::key((Raw)(sizeof(Raw) == 2 ? bits >> (16 * (j & 1)) : bits));
}

// Pushes the elements of a slot with keys of `bar` or more. `count` counts them all; those beyond CAPACITY are not held.
__device__ __forceinline__ void push_slot(const Row& row, u32 slot, const uint4& bits, u32 bar, W::Type* words, u32& count) {
  u32 mask = mask_of(bits, [bar](u32 key) { return key >= bar; });
  if (!mask) return;
  u32 at = atomicAdd(&count, (u32)__popc((int)mask));
  for (; mask && at < CAPACITY; mask &= mask - 1, at++) {
    const u32 j = (u32)__ffs((int)mask) - 1;
    words[at] = W::make(key_at(bits, j), row.column(slot) + j);
  }
}

__device__ __forceinline__ void push_edge(const Share& share, u32 bar, W::Type* words, u32& count) {
  if (!share.edge || share.edgeKey < bar) return;
  const u32 at = atomicAdd(&count, 1u);
  if (at < CAPACITY) words[at] = W::make(share.edgeKey, share.edgeColumn);
}

// For groups that the list cannot take though few elements reach the bar, as NaNs can do: each thread reads its own.
__device__ __noinline__ u32 hold_unlisted(Share share, u32 hits, u32 bar, W::Type* words, u32* count) {
  __syncthreads();
  if (threadIdx.x == 0) *count = 0;
  __syncthreads();
  push_edge(share, bar, words, *count);
  for (; hits; hits &= hits - 1) {
    const u32 group = (u32)__ffs((int)hits) - 1;
    for (u32 i = 0; i < GROUPED; i++) {
      const u32 slot = slot_in(group, i, threadIdx.x);
      if (slot < share.row.slots) push_slot(share.row, slot, __ldg(share.row.inside() + slot), bar, words, *count);
    }
  }
  __syncthreads();
  return *count;
}

// Slots that were copied while the row passed by, and where they lie.
struct Saved {
  uint4* bits;
  u32* slots;
};

// Holds the elements of a row with keys of `bar` or more, given those slots that may have some. Otherwise as `hold`.
__device__ __forceinline__ u32 hold_saved(const Share& share, const Saved& saved, u32 slots, u32 bar, u32 turn, W::Type* words, Control& control) {
  u32& count = control.words[turn & 1];
  push_edge(share, bar, words, count);
  for (u32 i = threadIdx.x; i < slots; i += THREADS) push_slot(share.row, saved.slots[i], saved.bits[i], bar, words, count);
  if (threadIdx.x == 0) control.words[~turn & 1] = control.groups[~turn & 1] = 0;
  __syncthreads();
  return count;
}

// Holds the elements of a row with keys of `bar` or more, given those of each thread's groups that may have some. Returns how many there are,
// or some number beyond CAPACITY. All threads call it; it begins after a barrier and ends with one.
__device__ __forceinline__ u32 hold(const Share& share, u32 hits, u32 bar, u32 turn, W::Type* words, u32* list, Control& control) {
  u32& count = control.words[turn & 1];
  push_edge(share, bar, words, count);
  // Groups go through a list, so that all threads have as many slots to read, from the L2 as a rule, and wait for it once.
  if (hits) {
    u32 at = atomicAdd(&control.groups[turn & 1], (u32)__popc((int)hits));
    for (u32 left = hits; left && at < LISTED; left &= left - 1, at++) list[at] = ((u32)__ffs((int)left) - 1) * THREADS + threadIdx.x;
  }
  __syncthreads();
  const u32 groups = control.groups[turn & 1], listed = lesser_of(groups, LISTED);
  for (u32 i = threadIdx.x; i < listed * GROUPED; i += THREADS) {
    const u32 entry = list[i / GROUPED], slot = slot_in(entry / THREADS, i % GROUPED, entry % THREADS);
    if (slot < share.row.slots) push_slot(share.row, slot, __ldg(share.row.inside() + slot), bar, words, count);
  }
  if (threadIdx.x == 0) control.words[~turn & 1] = control.groups[~turn & 1] = 0;
  __syncthreads();
  return groups > LISTED && count <= CAPACITY ? hold_unlisted(share, hits, bar, words, &count) : count;
}

// Appends the first `wanted` elements with the key `tie`, in the order of columns. All threads call it; it ends with a barrier.
__device__ __noinline__ void append_ties(Share share, u32 hits, u32 tie, u32 wanted, W::Type* words, u32* parts) {
  const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  u32 found = 0;
  // tiles -1 and TILES are the edges
  for (int tile = -1; tile <= TILES && found < wanted; tile++) {
    const bool edges = tile < 0 || tile == TILES;
    u32 mask[VECTORS];
    u32 any = 0;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      mask[v] = 0;
      const u32 slot = slot_of((u32)tile, v, threadIdx.x);
      if (edges) {
        mask[v] = v == 0 && share.edge && share.edgeKey == tie && (share.edgeColumn < share.row.head) == (tile < 0);
      } else if ((hits >> ((u32)tile * (VECTORS / GROUPED) + v / GROUPED) & 1u) && slot < share.row.slots) {
        mask[v] = mask_of(__ldg(share.row.inside() + slot), [tie](u32 key) { return key == tie; });
      }
      any |= mask[v];
    }
    // also keeps what follows behind the reads of `parts` in the last tile
    if (!__syncthreads_or(any != 0)) continue;
    // Columns of a warp's piece grow by vector, then by lane.
    u32 place[VECTORS];
    u32 total = 0;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      const u32 own = (u32)__popc((int)mask[v]);
      u32 through = own;
#pragma unroll
      for (int step = 1; step < 32; step *= 2) {
        const u32 before = __shfl_up_sync(0xffffffffu, through, step);
        if (lane >= step) through += before;
      }
      place[v] = total + through - own;
      total += __shfl_sync(0xffffffffu, through, 31);
    }
    if (lane == 0) parts[warp] = total;
    __syncthreads();
    u32 before = found;
    for (u32 other = 0; other < WARPS; other++) {
      if (other < warp) before += parts[other];
      found += parts[other];
    }
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      u32 at = before + place[v];
      for (u32 left = mask[v]; left && at < wanted; left &= left - 1, at++) {
        const u32 column = edges ? share.edgeColumn : share.row.column(slot_of((u32)tile, v, threadIdx.x)) + (u32)__ffs((int)left) - 1;
        words[at] = W::make(tie, column);
      }
    }
  }
  __syncthreads();
}

// What bin_words works with.
struct Sorting {
  W::Type* sorted; // BINNED
  u32* bins;       // one a thread, zero to begin with
  u16* places;     // BINNED
};

// Calls store(word, rank) for each of words[0..held), all of which reach the bar: sorts them by bins of keys, and counts within a bin.
// All threads call it, after a barrier.
template <class Store>
__device__ __forceinline__ void bin_words(const W::Type* words, u32 held, u32 bar, const Sorting& sorting, u32* parts, Store store) {
  const u32 tid = threadIdx.x, lane = tid & 31, warp = tid >> 5;
  // the last bin takes the rest
  const auto bin_of = [bar](W::Type word) { return lesser_of((W::key(word) - bar) / KEY_STEP, (u32)THREADS - 1); };
  for (u32 i = tid; i < held; i += THREADS) sorting.places[i] = (u16)atomicAdd(&sorting.bins[bin_of(words[i])], 1u);
  __syncthreads();
  // where each bin begins: behind all bins of greater keys
  u32& bin = sorting.bins[THREADS - 1 - tid];
  const u32 own = bin;
  u32 through = own;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const u32 before = __shfl_up_sync(0xffffffffu, through, step);
    if (lane >= step) through += before;
  }
  if (lane == 31) parts[warp] = through;
  __syncthreads();
  bin = through - own + __reduce_add_sync(0xffffffffu, lane < warp ? parts[lane] : 0);
  __syncthreads();
  for (u32 i = tid; i < held; i += THREADS) sorting.sorted[sorting.bins[bin_of(words[i])] + sorting.places[i]] = words[i];
  __syncthreads();
  for (u32 i = tid; i < held; i += THREADS) {
    const W::Type word = sorting.sorted[i];
    const u32 at = bin_of(word), begin = sorting.bins[at], end = at ? sorting.bins[at - 1] : held;
    u32 rank = begin;
    for (u32 other = begin; other < end; other++) count_greater(rank, sorting.sorted[other], word);
    store(word, rank);
  }
}

// A warp's own ring of pieces of tiles, which are copied ahead of its reading, row after row. No other warp reads them, so none waits for another.
struct Ring {
  const uint4* pieces;
  u32 data, barriers; // shared addresses of the pieces and of a barrier for each
  u32 stage, parity;  // of the next piece to read
  // the next piece to ask for: its row, its place, and how many slots of the row lie behind its first
  u32 row;
  const uint4* next;
  int left;
};

extern "C" __global__ void __launch_bounds__(256, 3) block_select_draw_bf16_largest_warps8_vectors8_stages2_delegates1_candidates256_saved0_blocksPerSm3_multiprocessors132_grouped1_tiles2(
    const Raw* __restrict__ x,
    const int* __restrict__ lengths,
    int* __restrict__ indices,
    const float* __restrict__ temperature,
    const float* __restrict__ topP,
    const float* __restrict__ minP,
    const u64* __restrict__ seeds,
    const u64* __restrict__ offsets,
    int* __restrict__ tokens,
    float* __restrict__ logprobs,
    int* __restrict__ kept,
    float* __restrict__ candidateLogprobs,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride) {
  extern __shared__ __align__(128) unsigned char arena[];
  uint4* const stages = (uint4*)arena;
  W::Type* const words = (W::Type*)(stages + STAGES * TILE);
  Saved saved;
  saved.bits = (uint4*)(words + CAPACITY);
  Sorting sorting;
  sorting.sorted = (W::Type*)(saved.bits + SAVED);
  u64* const barriers = (u64*)(sorting.sorted + BINNED);
  saved.slots = (u32*)(barriers + WARPS * STAGES);
  u32* const list = saved.slots + SAVED;
  sorting.bins = list + LISTED;
  Control& control = *(Control*)(sorting.bins + THREADS);
  sorting.places = (u16*)(&control + 1);
  const u32 tid = threadIdx.x, warp = tid >> 5, lane = tid & 31;
  const u32 wanted = (u32)k, slack = greater_of(wanted / 4, 4u);

  Ring ring;
  ring.pieces = stages + warp * STAGES * PIECE;
  ring.data = shared_address(ring.pieces);
  ring.barriers = shared_address(barriers + warp * STAGES);
  ring.stage = ring.parity = 0;
  ring.row = blockIdx.x;
  const auto open_row = [&] {
    const Row row(x + (i64)ring.row * rowStride, row_length(lengths, ring.row, cols));
    ring.next = row.inside() + warp * PIECE;
    ring.left = (int)row.slots - (int)(warp * PIECE);
  };
  const auto ask = [&](u32 stage) {
    while (ring.left <= 0) {
      ring.row += BLOCKS;
      if (ring.row >= rows) return;
      open_row();
    }
    if (lane == 0) {
      const u32 bytes = lesser_of((u32)ring.left, PIECE) * 16, barrier = ring.barriers + stage * 8;
      mbarrier_arrive_expect_tx(barrier, bytes);
      bulk_copy(ring.data + stage * PIECE * 16, ring.next, bytes, barrier);
    }
    ring.next += TILE;
    ring.left -= (int)TILE;
  };
  if (lane < STAGES) mbarrier_init(ring.barriers + lane * 8, 1);
  fence_mbarrier_init();
  __syncwarp();
  open_row();
  for (u32 stage = 0; stage < STAGES; stage++) ask(stage);
  if (tid == 0) control.words[0] = control.words[1] = control.groups[0] = control.groups[1] = control.saved[0] = control.saved[1] = control.top = 0;
  __syncthreads();

  u32 guess = 0, turn = 0, round = 0;
  // What reaches `floor` is saved as it passes by, which spares a second read where the bar comes out no lower.
  constexpr u64 NOTHING = BEYOND;
  u64 floor = NOTHING;
  u32 parity = 0; // of the row, among those of the block
  for (u32 at = blockIdx.x; at < rows; at += BLOCKS) {
    const Row row(x + (i64)at * rowStride, row_length(lengths, at, cols));
    const Share share(row);

    // 1. One read of the row: the best of each of the thread's groups.
    u32 passing;
    if (floor == NOTHING || !Best::below((u32)floor, passing)) {
      floor = NOTHING;
      passing = Best::highest;
    }
    u32 groups[GROUPS], best[DELEGATES];
#pragma unroll
    for (int d = 0; d < DELEGATES; d++) best[d] = Best::lowest;
#pragma unroll
    for (int g = 0; g < GROUPS; g++) groups[g] = Best::lowest;
#pragma unroll
    for (int tile = 0; tile < TILES; tile++) {
      if (tile * TILE + warp * PIECE >= row.slots) continue;
      mbarrier_wait(ring.barriers + ring.stage * 8, ring.parity);
#pragma unroll
      for (int v = 0; v < VECTORS; v++) {
        const u32 slot = slot_of(tile, v, tid);
        if (slot >= row.slots) continue;
        const uint4 bits = ring.pieces[ring.stage * PIECE + v * 32 + lane];
        const u32 most = Best::join(bits);
        u32& group = groups[(tile * VECTORS + v) / GROUPED];
        group = Best::join(group, most);
        if constexpr (SAVED > 0) {
          if (!Best::reaches(most, passing)) continue;
          const u32 place = atomicAdd(&control.saved[parity], 1u);
          if (place < SAVED) {
            saved.bits[place] = bits;
            saved.slots[place] = slot;
          } else {
            passing = Best::highest; // no more of this row
          }
        }
      }
      fence_proxy_async();
      __syncwarp();
      ask(ring.stage);
      if (++ring.stage == STAGES) {
        ring.stage = 0;
        ring.parity ^= 1;
      }
    }
#pragma unroll
    for (int g = 0; g < GROUPS; g++) best[g % DELEGATES] = Best::join(best[g % DELEGATES], groups[g]);

    // 2. A bar that k to k + slack delegates reach: the k-th element does too.
    u32 delegates[DELEGATES];
#pragma unroll
    for (int d = 0; d < DELEGATES; d++) delegates[d] = Best::delegate(best[d]);
    const auto reaching = [&](u32 bar) {
      if constexpr (DELEGATES == 1) {
        return (u32)__syncthreads_count(delegates[0] >= bar);
      } else {
        u32 own = 0;
#pragma unroll
        for (int d = 0; d < DELEGATES; d++) own += delegates[d] >= bar;
        own = __reduce_add_sync(0xffffffffu, own);
        u32* const parts = control.parts[round++ & 1];
        if (lane == 0) parts[warp] = own;
        __syncthreads();
        return (u32)__reduce_add_sync(0xffffffffu, lane < WARPS ? parts[lane] : 0);
      }
    };
    // From the last row's bar by growing steps, then by halves; from the greatest delegate in the first row.
    u32 step = 4 * KEY_STEP;
    if (at == blockIdx.x) {
      u32 top = delegates[0];
#pragma unroll
      for (int d = 1; d < DELEGATES; d++) top = greater_of(top, delegates[d]);
      top = __reduce_max_sync(0xffffffffu, top);
      if (lane == 0) atomicMax(&control.top, top);
      __syncthreads();
      guess = control.top;
      step = 64 * KEY_STEP;
    }
    u32 bar = guess, over = guess, reached = reaching(guess);
    if (reached < wanted) {
      do {
        over = bar;
        bar = bar > step ? bar - step : 0;
        step = lesser_of(step, 1u << 30) * 2;
        reached = reaching(bar);
      } while (reached < wanted); // all of them reach 0
    } else if (reached > wanted + slack) {
      for (;;) {
        over = bar < E::greatestKey - lesser_of(step, E::greatestKey) ? bar + step : E::greatestKey; // which none reaches
        step = lesser_of(step, 1u << 30) * 2;
        const u32 count = reaching(over);
        if (count < wanted) break;
        bar = over;
        reached = count;
        if (reached <= wanted + slack) break;
      }
    }
    while (reached > wanted + slack && over - bar > 1) {
      const u32 middle = bar + (over - bar) / 2, count = reaching(middle);
      if (count < wanted) over = middle;
      else {
        bar = middle;
        reached = count;
      }
    }
    // in the middle of what is accepted, so that the next row's bar is found at once
    guess = reached > wanted + slack / 2 || bar < KEY_STEP ? bar : bar - KEY_STEP;

    // 3. The elements that reach it: once, as a rule. Where they are too many, mostly of one key, the bar rises: until they fit, or until
    // fewer than k reach it and all others that count are ties of the key below it.
    const auto hits_of = [&](u32 bar) {
      u32 below, hits = 0;
      if (!Best::below(bar, below)) return ~0u >> (32 - GROUPS);
#pragma unroll
      for (int g = 0; g < GROUPS; g++) hits |= (u32)Best::reaches(groups[g], below) << g;
      return hits;
    };
    const u32 slots = control.saved[parity];
    parity ^= 1;
    if (tid == 0) control.saved[parity] = 0;
    sorting.bins[tid] = 0;
    u64 raised = bar, enough = bar, few = BEYOND, rise = 1;
    u32 held;
    for (;; __syncthreads()) {
      if (raised == BEYOND) held = 0;
      else if (raised == bar && bar > 0 && reached > CAPACITY) held = reached;
      else if (SAVED > 0 && raised == bar && raised >= floor && slots <= SAVED) held = hold_saved(share, saved, slots, bar, turn++, words, control);
      else held = hold(share, hits_of((u32)raised), (u32)raised, turn++, words, list, control);
      if (held <= CAPACITY && (held >= wanted || raised == bar)) break;
      if (held < wanted) few = raised;
      else enough = raised;
      if (few == BEYOND && enough + rise < BEYOND) {
        raised = enough + rise;
        rise = rise == 1 ? 16 * KEY_STEP : 4 * rise;
      } else if (few - enough > 1) {
        raised = enough + (few - enough) / 2;
      } else if (raised != few) {
        raised = few;
      } else {
        append_ties(share, hits_of((u32)enough), (u32)enough, wanted - held, words + held, control.parts[0]);
        held = wanted;
        break;
      }
    }

    floor = guess > 4 * KEY_STEP ? guess - 4 * KEY_STEP : 0;

    // 4. Their order.
    const DrawParameters with(temperature, topP, minP, seeds, offsets, at); // on their way meanwhile
    u64* const answer = (u64*)list; // of 2k places of 32 bits and more, and done with
    const auto store = [&](W::Type word, u32 rank) {
      if (rank < wanted) answer[rank] = candidate(value_of<DTYPE>(E::raw(W::key(word))), W::col(word));
    };
    if (held <= THREADS / 4) {
      rank_words<THREADS>(words, held, store);
    } else if (held <= BINNED) {
      bin_words(words, held, (u32)enough, sorting, control.parts[0], store);
    } else {
      u32 size = 2 * BINNED;
      while (size < held) size *= 2;
      for (u32 i = held + tid; i < size; i += THREADS) words[i] = 0;
      __syncthreads();
      sort_words<THREADS>(words, size);
      for (u32 rank = tid; rank < held; rank += THREADS) store(words[rank], rank);
    }
    // by a thread that is seldom needed for the order
    if (tid == THREADS - 1) {
      const u64 bits = with.bits();
      control.parts[1][0] = (u32)bits;
      control.parts[1][1] = (u32)(bits >> 32);
    }
    __syncthreads();
    const u64 bits = (u64)control.parts[1][1] << 32 | control.parts[1][0];
    const auto drawn = [&](i64 place) { return place < held ? answer[place] : NO_CANDIDATE; };
    if (indices) {
      for (i64 place = tid; place < k; place += THREADS) indices[at * k + place] = (int)(drawn(place) >> 32);
    }
    const DrawOutputs out = {tokens, logprobs, kept, candidateLogprobs};
    draw_held<THREADS>(with, bits, at, k, out, (u64*)words, sorting.bins, drawn);
  }
}
