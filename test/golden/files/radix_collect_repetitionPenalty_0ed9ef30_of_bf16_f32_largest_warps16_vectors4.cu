// Machine-written by topkit codegen from templates/radix_collect.cu.hbs and dsl/kernels/radix-collect.ts: edit those, not this.
//
// Collects the words of every row's elements above the k-th key, in column order. Elements that equal it are already in order: the first of them go
// straight to the end of the answer, and so does the padding of a row that is shorter than k.
//
// spec: dtype f32, order largest
// tune: warps 16, vectors 4
// unit: one block per chunk of a row
// prologue: repetitionPenalty_0ed9ef30 of bf16, a device function of the entry's
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
typedef Format<bf16> Source; // of x
__device__ __forceinline__ float repetitionPenalty_(float x_, float penalty_, float seen_) {
  return ((seen_ == 0.0f) ? x_ : ((x_ > 0.0f) ? __fdiv_rn(x_, penalty_) : __fmul_rn(x_, penalty_)));
}

__device__ __forceinline__ float repetitionPenalty_score(float x_, float penalty_, float seen_) {
  const float score = repetitionPenalty_(x_, penalty_, seen_);
  // which NaN an operation gives differs between processors
  return score == score ? score : __uint_as_float(0x7fc00000u);
}

// What the device function reads beside the elements: f32 of the launch, of each row, of each column or of each element.
struct Operands {
  const float* penalty_;
  const float* seen_;
};
// The same for a run of elements that begins in this row and column.
struct RunOperands {
  float penalty_;
  const float* seen_;
  RunOperands() = default;
  __device__ __forceinline__ RunOperands(const Operands& given, i64 row, i64 col, i64 cols) : penalty_(__ldg(given.penalty_ + row)), seen_(given.seen_ + (row * cols + col)) {}
  __device__ __forceinline__ float score(float x, i64 place) const { return repetitionPenalty_score(x, penalty_, __ldg(seen_ + place)); }
};

// Elements that go through a device function where they are read: x of a kernel with a prologue. A score is an f32, whatever x holds; the kernel compares
// its bits. Source is the format of x; it, Operands, RunOperands and the function itself stand above.

// An element's bits as f32, exact.
__device__ __forceinline__ float number_of(Source::Raw raw) {
  if constexpr (Source::bits == 32) {
    return __uint_as_float(raw);
  } else if constexpr (Source::infinity == 0x7f80u) {
    return __uint_as_float((u32)raw << 16);
  } else {
    // the product moves the exponent's bias from 15 to 127, subnormals included
    const u32 magnitude = (raw & 0x7fffu) << 13, sign = (raw & 0x8000u) << 16;
    const float finite = __fmul_rn(__uint_as_float(magnitude), 5.192296858534827628530496329220096e33f); // 2^112
    return __uint_as_float((raw & 0x7fffu) < 0x7c00u ? __float_as_uint(finite) | sign : magnitude | 0x7f800000u | sign);
  }
}

// The elements of a slot of four scores.
template <u32 BITS> struct SlotOf { typedef uint4 Type; };
template <> struct SlotOf<16> { typedef uint2 Type; };
typedef SlotOf<Source::bits>::Type SourceSlot;

// Stands for a pointer into x, `offset` elements behind its first.
struct Scores {
  const Source::Raw* elements;
  Operands operands;
  i64 rowStride, cols, offset;
  __device__ __forceinline__ Scores operator+(i64 places) const { return {elements + places, operands, rowStride, cols, offset + places}; }

  // Where scores would lie if they were in memory as elements are: for readers that cut a row into slots of 16 bytes. Nothing is there.
  __device__ __forceinline__ const u32* aligned() const { return (const u32*)((u64)elements / sizeof(Source::Raw) * sizeof(u32)); }
};

// Stands for a pointer to elements of one row: what is read through it has gone through the device function.
struct RunScores {
  const Source::Raw* elements;
  RunOperands operands;

  RunScores() = default;
  // From `skip` elements behind x on, which lies in the run's row.
  __device__ __forceinline__ RunScores(const Scores& x, i64 skip)
      : elements(x.elements + skip), operands(x.operands, x.offset / x.rowStride, x.offset % x.rowStride + skip, x.cols) {}
  __device__ __forceinline__ u32 score(u32 raw, i64 place) const { return __float_as_uint(operands.score(number_of((Source::Raw)raw), place)); }
  __device__ __forceinline__ u32 operator[](i64 place) const { return score(elements[place], place); }

