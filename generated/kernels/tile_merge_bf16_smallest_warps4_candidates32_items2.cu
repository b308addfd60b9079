// Machine-written by topkit codegen from templates/tile_merge.cu.hbs and dsl/kernels/tile-merge.ts: edit those, not this.
//
// Stage 2 for any number of lists: streams a row's candidates tile by tile against a running threshold, as stage 1 streams columns.
//
// spec: dtype bf16, order smallest
// tune: warps 4, candidates 32, items 2
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
constexpr int WARPS = 4;
constexpr int THREADS = 128;
constexpr int ITEMS = 2;           // words a thread loads for a tile
constexpr int CANDIDATES = 32; // words kept between tiles
constexpr int CAPACITY = 288;     // those and a tile: pushes never overflow
static_assert(THREADS == 32 * WARPS && CAPACITY == CANDIDATES + THREADS * ITEMS, "derived");

struct __align__(16) Control {
  Kept kept;
  BarSearch<u64, THREADS> search;
};

extern "C" __global__ void __launch_bounds__(128) tile_merge_bf16_smallest_warps4_candidates32_items2(
    const u64* __restrict__ words,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const long long rows,
    const long long cols,
    const long long k,
    const long long chunks,
    const long long indexBytes) {
  extern __shared__ __align__(16) unsigned char arena[];
  Control& control = *(Control*)arena;
  u64* kept = (u64*)(arena + sizeof(Control));
  const i64 row = blockIdx.x, total = chunks * k;
  const u64* source = words + row * total;

  if (threadIdx.x == 0) control.kept.count = 0;
  const ShortWord shortened(cols);
  const u32 enough = lesser_of((u32)(k + k / 4) + 16, ((u32)k + CANDIDATES) / 2); // words that a search may leave
  u64 bar = 1; // lesser words are not among the k best; word 0 is no element
  for (i64 first = 0; first < total; first += THREADS * ITEMS) {
    u64 loaded[ITEMS], best = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const i64 at = first + i * THREADS + threadIdx.x;
      loaded[i] = at < total ? shortened.of(source[at]) : 0;
    }
#pragma unroll
    for (int i = 0; i < ITEMS; i++) best = greater_of(best, loaded[i]);
    // also keeps this tile's pushes behind the reads of the count in the last one
    const u32 reaching = __syncthreads_count(best >= bar);
    if (reaching == 0) continue;
    if (reaching > enough) bar = bar_of<THREADS>(best, (u32)k, enough, bar, shortened.bits, control.search);
    u32 hits = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) hits += loaded[i] >= bar;
    if (hits) {
      u32 at = atomicAdd(&control.kept.count, hits);
#pragma unroll
      for (int i = 0; i < ITEMS; i++) {
        if (loaded[i] >= bar) kept[at++] = loaded[i];
      }
    }
    __syncthreads();
    const u32 held = control.kept.count;
    if (held > CANDIDATES) bar = thin_out<THREADS, CAPACITY>(kept, held, (u32)k, enough, shortened.bits, control.kept);
  }
  __syncthreads();
  const u32 held = control.kept.count;
  sort_to<THREADS, CANDIDATES>(kept, held, [&](u64 word, u32 rank) {
    if (rank < k) emit<E, W>(shortened.word(word), row * k + rank, values, indices, indexBytes);
  });
  for (i64 i = held + threadIdx.x; i < k; i += THREADS) emit<E, W>(0, row * k + i, values, indices, indexBytes);
}
