// Machine-written by topkit codegen from templates/radix_row.cu.hbs and dsl/kernels/radix-row.ts: edit those, not this.
//
// All of radix_select for rows that a block reads alone: the k-th key digit by digit, then the elements above it in column order, in shared memory, then their sort.
// Elements that equal the k-th key are already in order, and go straight to the end of the answer.
//
// spec: dtype f16, order smallest
// tune: warps 16, items 2, vectors 1
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
// Finding one digit of a row's k-th key, by a block: counts, and a choice among them.

// Which bits of a key are the digit, and what those above it must be for a key to count.
struct Digit {
  u32 shift, bits, agreed;
};
struct Choice {
  u32 bin, over, inside; // the digit, the keys with greater ones, and those with this one
};

// Counts the digits of a run's keys that agree into `bins`, in shared memory; with OVER, gives this thread's number of keys above all that agree.
template <class E, u32 THREADS, int VECTORS, bool OVER, class Key>
__device__ __forceinline__ u32 count_digit(const Slots<E>& run, const Digit& digit, u32* bins, Key key) {
  typedef Slots<E> Run;
  const u32 least = digit.agreed << digit.bits, span = (1u << digit.bits) - 1;
  u32 over = 0;
  for (i64 first = threadIdx.x; first < run.count; first += THREADS * VECTORS) {
    uint4 slot[VECTORS];
    u32 valid[VECTORS];
#pragma unroll
    for (int v = 0; v < VECTORS; v++) slot[v] = run.load(first + v * THREADS, valid[v]);
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      if (valid[v] == 0) continue;
#pragma unroll
      for (int j = 0; j < Run::perSlot; j++) {
        const u32 upper = key(Run::element(slot[v], j)) >> digit.shift;
        if ((valid[v] >> j & 1u) && upper - least <= span) atomicAdd(&bins[upper - least], 1u);
        if (OVER) over += (valid[v] >> j & 1u) && upper > least + span;
      }
    }
  }
  return over;
}

// The sum of the bins above this thread's, of BINS; thread 0 has the highest. `mine` is the sum of its own.
template <int WARPS, u32 BINS> __device__ __forceinline__ u32 sum_of_higher(const u32* bins, u32* warpSums, u32& mine) {
  constexpr u32 EACH = (BINS + 32 * WARPS - 1) / (32 * WARPS);
  mine = 0;
  for (u32 i = 0; i < EACH; i++) {
    const u32 fromTop = threadIdx.x * EACH + i;
    if (fromTop < BINS) mine += bins[BINS - 1 - fromTop];
  }
  u32 total;
  return block_sum_before<WARPS>(mine, warpSums, total);
}

// The bin in which the count from the top reaches `wanted`. All threads call it, after a barrier; it ends with one.
template <int WARPS, u32 BINS> __device__ __forceinline__ void choose_digit(const u32* bins, u32 wanted, Choice& choice, u32* warpSums) {
  constexpr u32 EACH = (BINS + 32 * WARPS - 1) / (32 * WARPS);
  u32 mine;
  u32 higher = sum_of_higher<WARPS, BINS>(bins, warpSums, mine);
  if (higher < wanted && wanted <= higher + mine) {
    u32 bin = BINS - 1 - threadIdx.x * EACH;
    while (higher + bins[bin] < wanted) higher += bins[bin--];
    choice = {bin, higher, bins[bin]};
  }
  __syncthreads();
}

