// Machine-written by topkit codegen from templates/wide_sample.cu.hbs and dsl/kernels/wide-sample.ts: edit those, not this.
//
// Before wide_stream: reads a sample of each row, spread over the whole of it, and leaves the best element of each of its disjoint groups, a
// delegate. The k-th best delegate is a certain lower bound of the row's k-th element.
//
// spec: dtype f32, order largest
// tune: ahead 1
// unit: `samplers` blocks per row
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
typedef Element<f32, largest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
typedef Slots<E> Run;
constexpr u32 WARPS = 256 / 32;
constexpr u32 AHEAD = 1; // loads in flight a thread
constexpr u32 PIECE = 4; // neighbouring slots, and lanes, that are read together: 64 bytes

// A word at or below the best of a slot's elements: its greatest key, with the slot's last column.
__device__ __forceinline__ u32 greatest_key(const uint4& slot, u32 valid) {
  u32 best = 0;
#pragma unroll
  for (int j = 0; j < Run::perSlot; j++) best = greater_of(best, valid >> j & 1u ? E::key(Run::element(slot, j)) : 0);
  return best;
}

extern "C" __global__ void __launch_bounds__(256) wide_sample_f32_largest_ahead1(
    const Raw* __restrict__ x,
    const int* __restrict__ lengths,
    u64* __restrict__ delegates,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride,
    const long long samplers,
    const long long groups,
    const long long sampleSlots) {
  const i64 row = blockIdx.x / (u32)samplers;
  const u32 sampler = blockIdx.x % (u32)samplers, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const Run run(x + row * rowStride, row_length(lengths, row, cols));

  // Piece after piece goes to another warp, and to another block: where the best elements lie side by side, they are of different groups.
  // All counts are powers of two; a run that has no more slots than the sample is read whole.
  const u32 warps = (u32)samplers * WARPS, place = warp * (u32)samplers + sampler;
  const i64 pieces = (i64)warps * (32 / PIECE) * sampleSlots;
  const int log = 63 - __clzll(pieces);
  const bool whole = run.count <= pieces * PIECE;
  const auto slot_of = [&](i64 v) {
    const i64 piece = (v * (32 / PIECE) + lane / PIECE) * warps + place;
    return (whole ? piece * PIECE : (piece * run.count >> log) & ~(i64)(PIECE - 1)) + lane % PIECE;
  };
  u64 best = 0;
  for (i64 v = 0; v < sampleSlots; v += AHEAD) {
    uint4 elements[AHEAD];
    u32 valid[AHEAD];
#pragma unroll
    for (u32 i = 0; i < AHEAD; i++) {
      valid[i] = 0;
      if (v + i < sampleSlots) elements[i] = run.load(slot_of(v + i), valid[i]);
    }
#pragma unroll
    for (u32 i = 0; i < AHEAD; i++) {
      if (valid[i]) best = greater_of(best, W::make(greatest_key(elements[i], valid[i]), (u32)(run.start(slot_of(v + i)) + Run::perSlot - 1)));
    }
  }
  // groups are whole powers of two of lanes
  const u32 lanes = warps * 32 / (u32)groups;
  for (u32 step = 1; step < lanes; step *= 2) best = greater_of(best, __shfl_xor_sync(0xffffffffu, best, step));
  if (lane % lanes == 0) delegates[row * groups + place * (32 / lanes) + lane / lanes] = best;
}
