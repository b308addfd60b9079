// Machine-written by topkit codegen from templates/bitonic_block.cu.hbs and dsl/kernels/bitonic-block.ts: edit those, not this.
//
// Rows that fit a block: sorts whole rows by one bitonic network, registers first, then shuffles, then shared memory.
//
// spec: dtype f32, order smallest
// tune: width 512, items 8, rowsPerBlock 4
// unit: one block per rowsPerBlock rows
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
// Steps of a bitonic network over positions p = t * ITEMS + i, ITEMS in the registers of each thread t of a row. A merge of `SIZE` sorts
// downwards where p & SIZE is zero; partners are p and p ^ STRIDE. `exchange` is shared memory for the whole row.
template <int SIZE, int STRIDE, int THREADS, class T, int ITEMS>
__device__ __forceinline__ void thread_step(T (&w)[ITEMS], u32 t, T*) {
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    if (i & STRIDE) continue;
    const bool down = ((t * ITEMS + i) & SIZE) == 0;
    const T a = w[i], b = w[i ^ STRIDE];
    w[i] = down ? greater_of(a, b) : lesser_of(a, b);
    w[i ^ STRIDE] = down ? lesser_of(a, b) : greater_of(a, b);
  }
}
template <int SIZE, int STRIDE, class T> __device__ __forceinline__ T kept_of(T mine, T other, u32 position) {
  const bool down = (position & SIZE) == 0, lower = (position & STRIDE) == 0;
  return down == lower ? greater_of(mine, other) : lesser_of(mine, other);
}
template <int SIZE, int STRIDE, int THREADS, class T, int ITEMS>
__device__ __forceinline__ void warp_step(T (&w)[ITEMS], u32 t, T*) {
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const T other = __shfl_xor_sync(0xffffffffu, w[i], STRIDE / ITEMS);
    w[i] = kept_of<SIZE, STRIDE>(w[i], other, t * ITEMS + i);
  }
}
template <int SIZE, int STRIDE, int THREADS, class T, int ITEMS>
__device__ __forceinline__ void block_step(T (&w)[ITEMS], u32 t, T* exchange) {
#pragma unroll
  for (int i = 0; i < ITEMS; i++) exchange[i * THREADS + t] = w[i]; // neighbours in neighbouring banks
  __syncthreads();
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const T other = exchange[i * THREADS + (t ^ (STRIDE / ITEMS))];
    w[i] = kept_of<SIZE, STRIDE>(w[i], other, t * ITEMS + i);
  }
  __syncthreads();
}
typedef Element<f32, smallest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
constexpr int WIDTH = 512;                   // positions of the network
constexpr int ITEMS = 8;                   // positions a thread
constexpr int THREADS_PER_ROW = 64;
constexpr int ROWS_PER_BLOCK = 4;
constexpr int THREADS = 256;
static_assert(THREADS == THREADS_PER_ROW * ROWS_PER_BLOCK && WIDTH == THREADS_PER_ROW * ITEMS, "derived");

// What is done to an element before it is compared.
__device__ __forceinline__ Raw prologue(Raw raw) { return raw; }