// What is known after a digit was chosen.
__device__ __forceinline__ Found narrowed(const Found& f, const Digit& digit, const Choice& choice, u32 k) {
  const u32 bound = f.bound | choice.bin << digit.shift, ties = f.ties - choice.over;
  if (choice.inside == ties && digit.shift > 0) return {bound - 1, k, 0, 1};
  return {bound, f.above + choice.over, ties, 0};
}
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
typedef Element<f16, smallest> E;
typedef E::Raw Raw;
typedef Word<E, 8> W;
typedef Slots<E> Run;
constexpr int WARPS = 16;
constexpr u32 THREADS = 512;
constexpr int VECTORS = 1;
constexpr int ITEMS = 2;         // selected words a thread
constexpr u32 CAPACITY = 1024;
constexpr u32 BINS = 2048;
constexpr u32 DIGITS = 2;       // of the k-th key, to find
constexpr u32 TOP_BITS = 11;    // of every one but the last
constexpr u32 LAST_BITS = 5;
constexpr u32 SORT_DIGITS = 2;
typedef DigitPlaces<WARPS, ITEMS> Places;
struct Counts {
  u32 bins[BINS];
  u32 warpSums[32];
  Choice choice;
};
constexpr u32 SCRATCH = 9344; // first for the counts, then for sorting
static_assert(THREADS == 32 * WARPS && CAPACITY == THREADS * ITEMS && 17536 == CAPACITY * 8 + SCRATCH && BINS == 1u << TOP_BITS, "derived");
static_assert(SCRATCH >= sizeof(Counts) && SCRATCH >= Places::bytes && E::keyBits == TOP_BITS * (DIGITS - 1) + LAST_BITS, "derived");

// What is done to an element before it is compared.
__device__ __forceinline__ Raw prologue(Raw raw) { return raw; }

extern "C" __global__ void __launch_bounds__(512) radix_row_f16_smallest_warps16_items2_vectors1(
    const Raw* __restrict__ x,
    const int* __restrict__ lengths,
    Raw* __restrict__ values,
    void* __restrict__ indices,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride,
    const long long chunks,
    const long long indexBytes) {
  extern __shared__ __align__(16) unsigned char arena[];
  u64* selected = (u64*)arena;
  Counts& s = *(Counts*)(selected + CAPACITY);
  const u32 t = threadIdx.x;
  const i64 row = blockIdx.x;
  const i64 length = row_length(lengths, row, cols);
  const Run run(x + row * rowStride, length);
  const auto key = [](Raw raw) { return E::key(prologue(raw)); };
  const auto keep = [&](u64 word, u32 place) { selected[place] = word; };

  u32 held = (u32)length; // words to sort
  if (length <= k) {
    for (i64 place = length + t; place < k; place += THREADS) emit<E, W>(0, row * k + place, values, indices, indexBytes);
    gather_all<E, W, THREADS>(run, 0, key, keep);
  } else {
    Found f = {0, 0, (u32)k, 0};
#pragma unroll 1
    for (u32 digit = 0; digit < DIGITS && !f.done; digit++) {
      const bool isLast = digit == DIGITS - 1;
      const u32 bits = isLast ? LAST_BITS : TOP_BITS, shift = isLast ? 0 : E::keyBits - TOP_BITS * (digit + 1);
      const Digit its = {shift, bits, f.bound >> shift >> bits};
      for (u32 bin = t; bin < BINS; bin += THREADS) s.bins[bin] = 0;
      __syncthreads();
      count_digit<E, THREADS, VECTORS, false>(run, its, s.bins, key);
      __syncthreads();
      choose_digit<WARPS, BINS>(s.bins, f.ties, s.choice, s.warpSums);
      f = narrowed(f, its, s.choice, (u32)k);
    }
    held = f.above;
    gather<E, W, WARPS, VECTORS>(run, 0, f.bound, f.ties, 0, 0, s.warpSums, key, keep,
                                 [&](u64 word, u32 rank) { emit<E, W>(word, row * k + f.above + rank, values, indices, indexBytes); });
  }
  if (held == 0) return;
  __syncthreads();
  u64 word[ITEMS];
#pragma unroll
  for (int i = 0; i < ITEMS; i++) word[i] = Places::number(i) < held ? selected[Places::number(i)] : 0;
  sort_by_digits<W, SORT_DIGITS>(word, selected, Places(&s));
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    if (Places::number(i) < held) emit<E, W>(word[i], row * k + Places::number(i), values, indices, indexBytes);
  }
}