  // The four scores from `place` on, where a slot begins: of the elements, or of one load of them.
  __device__ __forceinline__ uint4 scores(const uint4& raw, i64 place) const {
    return make_uint4(score(raw.x, place), score(raw.y, place + 1), score(raw.z, place + 2), score(raw.w, place + 3));
  }
  __device__ __forceinline__ uint4 scores(const uint2& raw, i64 place) const {
    return make_uint4(score(raw.x, place), score(raw.x >> 16, place + 1), score(raw.y, place + 2), score(raw.y >> 16, place + 3));
  }
  __device__ __forceinline__ uint4 slot(i64 place) const { return scores(__ldg((const SourceSlot*)(elements + place)), place); }
  // Of those the ones whose bit in `valid` is set; zeros for the others, which are not read.
  __device__ __forceinline__ uint4 slot(i64 place, u32 valid) const {
    u32 part[4] = {0, 0, 0, 0};
#pragma unroll
    for (u32 j = 0; j < 4; j++) {
      if (valid >> j & 1u) part[j] = (*this)[place + j];
    }
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
};

// Stands for a pointer to slots of a run: `lead` elements of it come before them. They are scored when they are loaded.
struct ScoredSlot {
  const RunScores& run;
  i64 place; // of its first element, in the run
};
__device__ __forceinline__ uint4 __ldg(const ScoredSlot& scored) { return scored.run.slot(scored.place); }
struct ScoredSlots {
  RunScores run;
  u32 lead;
  __device__ __forceinline__ ScoredSlot operator+(u32 slot) const { return {run, lead + slot * 4}; }
};

namespace plain {
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
}
// slots.cuh of scores.
template <class E> struct Slots : plain::Slots<E> {
  typedef plain::Slots<E> Plain;
  const RunScores run;

  __device__ __forceinline__ Slots(const Scores& run_, i64 length_) : Plain(run_.aligned(), length_), run(run_, 0) {}
  __device__ __forceinline__ uint4 load(i64 slot, u32& valid) const {
    const i64 first = Plain::start(slot);
    if (first >= 0 && first + Plain::perSlot <= Plain::length) {
      valid = (1u << Plain::perSlot) - 1;
      return run.slot(first);
    }
    valid = 0;
#pragma unroll
    for (int j = 0; j < Plain::perSlot; j++) valid |= (u32)(first + j >= 0 && first + j < Plain::length) << j;
    return run.slot(first, valid);
  }
};
// What L neighbouring lanes of a warp (8, 16 or 32) do together. All lanes of the warp call each of these.
constexpr u32 FULL_WARP = 0xffffffffu;

template <int L> struct Lanes {
  const u32 sub; // place in the group
  const u32 mask;
  __device__ __forceinline__ Lanes() : sub(threadIdx.x % L), mask(L == 32 ? FULL_WARP : ((1u << (L & 31)) - 1) << (threadIdx.x % 32 / L * L)) {}

  __device__ __forceinline__ u32 greatest(u32 value) const {
    if constexpr (L == 32) return __reduce_max_sync(FULL_WARP, value);
#pragma unroll
    for (int step = L / 2; step > 0; step /= 2) {
      const u32 other = __shfl_xor_sync(FULL_WARP, value, step);
      value = other > value ? other : value;
    }
    return value;
  }
  __device__ __forceinline__ u32 least(u32 value) const { return ~greatest(~value); }
  __device__ __forceinline__ u32 sum(u32 value) const {
    if constexpr (L == 32) return __reduce_add_sync(FULL_WARP, value);
#pragma unroll
    for (int step = L / 2; step > 0; step /= 2) value += __shfl_xor_sync(FULL_WARP, value, step);
    return value;
  }
  // Over the lanes before this one; `total` is over all of the group.
  __device__ __forceinline__ u32 sum_before(u32 value, u32& total) const {
    u32 through = value;
#pragma unroll
    for (int step = 1; step < L; step *= 2) {
      const u32 below = __shfl_up_sync(FULL_WARP, through, step, L);
      if (sub >= step) through += below;
    }
    total = __shfl_sync(FULL_WARP, through, L - 1, L);
    return through - value;
  }
  __device__ __forceinline__ u32 votes(bool vote) const { return __popc(__ballot_sync(FULL_WARP, vote) & mask); }
};

// One step of a bitonic network over L * ITEMS words, ITEMS in each lane: lane t holds positions p = t*ITEMS .. t*ITEMS+ITEMS-1, the partners
// are p and p ^ STRIDE, and a merge of SIZE sorts downwards where p & SIZE is zero. A word is taken by one comparison whose sense the
// position turns, which is a third of the instructions of choosing between maximum and minimum, for 64 bits.
template <int SIZE, int STRIDE, class T, int ITEMS> __device__ __forceinline__ void lanes_step(T (&w)[ITEMS], u32 t) {
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const bool up = ((t * ITEMS + i) & SIZE) != 0;
    if constexpr (STRIDE >= ITEMS) {
      const T mine = w[i], other = __shfl_xor_sync(FULL_WARP, mine, STRIDE / ITEMS);
      const bool upper = ((t * ITEMS) & STRIDE) != 0;
      w[i] = (mine > other) != (up != upper) ? mine : other;
    } else if ((i & STRIDE) == 0) {
      const T a = w[i], b = w[i ^ STRIDE];
      const bool stay = (a > b) != up;
      w[i] = stay ? a : b;
      w[i ^ STRIDE] = stay ? b : a;
    }
  }
}
// Sorts downwards.
template <int L, int SIZE = 2, int STRIDE = 1, class T, int ITEMS> __device__ __forceinline__ void lanes_sort(T (&w)[ITEMS], u32 t) {
  lanes_step<SIZE, STRIDE>(w, t);
  if constexpr (STRIDE > 1) lanes_sort<L, SIZE, STRIDE / 2>(w, t);
  else if constexpr (SIZE < L * ITEMS) lanes_sort<L, SIZE * 2, SIZE>(w, t);
}
// Sum over the threads of a block before this one; `total` is over all of them. All threads call it, with 32 words of shared memory; it ends with a barrier.
template <int WARPS> __device__ __forceinline__ u32 block_sum_before(u32 value, u32* warpSums, u32& total) {
  const Lanes<32> lanes;
  const u32 warp = threadIdx.x / 32;
  u32 ofWarp;
  const u32 before = lanes.sum_before(value, ofWarp);
  if (lanes.sub == 0) warpSums[warp] = ofWarp;
  __syncthreads();
  const u32 warpsBefore = lanes.sum_before(lanes.sub < WARPS ? warpSums[lanes.sub] : 0, total);
  const u32 sum = before + __shfl_sync(FULL_WARP, warpsBefore, warp);
  __syncthreads();
  return sum;
}
// What is known of a row's k-th key while its digits are found, and between the launches of radix_select. The row's answer is every element with a key above
// `bound`, `above` of them, and the first `ties` by column of those that equal it. Until the last digit is found, `bound` has the digits found so far, and zeros;
// `above` counts the keys that beat those digits, and `ties` is how many are wanted of those that agree. `done` says that all those were wanted, so that no digit
// is left to find; `bound` is then the greatest key below them, and `ties` is zero.
struct Found {
  u32 bound, above, ties, done;
  static __device__ __forceinline__ Found load(const u32* found, i64 row) {
    const uint4 words = ((const uint4*)found)[row];
    return {words.x, words.y, words.z, words.w};
  }
  __device__ __forceinline__ void store(u32* found, i64 row) const { ((uint4*)found)[row] = make_uint4(bound, above, ties, done); }
};
// Words of a row that were collected, and are to be sorted.
__device__ __forceinline__ i64 collected(const u32* found, i64 row, i64 length, i64 k) { return length <= k ? length : (i64)Found::load(found, row).above; }
// The elements of a run with keys above `bound`, and those that equal it, in column order: above(word, place) with places from `at`, equal(word, rank) with ranks
// from `equalAt` to below `ties`. The run begins at column `firstCol`. All threads of the block call it, with 32 words of shared memory.
template <class E, class W, int WARPS, int VECTORS, class Key, class Above, class Equal>
__device__ __forceinline__ void gather(const Slots<E>& run, u32 firstCol, u32 bound, u32 ties, u32 at, u32 equalAt, u32* warpSums, Key key, Above storeAbove,
                                       Equal storeEqual) {
  typedef Slots<E> Run;
  // both counts of a tile share a word
  static_assert(WARPS * 32 * VECTORS * Run::perSlot < 65536, "tile");
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  // a tile's elements in column order: by warp, then vector, then lane
  for (i64 tile = 0; tile < run.count; tile += WARPS * 32 * VECTORS) {
    const i64 first = tile + warp * VECTORS * 32 + lane;
    uint4 slot[VECTORS];
    u32 valid[VECTORS], above[VECTORS], equal[VECTORS], counts[VECTORS], any = 0;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) slot[v] = run.load(first + v * 32, valid[v]);
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      above[v] = equal[v] = 0;
#pragma unroll
      for (int j = 0; j < Run::perSlot; j++) {
        const u32 its = key(Run::element(slot[v], j));
        if (its > bound) above[v] |= 1u << j;
        if (its == bound) equal[v] |= 1u << j;
      }
      above[v] &= valid[v];
      equal[v] = equalAt < ties ? equal[v] & valid[v] : 0;
      counts[v] = __popc(above[v]) | __popc(equal[v]) << 16;
      any |= counts[v];
    }
    if (!__syncthreads_or(any != 0)) continue;
    const Lanes<32> lanes;
    u32 before[VECTORS], ofWarp = 0;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      u32 ofVector;
      before[v] = ofWarp + lanes.sum_before(counts[v], ofVector);
      ofWarp += ofVector;
    }
    u32 total;
    // a warp's first lane speaks for it; everyone has the sum over the warps before
    const u32 ofWarps = __shfl_sync(FULL_WARP, block_sum_before<WARPS>(lane == 0 ? ofWarp : 0, warpSums, total), 0);
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      u32 place = at + ((ofWarps + before[v]) & 0xffffu), rank = equalAt + ((ofWarps + before[v]) >> 16);
      const i64 start = run.start(first + v * 32);
      for (u32 hits = above[v] | equal[v]; hits; hits &= hits - 1) {
        const u32 j = __ffs(hits) - 1;
        const u64 word = W::make(key(run.run[start + j]), firstCol + (u32)(start + j));
        if (above[v] >> j & 1u) storeAbove(word, place++);
        else if (rank < ties) storeEqual(word, rank++);
      }
    }
    at += total & 0xffffu;
    equalAt += total >> 16;
  }
}
// All elements of a run, in column order.
template <class E, class W, u32 THREADS, class Key, class Store> __device__ __forceinline__ void gather_all(const Slots<E>& run, u32 firstCol, Key key, Store store) {
#pragma unroll 4
  for (i64 i = threadIdx.x; i < run.length; i += THREADS) store(W::make(key(run.run[i]), firstCol + (u32)i), firstCol + (u32)i);
}
typedef Element<f32, largest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
typedef Slots<E> Run;
constexpr int WARPS = 16;
constexpr u32 THREADS = 512;
constexpr int VECTORS = 4;
static_assert(THREADS == 32 * WARPS, "derived");

