// Machine-written by topkit codegen from templates/heap_merge.cu.hbs and dsl/kernels/heap-merge.ts: edit those, not this.
//
// Stage 2 for lists that fit shared memory: the sorted lists of a row are the leaves of a binary tree laid out as a heap, and each level
// merges pairs of lists, keeping the best half (one bitonic half-cleaner and merge). log2(chunks) levels, whatever k is.
//
// spec: dtype f16, order largest
// tune: warps 8, listSize 32
// unit: one block per row
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
typedef Element<f16, largest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
constexpr u32 WARPS = 8;
constexpr u32 THREADS = 256;
constexpr u32 LIST = 32; // words a list is padded to
static_assert(THREADS == 32 * WARPS, "derived");

extern "C" __global__ void __launch_bounds__(256) heap_merge_f16_largest_warps8_listSize32(
    const u64* __restrict__ words,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const long long rows,
    const long long k,
    const long long chunks,
    const long long indexBytes) {
  extern __shared__ __align__(16) unsigned char arena[];
  u64* heap = (u64*)arena;
  const i64 row = blockIdx.x;
  for (u32 i = threadIdx.x; i < chunks * LIST; i += THREADS) {
    const i64 list = i / LIST, place = i % LIST;
    heap[i] = place < k ? words[(row * chunks + list) * k + place] : 0;
  }
  __syncthreads();
  // One level of the tree: list a takes the best LIST words of itself and list half + a; a list without a partner waits.
  for (u32 lists = (u32)chunks; lists > 1;) {
    const u32 half = (lists + 1) / 2, pairs = lists - half;
    // against the other list reversed, the greater ones are the best LIST of both, and bitonic
    for (u32 i = threadIdx.x; i < pairs * LIST; i += THREADS) {
      const u32 mirrored = half * LIST + (i | (LIST - 1)) - (i & (LIST - 1));
      heap[i] = greater_of(heap[i], heap[mirrored]);
    }
    __syncthreads();
    for (u32 stride = LIST / 2; stride >= 1; stride /= 2) {
      for (u32 i = threadIdx.x; i < pairs * LIST / 2; i += THREADS) {
        const u32 low = 2 * i - (i & (stride - 1)), high = low + stride;
        const u64 a = heap[low], b = heap[high];
        heap[low] = greater_of(a, b);
        heap[high] = lesser_of(a, b);
      }
      __syncthreads();
    }
    lists = half;
  }
  for (u32 i = threadIdx.x; i < k; i += THREADS) emit<E, W>(heap[i], row * k + i, values, indices, indexBytes);
}
