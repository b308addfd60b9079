// Machine-written by topkit codegen from templates/radix_sort.cu.hbs and dsl/kernels/radix-sort.ts: edit those, not this.
//
// Sorts the selected words of a row in one block: least significant digit first, words in registers, changing places through shared memory.
//
// spec: dtype f32, order largest
// tune: warps 32, items 10
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
// Columns of a row that count: all of them, or lengths[row] clamped to 0..cols.
__device__ __forceinline__ i64 row_length(const int* lengths, i64 row, i64 cols) {
  if (!lengths) return cols;
  const i64 length = lengths[row];
  return length < 0 ? 0 : length > cols ? cols : length;
}
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
// Sorting words by digits of 8 bits, least significant first.
// Lanes of the warp with the same 8 bits: eight votes are faster than one __match_any_sync.
__device__ __forceinline__ u32 equal_digits(u32 digit) {
  u32 peers = FULL_WARP;
#pragma unroll
  for (int bit = 0; bit < 8; bit++) {
    const bool set = digit >> bit & 1u;
    const u32 votes = __ballot_sync(FULL_WARP, set);
    peers &= set ? votes : ~votes;
  }
  return peers;
}

// Places of a block's words by one digit of 8 bits, words of equal digits in the order of their numbers: word i of lane l of warp w is number
// (w * ITEMS + i) * 32 + l. Each warp counts for itself, then the warps' counts of a digit are added up. There are at most 65535 words.
template <int WARPS, int ITEMS> struct DigitPlaces {
  u16* counts;   // 256 for each warp
  u32* starts;   // 256: where a digit's words begin
  u32* warpSums; // 32
  static constexpr u32 bytes = WARPS * 256 * 2 + 256 * 4 + 32 * 4;
  __device__ __forceinline__ DigitPlaces(void* shared) : counts((u16*)shared), starts((u32*)(counts + WARPS * 256)), warpSums(starts + 256) {}

  static __device__ __forceinline__ u32 number(int i) { return (threadIdx.x / 32 * ITEMS + i) * 32 + threadIdx.x % 32; }

  // All threads call it, with digits below 256, and not again before a barrier.
  __device__ __forceinline__ void find(const u32 (&digit)[ITEMS], u32 (&place)[ITEMS]) const {
    const u32 lane = threadIdx.x % 32;
    u16* mine = counts + threadIdx.x / 32 * 256;
    for (u32 bin = lane; bin < 256; bin += 32) mine[bin] = 0;
    __syncwarp();
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const u32 peers = equal_digits(digit[i]);
      const u32 before = mine[digit[i]], rank = __popc(peers & ((1u << lane) - 1));
      __syncwarp();
      if (rank == 0) mine[digit[i]] = (u16)(before + __popc(peers));
      __syncwarp();
      place[i] = before + rank;
    }
    __syncthreads();
    // counts become those of the warps before, for each digit
    u32 sum = 0;
    if (threadIdx.x < 256) {
#pragma unroll
      for (int warp = 0; warp < WARPS; warp++) {
        const u32 count = counts[warp * 256 + threadIdx.x];
        counts[warp * 256 + threadIdx.x] = (u16)sum;
        sum += count;
      }
    }
    u32 total;
    const u32 start = block_sum_before<WARPS>(sum, warpSums, total);
    if (threadIdx.x < 256) starts[threadIdx.x] = start;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < ITEMS; i++) place[i] += starts[digit[i]] + mine[digit[i]];
  }
};
// Digits from the top of the order: the greatest key has the least.
template <class W> __device__ __forceinline__ u32 sort_digit(u64 word, u32 digit) { return 255 - (W::key(word) >> (8 * digit) & 255); }
// Sorts a block's words downwards by the lower 8 * DIGITS bits of their keys, equal keys in the order they had. What is no word is 0, and stands behind the words: it has
// the greatest digit of all. `sorted` is shared memory for all words; nobody else touches it until the next barrier.
template <class W, u32 DIGITS, int WARPS, int ITEMS>
__device__ __forceinline__ void sort_by_digits(u64 (&word)[ITEMS], u64* sorted, const DigitPlaces<WARPS, ITEMS>& places) {
#pragma unroll 1
  for (u32 d = 0; d < DIGITS; d++) {
    u32 digit[ITEMS], place[ITEMS];
#pragma unroll
    for (int i = 0; i < ITEMS; i++) digit[i] = sort_digit<W>(word[i], d);
    places.find(digit, place);
#pragma unroll
    for (int i = 0; i < ITEMS; i++) sorted[place[i]] = word[i];
    __syncthreads();
    // find() has barriers between these reads and the next stores
#pragma unroll
    for (int i = 0; i < ITEMS; i++) word[i] = sorted[places.number(i)];
  }
}
typedef Element<f32, largest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
typedef DigitPlaces<32, 10> Places;
constexpr int WARPS = 32;
constexpr u32 THREADS = 1024;
constexpr int ITEMS = 10; // words a thread
constexpr u32 CAPACITY = 10240;
constexpr u32 DIGITS = 4;
static_assert(THREADS == 32 * WARPS && CAPACITY == THREADS * ITEMS && 99456 == CAPACITY * 8 + Places::bytes, "derived");

extern "C" __global__ void __launch_bounds__(1024) radix_sort_f32_largest_warps32_items10(
    const int* __restrict__ lengths,
    const u32* __restrict__ found,
    const u64* __restrict__ words,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const long long rows,
    const long long cols,
    const long long k,
    const long long chunks,
    const long long parts,
    const long long indexBytes) {
  extern __shared__ __align__(16) unsigned char arena[];
  u64* sorted = (u64*)arena;
  const Places places(sorted + CAPACITY);
  const i64 row = blockIdx.x;
  const u32 held = (u32)collected(found, row, row_length(lengths, row, cols), k);
  if (held == 0) return;

  u64 word[ITEMS];
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 number = Places::number(i);
    word[i] = number < held ? words[row * k + number] : 0;
  }
  sort_by_digits<W, DIGITS>(word, sorted, places);
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 number = Places::number(i);
    if (number < held) emit<E, W>(word[i], row * k + number, values, indices, indexBytes);
  }
}