// What is done to an element before it is compared.
__device__ __forceinline__ Raw prologue(Raw raw) { return raw; }

__device__ __forceinline__ void radix_collect_repetitionPenalty_0ed9ef30_of_bf16_f32_largest_warps16_vectors4_body(
    const Scores x,
    const int* __restrict__ lengths,
    const u32* __restrict__ found,
    const u32* __restrict__ places,
    u64* __restrict__ words,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride,
    const long long chunkSize,
    const long long chunks,
    const long long indexBytes);

extern "C" __global__ void __launch_bounds__(512) radix_collect_repetitionPenalty_0ed9ef30_of_bf16_f32_largest_warps16_vectors4(
    const u16* __restrict__ x,
    const int* __restrict__ lengths,
    const u32* __restrict__ found,
    const u32* __restrict__ places,
    u64* __restrict__ words,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const float* __restrict__ operand_penalty,
    const float* __restrict__ operand_seen,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride,
    const long long chunkSize,
    const long long chunks,
    const long long indexBytes) {
  radix_collect_repetitionPenalty_0ed9ef30_of_bf16_f32_largest_warps16_vectors4_body(Scores{x, {operand_penalty, operand_seen}, rowStride, cols, 0}, lengths, found, places, words, values, indices, rows, cols, k, rowStride, chunkSize, chunks, indexBytes);
}