// Sorts the WIDTH positions of a row downwards; thread t holds positions t*ITEMS .. t*ITEMS+ITEMS-1.
__device__ __forceinline__ void sort_row(W::Type (&w)[ITEMS], u32 t, W::Type* exchange) {
  thread_step<2, 1, THREADS_PER_ROW>(w, t, exchange);
  thread_step<4, 2, THREADS_PER_ROW>(w, t, exchange);
  thread_step<4, 1, THREADS_PER_ROW>(w, t, exchange);
  thread_step<8, 4, THREADS_PER_ROW>(w, t, exchange);
  thread_step<8, 2, THREADS_PER_ROW>(w, t, exchange);
  thread_step<8, 1, THREADS_PER_ROW>(w, t, exchange);
  warp_step<16, 8, THREADS_PER_ROW>(w, t, exchange);
  thread_step<16, 4, THREADS_PER_ROW>(w, t, exchange);
  thread_step<16, 2, THREADS_PER_ROW>(w, t, exchange);
  thread_step<16, 1, THREADS_PER_ROW>(w, t, exchange);
  warp_step<32, 16, THREADS_PER_ROW>(w, t, exchange);
  warp_step<32, 8, THREADS_PER_ROW>(w, t, exchange);
  thread_step<32, 4, THREADS_PER_ROW>(w, t, exchange);
  thread_step<32, 2, THREADS_PER_ROW>(w, t, exchange);
  thread_step<32, 1, THREADS_PER_ROW>(w, t, exchange);
  warp_step<64, 32, THREADS_PER_ROW>(w, t, exchange);
  warp_step<64, 16, THREADS_PER_ROW>(w, t, exchange);
  warp_step<64, 8, THREADS_PER_ROW>(w, t, exchange);
  thread_step<64, 4, THREADS_PER_ROW>(w, t, exchange);
  thread_step<64, 2, THREADS_PER_ROW>(w, t, exchange);
  thread_step<64, 1, THREADS_PER_ROW>(w, t, exchange);
  warp_step<128, 64, THREADS_PER_ROW>(w, t, exchange);
  warp_step<128, 32, THREADS_PER_ROW>(w, t, exchange);
  warp_step<128, 16, THREADS_PER_ROW>(w, t, exchange);
  warp_step<128, 8, THREADS_PER_ROW>(w, t, exchange);
  thread_step<128, 4, THREADS_PER_ROW>(w, t, exchange);
  thread_step<128, 2, THREADS_PER_ROW>(w, t, exchange);
  thread_step<128, 1, THREADS_PER_ROW>(w, t, exchange);
  warp_step<256, 128, THREADS_PER_ROW>(w, t, exchange);
  warp_step<256, 64, THREADS_PER_ROW>(w, t, exchange);
  warp_step<256, 32, THREADS_PER_ROW>(w, t, exchange);
  warp_step<256, 16, THREADS_PER_ROW>(w, t, exchange);
  warp_step<256, 8, THREADS_PER_ROW>(w, t, exchange);
  thread_step<256, 4, THREADS_PER_ROW>(w, t, exchange);
  thread_step<256, 2, THREADS_PER_ROW>(w, t, exchange);
  thread_step<256, 1, THREADS_PER_ROW>(w, t, exchange);
  block_step<512, 256, THREADS_PER_ROW>(w, t, exchange);
  warp_step<512, 128, THREADS_PER_ROW>(w, t, exchange);
  warp_step<512, 64, THREADS_PER_ROW>(w, t, exchange);
  warp_step<512, 32, THREADS_PER_ROW>(w, t, exchange);
  warp_step<512, 16, THREADS_PER_ROW>(w, t, exchange);
  warp_step<512, 8, THREADS_PER_ROW>(w, t, exchange);
  thread_step<512, 4, THREADS_PER_ROW>(w, t, exchange);
  thread_step<512, 2, THREADS_PER_ROW>(w, t, exchange);
  thread_step<512, 1, THREADS_PER_ROW>(w, t, exchange);
}

extern "C" __global__ void __launch_bounds__(256) bitonic_block_f32_smallest_width512_items8_rowsPerBlock4(
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
  const u32 slot = threadIdx.x / THREADS_PER_ROW, t = threadIdx.x % THREADS_PER_ROW;
  const i64 row = (i64)blockIdx.x * ROWS_PER_BLOCK + slot;
  // threads without a row stay for the barriers
  const bool live = row < rows;
  const i64 length = live ? row_length(lengths, row, cols) : 0;
  const Raw* source = x + (live ? row * rowStride : 0);

  W::Type w[ITEMS];
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 col = i * THREADS_PER_ROW + t; // any order will do before the sort; this one coalesces
    w[i] = col < length ? W::make(E::key(prologue(source[col])), col) : 0;
  }
  sort_row(w, t, (W::Type*)arena + slot * WIDTH);
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const i64 rank = t * ITEMS + i;
    if (live && rank < k) emit<E, W>(w[i], row * k + rank, values, indices, indexBytes);
  }
}
