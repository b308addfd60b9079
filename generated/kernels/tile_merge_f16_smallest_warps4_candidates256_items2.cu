// Machine-written by topkit codegen from templates/tile_merge.cu.hbs and dsl/kernels/tile-merge.ts: edit those, not this.
//
// Stage 2 for any number of lists: streams a row's candidates tile by tile against a running threshold, as stage 1 streams columns.
//
// spec: dtype f16, order smallest
// tune: warps 4, candidates 256, items 2
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
// Exact selection among unique words in shared memory, by a whole block. Shared layout of a kernel that selects: the words, then
// `Selector`'s 256 bins and its control words.
struct Selector {
  u32* bins;    // 256
  u32* control;
  // COUNT has 16 bytes of its own: the others are read as one vector, which must not take it along while others count
  enum { COUNT = 0, DIGIT = 4, WANTED, INSIDE };
  __device__ __forceinline__ Selector(void* after) : bins((u32*)after), control((u32*)after + 256) {}
  __device__ __forceinline__ u32& count() const { return control[COUNT]; }
};

// Leaves the k greatest of words[0..held) in words[0..k), in no order, and k in count(). Needs held > k, held <= CAPACITY, all words
// below 2^TOP. Returns a floor: exactly those k words are >= it. Radix select: 8 bits a pass from the top, until every word of the bin
// that holds the k-th one is wanted. All threads call it; it ends with a barrier.
template <int THREADS, int CAPACITY, int TOP>
__device__ u64 select_top(u64* words, u32 held, u32 k, const Selector& selector) {
  constexpr int ITEMS = (CAPACITY + THREADS - 1) / THREADS;
  const u32 tid = threadIdx.x;
  u64 mine[ITEMS];
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 at = i * THREADS + tid;
    mine[i] = at < held ? words[at] : 0;
  }
  u64 floor = 0;
  u32 wanted = k;
  for (int shift = TOP - 8;; shift -= 8) {
    for (u32 bin = tid; bin < 256; bin += THREADS) selector.bins[bin] = 0;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      // the second shift is apart because a shift by 64 is undefined
      if (mine[i] && ((mine[i] ^ floor) >> shift >> 8) == 0) atomicAdd(&selector.bins[(u32)(mine[i] >> shift) & 255u], 1u);
    }
    __syncthreads();
    if (tid < 32) {
      // lane l has the bins 255-8l down to 248-8l: find the bin where the count from the top reaches `wanted`
      u32 sum = 0;
      for (u32 b = 0; b < 8; b++) sum += selector.bins[255 - 8 * tid - b];
      u32 through = sum;
      for (int step = 1; step < 32; step *= 2) {
        const u32 below = __shfl_up_sync(0xffffffffu, through, step);
        if (tid >= step) through += below;
      }
      u32 above = through - sum;
      if (above < wanted && wanted <= through) {
        u32 bin = 255 - 8 * tid;
        while (above + selector.bins[bin] < wanted) above += selector.bins[bin--];
        selector.control[Selector::DIGIT] = bin;
        selector.control[Selector::WANTED] = wanted - above;
        selector.control[Selector::INSIDE] = selector.bins[bin];
        selector.count() = 0; // everyone who reads `held` from it has done so, two barriers ago
      }
    }
    __syncthreads();
    floor |= (u64)selector.control[Selector::DIGIT] << shift;
    wanted = selector.control[Selector::WANTED];
    if (shift == 0 || selector.control[Selector::INSIDE] == wanted) break;
  }
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    if (mine[i] && mine[i] >= floor) words[atomicAdd(&selector.count(), 1u)] = mine[i];
  }
  __syncthreads();
  return floor;
}

// Sorts words[0..SIZE) downwards; SIZE is a power of two. All threads call it, after a barrier; it ends with one.
template <int THREADS, int SIZE> __device__ void sort_shared(u64* words) {
  for (u32 size = 2; size <= SIZE; size *= 2) {
    for (u32 stride = size / 2; stride >= 1; stride /= 2) {
      for (u32 i = threadIdx.x; i < SIZE / 2; i += THREADS) {
        const u32 low = 2 * i - (i & (stride - 1)), high = low + stride;
        const u64 a = words[low], b = words[high];
        if ((a < b) == ((low & size) == 0)) {
          words[low] = b;
          words[high] = a;
        }
      }
      __syncthreads();
    }
  }
}
typedef Element<f16, smallest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
constexpr int WARPS = 4;
constexpr int THREADS = 128;
constexpr int ITEMS = 2;           // words a thread loads for a tile
constexpr int CANDIDATES = 256; // words kept between tiles
constexpr int CAPACITY = 512;     // those and a tile: pushes never overflow
static_assert(THREADS == 32 * WARPS && CAPACITY == CANDIDATES + THREADS * ITEMS, "derived");

extern "C" __global__ void __launch_bounds__(128) tile_merge_f16_smallest_warps4_candidates256_items2(
    const u64* __restrict__ words,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const long long rows,
    const long long k,
    const long long chunks,
    const long long indexBytes) {
  extern __shared__ __align__(16) unsigned char arena[];
  u64* kept = (u64*)arena;
  const Selector selector(kept + CAPACITY);
  const i64 row = blockIdx.x, total = chunks * k;
  const u64* source = words + row * total;

  if (threadIdx.x == 0) selector.count() = 0;
  u64 floor = 0; // words at or below it are not among the k best; word 0 is no element
  for (i64 first = 0; first < total; first += THREADS * ITEMS) {
    u64 loaded[ITEMS];
    u32 hits = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const i64 at = first + i * THREADS + threadIdx.x;
      loaded[i] = at < total ? source[at] : 0;
      hits += loaded[i] > floor;
    }
    // also keeps this tile's pushes behind the reads of count() in the last one
    if (!__syncthreads_or(hits != 0)) continue;
    if (hits) {
      u32 at = atomicAdd(&selector.count(), hits);
#pragma unroll
      for (int i = 0; i < ITEMS; i++) {
        if (loaded[i] > floor) kept[at++] = loaded[i];
      }
    }
    __syncthreads();
    const u32 held = selector.count();
    if (held > CANDIDATES) floor = select_top<THREADS, CAPACITY, 32 + E::keyBits>(kept, held, (u32)k, selector);
  }
  __syncthreads();
  u32 held = selector.count();
  if (held > k) {
    select_top<THREADS, CAPACITY, 32 + E::keyBits>(kept, held, (u32)k, selector);
    held = (u32)k;
  }
  for (u32 i = held + threadIdx.x; i < CANDIDATES; i += THREADS) kept[i] = 0;
  __syncthreads();
  sort_shared<THREADS, CANDIDATES>(kept);
  for (u32 i = threadIdx.x; i < k; i += THREADS) emit<E, W>(kept[i], row * k + i, values, indices, indexBytes);
}
