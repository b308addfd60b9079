// Machine-written by topkit codegen from templates/tile_stream.cu.hbs and dsl/kernels/tile-stream.ts: edit those, not this.
//
// Stage 1: a block streams one chunk of a row, tile by tile, one read of the input, and keeps what beats a running threshold.
// When the buffer holds more than `candidates` it is reduced to the k best of what was seen, whose least becomes the threshold: exact
// on any distribution. Each chunk leaves a list of k words, sorted, ended by zeros.
//
// spec: dtype bf16, order largest
// tune: warps 8, candidates 256, vectors 1
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
typedef Element<bf16, largest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
typedef Slots<E> Run;
constexpr int WARPS = 8;
constexpr int THREADS = 256;
constexpr int VECTORS = 1;
constexpr int TILE = 2048;             // elements a block loads at a time
constexpr int CANDIDATES = 256; // words kept between tiles
constexpr int CAPACITY = 2304;     // those and a tile: pushes never overflow
static_assert(THREADS == 32 * WARPS && TILE == THREADS * VECTORS * Run::perSlot && CAPACITY == CANDIDATES + TILE, "derived");

// What is done to an element before it is compared.
__device__ __forceinline__ Raw prologue(Raw raw) { return raw; }

struct Tile {
  uint4 slot[VECTORS];
  u32 valid[VECTORS];
  __device__ __forceinline__ void load(const Run& run, i64 first) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) slot[v] = run.load(first + v * THREADS + threadIdx.x, valid[v]);
  }
};

extern "C" __global__ void __launch_bounds__(256) tile_stream_bf16_largest_warps8_candidates256_vectors1(
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
  u64* kept = (u64*)arena;
  const Selector selector(kept + CAPACITY);
  const i64 row = blockIdx.x / (u32)chunks, chunk = blockIdx.x % (u32)chunks;
  const i64 firstCol = chunk * chunkSize, length = row_length(lengths, row, cols) - firstCol;
  const Run run(x + row * rowStride + firstCol, length < chunkSize ? length : chunkSize);

  if (threadIdx.x == 0) selector.count() = 0;
  // An element of a later tile with the key of the k-th word kept so far loses to it: its column is greater. So the bar is that key + 1.
  u32 bar = 0;
  Tile ahead;
  ahead.load(run, 0);
  for (i64 first = 0; first < run.count; first += THREADS * VECTORS) {
    const Tile tile = ahead;
    ahead.load(run, first + THREADS * VECTORS);
    u32 hits = 0;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
#pragma unroll
      for (int j = 0; j < Run::perSlot; j++) {
        const u32 key = E::key(prologue(Run::element(tile.slot[v], j)));
        hits |= (u32)((tile.valid[v] >> j & 1u) && key >= bar) << (v * Run::perSlot + j);
      }
    }
    // also keeps this tile's pushes behind the reads of count() in the last one
    if (!__syncthreads_or(hits != 0)) continue;
    if (hits) {
      u32 at = atomicAdd(&selector.count(), (u32)__popc(hits));
#pragma unroll
      for (int v = 0; v < VECTORS; v++) {
#pragma unroll
        for (int j = 0; j < Run::perSlot; j++) {
          if (!(hits >> (v * Run::perSlot + j) & 1u)) continue;
          const u32 col = (u32)(firstCol + run.start(first + v * THREADS + threadIdx.x) + j);
          kept[at++] = W::make(E::key(prologue(Run::element(tile.slot[v], j))), col);
        }
      }
    }
    __syncthreads();
    const u32 held = selector.count();
    if (held > CANDIDATES) {
      const u32 floor = W::key(select_top<THREADS, CAPACITY, 32 + E::keyBits>(kept, held, (u32)k, selector));
      bar = floor == E::greatestKey ? floor : floor + 1;
    }
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
  for (u32 i = threadIdx.x; i < k; i += THREADS) words[(row * chunks + chunk) * k + i] = kept[i];
}
