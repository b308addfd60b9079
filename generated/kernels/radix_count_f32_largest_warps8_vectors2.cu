// Machine-written by topkit codegen from templates/radix_count.cu.hbs and dsl/kernels/radix-count.ts: edit those, not this.
//
// Finds one digit of every row's k-th key: each block counts the digits in its chunk among the keys that agree with the digits found before, the row's
// last block adds up and chooses. The pass for the last digit also leaves where each chunk's elements go, so that collecting keeps the columns' order.
//
// spec: dtype f32, order largest
// tune: warps 8, vectors 2
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
// Whether this is the last of `blocks` blocks to come here; the ticket, which wraps, is zero again afterwards. What a block wrote before is seen by the last one after: the
// barrier puts every thread's writes before the fence of the thread that takes the ticket (fences are cumulative), and its second fence stands
// before what the last block reads, which waits for it at the barrier. `last` is in shared memory.
__device__ __forceinline__ bool is_last_block(u32* ticket, u32 blocks, bool& last) {
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicInc(ticket, blocks - 1) == blocks - 1;
    __threadfence();
  }
  __syncthreads();
  return last;
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
typedef Element<f32, largest> E;
typedef E::Raw Raw;
typedef Slots<E> Run;
constexpr int WARPS = 8;
constexpr u32 THREADS = 256;
constexpr int VECTORS = 2;
constexpr u32 BINS = 2048;
constexpr u32 DIGITS = 3;
constexpr u32 TOP_BITS = 11;       // of every digit but the last
constexpr u32 LAST_BITS = 10;
constexpr u32 LAST_BINS = 1024;
constexpr u32 TABLE = 1026;       // words that a chunk leaves for the row's last block
static_assert(THREADS == 32 * WARPS && 6 * WARPS <= 48 && BINS == 1u << TOP_BITS && TABLE == LAST_BINS + 2, "derived");
struct Shared {
  u32 bins[BINS];
  u32 warpSums[32];
  Choice choice;
  bool isLast;
};
static_assert(8448 >= sizeof(Shared), "derived");
static_assert(E::keyBits == TOP_BITS * (DIGITS - 1) + LAST_BITS, "the digits are the key");

// What is done to an element before it is compared.
__device__ __forceinline__ Raw prologue(Raw raw) { return raw; }

extern "C" __global__ void __launch_bounds__(256, 6) radix_count_f32_largest_warps8_vectors2(
    const Raw* __restrict__ x,
    const int* __restrict__ lengths,
    u32* __restrict__ found,
    u32* __restrict__ tables,
    u32* __restrict__ places,
    u32* __restrict__ histogram,
    u32* __restrict__ tickets,
    const long long rows,
    const long long cols,
    const long long k,
    const long long rowStride,
    const long long chunkSize,
    const long long chunks,
    const long long digit) {
  extern __shared__ __align__(16) unsigned char arena[];
  Shared& s = *(Shared*)arena;
  const u32 t = threadIdx.x;
  const i64 row = blockIdx.x / (u32)chunks, chunk = blockIdx.x % (u32)chunks;
  const i64 length = row_length(lengths, row, cols);
  // all of the row is wanted
  if (length <= k) return;
  const bool isLastDigit = digit == DIGITS - 1;
  Found f = {0, 0, (u32)k, 0};
  if (digit > 0) f = Found::load(found, row);
  if (f.done && (!isLastDigit || chunks == 1)) return;

  // if nothing is left to find, it remains to count the keys above the bound
  const u32 bits = f.done ? 0 : isLastDigit ? LAST_BITS : TOP_BITS;
  const u32 shift = f.done || isLastDigit ? 0 : E::keyBits - TOP_BITS * ((u32)digit + 1);
  const Digit its = {shift, bits, f.bound >> shift >> bits};
  for (u32 bin = t; bin < BINS; bin += THREADS) s.bins[bin] = 0;
  __syncthreads();
  const i64 firstCol = chunk * chunkSize, rest = length - firstCol;
  const Run run(x + row * rowStride + firstCol, rest < chunkSize ? rest : chunkSize);
  const auto key = [](Raw raw) { return E::key(prologue(raw)); };
  u32 over = 0;
  if (isLastDigit) over = count_digit<E, THREADS, VECTORS, true>(run, its, s.bins, key);
  else count_digit<E, THREADS, VECTORS, false>(run, its, s.bins, key);
  __syncthreads();

  u32* table = tables + (row * chunks + chunk) * TABLE;
  u32* shared = histogram + row * BINS;
  if (chunks > 1) {
    if (isLastDigit) {
      constexpr u32 EACH = (LAST_BINS + THREADS - 1) / THREADS;
      u32 mine, overs;
      u32 sum = sum_of_higher<WARPS, LAST_BINS>(s.bins, s.warpSums, mine);
      for (u32 i = 0; i < EACH; i++) {
        const u32 fromTop = t * EACH + i;
        if (fromTop < LAST_BINS) table[LAST_BINS - 1 - fromTop] = sum += s.bins[LAST_BINS - 1 - fromTop];
      }
      block_sum_before<WARPS>(over, s.warpSums, overs);
      if (t == 0) {
        table[LAST_BINS] = 0;
        table[LAST_BINS + 1] = overs;
      }
    }
    if (!f.done) {
      for (u32 bin = t; bin < BINS; bin += THREADS) {
        if (s.bins[bin]) atomicAdd(&shared[bin], s.bins[bin]);
      }
    }
    if (!is_last_block(&tickets[row], (u32)chunks, s.isLast)) return;
    if (!f.done) {
      constexpr u32 EACH = BINS / THREADS;
      u32 counts[EACH];
#pragma unroll
      for (u32 i = 0; i < EACH; i++) counts[i] = __ldcg(&shared[i * THREADS + t]);
#pragma unroll
      for (u32 i = 0; i < EACH; i++) {
        s.bins[i * THREADS + t] = counts[i];
        shared[i * THREADS + t] = 0;
      }
    }
    __syncthreads();
  }

  if (!f.done) {
    choose_digit<WARPS, BINS>(s.bins, f.ties, s.choice, s.warpSums);
    if (t == 0) narrowed(f, its, s.choice, (u32)k).store(found, row);
  }
  if (!isLastDigit || chunks == 1) return;
  // where each chunk's elements go: a prefix over the chunks, of those above the bound and of those that equal it
  const u32 bin = f.done ? LAST_BINS - 1 : s.choice.bin;
  u32 above = 0, equal = 0;
  for (u32 base = 0; base < chunks; base += THREADS) {
    const u32 c = base + t;
    const u32* counts = tables + (row * chunks + c) * TABLE;
    const u32 higher = c < chunks ? __ldcg(&counts[bin + 1]) : 0;
    const u32 ofChunk = c < chunks ? higher + __ldcg(&counts[LAST_BINS + 1]) : 0, equals = c < chunks ? __ldcg(&counts[bin]) - higher : 0;
    u32 total, totalEqual;
    const u32 before = block_sum_before<WARPS>(ofChunk, s.warpSums, total), equalBefore = block_sum_before<WARPS>(equals, s.warpSums, totalEqual);
    if (c < chunks) {
      places[(row * chunks + c) * 2] = above + before;
      places[(row * chunks + c) * 2 + 1] = equal + equalBefore;
    }
    above += total;
    equal += totalEqual;
  }
}