__device__ __forceinline__ void radix_collect_repetitionPenalty_0ed9ef30_of_bf16_f32_largest_warps16_vectors4_body(
    const Scores x,
    const int* __restrict__ lengths,
    const u32* __restrict__ found,
    const u32* __restrict__ places,
    u64* __restrict__ words,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride,
    const long long chunkSize,
    const long long chunks,
    const long long indexBytes) {
  extern __shared__ __align__(16) unsigned char arena[];
  u32* warpSums = (u32*)arena;
  const i64 row = blockIdx.x / (u32)chunks, chunk = blockIdx.x % (u32)chunks;
  const i64 length = row_length(lengths, row, cols), firstCol = chunk * chunkSize, rest = length - firstCol;
  for (i64 place = length + chunk * THREADS + threadIdx.x; place < k; place += chunks * THREADS) emit<E, W>(0, row * k + place, values, indices, indexBytes);

  const Run run(x + row * rowStride + firstCol, rest < chunkSize ? rest : chunkSize);
  const auto key = [](Raw raw) { return E::key(prologue(raw)); };
  const auto keep = [&](u64 word, u32 place) { words[row * k + place] = word; };
  if (length <= k) {
    gather_all<E, W, THREADS>(run, (u32)firstCol, key, keep);
    return;
  }
  const Found f = Found::load(found, row);
  const u32* mine = places + (row * chunks + chunk) * 2;
  const u32 at = chunks > 1 ? mine[0] : 0, equalAt = chunks > 1 ? mine[1] : 0;
  gather<E, W, WARPS, VECTORS>(run, (u32)firstCol, f.bound, f.ties, at, equalAt, warpSums, key, keep,
                               [&](u64 word, u32 rank) { emit<E, W>(word, row * k + f.above + rank, values, indices, indexBytes); });
}
