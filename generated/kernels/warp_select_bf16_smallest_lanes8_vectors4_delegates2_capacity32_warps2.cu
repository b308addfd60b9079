// Machine-written by topkit codegen from templates/warp_select.cu.hbs and dsl/kernels/warp-select.ts: edit those, not this.
//
// Many short rows: the row lies in the registers of 8, 16 or 32 lanes of a warp. The best elements of disjoint groups of it (delegates) give
// a certain bar by ballots, a little over k elements pass it, and a bitonic network in registers sorts those by key and column.
//
// spec: dtype bf16, order smallest
// tune: lanes 8, vectors 4, delegates 2, capacity 32, warps 2
// unit: 8, 16 or 32 lanes per row
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
// Two 16-bit floats in one register, low half first. One instruction each; the emulator has plain twins.
#ifdef TOPKIT_EMULATE
template <Dtype D> __device__ __forceinline__ float widened(u32 half) {
  if constexpr (D == bf16) return __uint_as_float(half << 16);
  const u32 magnitude = half & 0x7fffu, sign = (half & 0x8000u) << 16;
  // subnormals of f16 are multiples of 2^-24; infinity and NaN move to the exponent of f32
  if (magnitude < 0x400u) return __uint_as_float(__float_as_uint((float)magnitude * 5.9604644775390625e-8f) | sign);
  return __uint_as_float((magnitude << 13) + (magnitude < 0x7c00u ? 0x38000000u : 0x70000000u) | sign);
}
#endif

// The greater (for smallest: the lesser) of each half; a NaN loses to a number, two NaNs give the NaN 0x7fff.
template <Dtype D, Order O> __device__ __forceinline__ u32 pair_best(u32 a, u32 b) {
#ifdef TOPKIT_EMULATE
  u32 best = 0;
  for (int shift = 0; shift < 32; shift += 16) {
    const u32 p = a >> shift & 0xffffu, q = b >> shift & 0xffffu;
    const float x = widened<D>(p), y = widened<D>(q);
    const bool first = y != y || (O == largest ? x >= y : x <= y);
    best |= (x != x && y != y ? 0x7fffu : first ? p : q) << shift;
  }
  return best;
#else
  u32 best;
  if constexpr (D == bf16 && O == largest) asm("max.bf16x2 %0, %1, %2;" : "=r"(best) : "r"(a), "r"(b));
  if constexpr (D == bf16 && O == smallest) asm("min.bf16x2 %0, %1, %2;" : "=r"(best) : "r"(a), "r"(b));
  if constexpr (D == f16 && O == largest) asm("max.f16x2 %0, %1, %2;" : "=r"(best) : "r"(a), "r"(b));
  if constexpr (D == f16 && O == smallest) asm("min.f16x2 %0, %1, %2;" : "=r"(best) : "r"(a), "r"(b));
  return best;
#endif
}

// For each half all ones or zero: whether it is at least the bar, or NaN (for smallest: at most the bar, and no NaN). The bar is no NaN.
template <Dtype D, Order O> __device__ __forceinline__ u32 pair_reaches(u32 pair, u32 bar) {
#ifdef TOPKIT_EMULATE
  const float lo = widened<D>(pair & 0xffffu), hi = widened<D>(pair >> 16), least = widened<D>(bar & 0xffffu);
  const bool low = O == largest ? !(lo < least) : lo <= least, high = O == largest ? !(hi < least) : hi <= least;
  return (low ? 0xffffu : 0u) | (high ? 0xffff0000u : 0u);
#else
  u32 reached;
  if constexpr (D == bf16 && O == largest) asm("set.geu.u32.bf16x2 %0, %1, %2;" : "=r"(reached) : "r"(pair), "r"(bar));
  if constexpr (D == bf16 && O == smallest) asm("set.le.u32.bf16x2 %0, %1, %2;" : "=r"(reached) : "r"(pair), "r"(bar));
  if constexpr (D == f16 && O == largest) asm("set.geu.u32.f16x2 %0, %1, %2;" : "=r"(reached) : "r"(pair), "r"(bar));
  if constexpr (D == f16 && O == smallest) asm("set.le.u32.f16x2 %0, %1, %2;" : "=r"(reached) : "r"(pair), "r"(bar));
  return reached;
#endif
}
// A register of raw bits: one f32 or two 16-bit elements, compared as the floats they are. Numeric order knows neither signed zeros nor
// NaNs, so these tests may take too much, never too little: what passes is compared by its key later.
template <class E, Dtype D, Order O> struct Packed {
  static constexpr int perRegister = 32 / E::keyBits;
  static constexpr u32 everyElement = perRegister == 2 ? 0x00010001u : 1u;
  static constexpr u32 padding = E::pad * everyElement;

  static __device__ __forceinline__ u32 best(u32 a, u32 b) {
    if constexpr (D != f32) return pair_best<D, O>(a, b);
    else {
      const float x = __uint_as_float(a), y = __uint_as_float(b);
      return __float_as_uint(O == largest ? fmaxf(x, y) : fminf(x, y));
    }
  }
  // Registers that share a mask of hits; 16-bit elements take bit i and bit 16 + i of it, so that one instruction sets both.
  static constexpr int perMask = 32 / perRegister;
  static __device__ __forceinline__ u32 hits(u32 elements, u32 bar, int i) {
    if constexpr (D != f32) return pair_reaches<D, O>(elements, bar) & everyElement << i % perMask;
    else {
      const float x = __uint_as_float(elements), least = __uint_as_float(bar);
      return (O == largest ? !(x < least) : x <= least) ? 1u << i % perMask : 0u;
    }
  }
  // The elements that do not reach the bar, padding for the others.
  static __device__ __forceinline__ u32 unless_reaches(u32 elements, u32 bar) {
    if constexpr (D != f32) {
      const u32 reached = pair_reaches<D, O>(elements, bar);
      return (elements & ~reached) | (padding & reached);
    } else {
      return hits(elements, bar, 0) ? padding : elements;
    }
  }

  // Element `half` of a register.
  static __device__ __forceinline__ u32 element(u32 elements, int half) { return perRegister == 1 ? elements : half ? elements >> 16 : elements & 0xffffu; }
};
typedef Element<bf16, smallest> E;
typedef E::Raw Raw;
typedef Word<E, 4> W;
typedef Packed<E, bf16, smallest> P;
constexpr Order ORDER = smallest;
constexpr int LANES = 8;            // lanes a row
constexpr int VECTORS = 4;        // 16-byte vectors a lane
constexpr int PER_LANE = 2;      // delegates a lane
constexpr u32 CAPACITY = 32;      // survivors a row
constexpr int WARPS = 2;
constexpr int THREADS = 64;
constexpr int BLOCKS_PER_SM = 16;
constexpr int ROWS_PER_BLOCK = 8;
constexpr int PER_VECTOR = 8;   // elements a vector
constexpr int REGISTERS = 17;    // registers of elements a lane: its vectors, then its share of the edges
constexpr int EDGE = REGISTERS - 1;
constexpr int MASKS = (REGISTERS + P::perMask - 1) / P::perMask;
constexpr int GROUPS = 1;           // registers of delegates a lane
constexpr u32 DELEGATES = LANES * PER_LANE;
static_assert(THREADS == 32 * WARPS && BLOCKS_PER_SM > 0 && PER_LANE == GROUPS * P::perRegister && THREADS == ROWS_PER_BLOCK * LANES && REGISTERS == VECTORS * 4 + 1, "derived");

// What is done to an element before it is compared.
__device__ __forceinline__ Raw prologue(Raw raw) { return raw; }
__device__ __forceinline__ u32 prologues(u32 elements) {
  if constexpr (P::perRegister == 1) return prologue((Raw)elements);
  return (u32)prologue((Raw)elements) | (u32)prologue((Raw)(elements >> 16)) << 16;
}

// A row in the registers of LANES lanes: whole 16-byte vectors, vector v * LANES + sub in lane sub, and the elements before the first and
// behind the last of them, which an unaligned row or an odd length leaves: the edges, fewer than two vectors.
struct RowInLanes {
  const Raw* source;
  u32 length, head, whole; // elements; elements before the first whole vector; whole vectors
  Lanes<LANES> lanes;
  u32 elements[REGISTERS]; // raw bits, later keys
  u32 hits[MASKS];

  __device__ __forceinline__ u32 edges() const { return length - whole * PER_VECTOR; }
  __device__ __forceinline__ u32 edge_column(u32 edge) const { return edge < head ? edge : edge + whole * PER_VECTOR; }
  // Column of element `half` of register i; i may vary between lanes.
  __device__ __forceinline__ u32 column(u32 i, u32 half) const {
    if (i == EDGE) return edge_column(lanes.sub * P::perRegister + half);
    return head + (i / 4 * LANES + lanes.sub) * PER_VECTOR + i % 4 * P::perRegister + half;
  }
  __device__ __forceinline__ bool holds(int i, int half) const {
    return i == EDGE ? lanes.sub * P::perRegister + half < edges() : i / 4 * LANES + lanes.sub < whole;
  }

  __device__ __forceinline__ void load(const Raw* source_, u32 length_) {
    source = source_;
    length = length_;
    head = (u32)(-(u64)source & 15) / sizeof(Raw);
    head = head < length ? head : length;
    whole = (length - head) / PER_VECTOR;
    const uint4* vectors = (const uint4*)(source + head);
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      const u32 at = v * LANES + lanes.sub;
      uint4 vector = make_uint4(P::padding, P::padding, P::padding, P::padding);
      if (at < whole) {
        vector = __ldg(vectors + at);
        vector = make_uint4(prologues(vector.x), prologues(vector.y), prologues(vector.z), prologues(vector.w));
      }
      elements[4 * v] = vector.x;
      elements[4 * v + 1] = vector.y;
      elements[4 * v + 2] = vector.z;
      elements[4 * v + 3] = vector.w;
    }
    elements[EDGE] = P::padding;
    if (edges() == 0) return;
    u32 edge[P::perRegister];
#pragma unroll
    for (int half = 0; half < P::perRegister; half++) {
      edge[half] = holds(EDGE, half) ? (u32)prologue(source[edge_column(lanes.sub * P::perRegister + half)]) : E::pad;
    }
    elements[EDGE] = P::perRegister == 1 ? edge[0] : edge[0] | edge[P::perRegister - 1] << 16;
  }

  // A key that at least `wanted` elements reach, and not many more: the best element of each of DELEGATES disjoint groups stands for
  // its group, so the `wanted`-th best delegate is a lower bound of the `wanted`-th best element. Where there are too few
  // groups, all numbers but the padding pass. `best` is the key of the row's best number.
  __device__ __forceinline__ u32 bar_of(u32 wanted, u32& best) const {
    u32 delegate[PER_LANE], lo = ~0u, hi = 0;
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
      u32 delegates = g == 0 ? elements[EDGE] : P::padding;
#pragma unroll
      for (int i = g; i < EDGE; i += GROUPS) delegates = P::best(delegates, elements[i]);
#pragma unroll
      for (int half = 0; half < P::perRegister; half++) {
        u32 key = E::key((Raw)P::element(delegates, half));
        // of a group of NaNs alone comes a NaN that is perhaps none of them: infinity is below them all
        if (ORDER == largest) key = lesser_of(key, E::key((Raw)E::F::infinity));
        delegate[g * P::perRegister + half] = key;
        lo = lesser_of(lo, key);
        hi = greater_of(hi, key);
      }
    }
    lo = lanes.least(lo);
    best = hi = lanes.greatest(hi);
    u32 reached = DELEGATES;
    const u32 enough = wanted + wanted / 8;
    if (wanted > DELEGATES) lo = hi = E::key((Raw)E::pad) + 1; // a guess, for raise()
    // at least `wanted` delegates reach lo, fewer reach hi + 1
    for (int step = 0; step < 12 && __any_sync(FULL_WARP, reached > enough && lo < hi); step++) { // any lo will do
      const u32 middle = lo + (hi - lo) / 2 + 1;
      u32 votes = 0;
      if constexpr (PER_LANE <= 2) {
#pragma unroll
        for (int d = 0; d < PER_LANE; d++) votes += lanes.votes(delegate[d] >= middle);
      } else {
#pragma unroll
        for (int d = 0; d < PER_LANE; d++) votes += delegate[d] >= middle;
        votes = lanes.sum(votes);
      }
      if (reached <= enough || lo >= hi) continue; // this group waits for its neighbours
      if (votes >= wanted) {
        lo = middle;
        reached = votes;
      } else {
        hi = middle - 1;
      }
    }
    return lo;
  }

  // Marks every element that may reach the bar.
  __device__ __forceinline__ void mark(u32 bar) {
    const u32 packedBar = E::raw(bar) * P::everyElement;
#pragma unroll
    for (int i = 0; i < REGISTERS; i++) {
      const u32 hit = P::hits(elements[i], packedBar, i);
      hits[i / P::perMask] = i % P::perMask == 0 ? hit : hits[i / P::perMask] | hit;
    }
  }
  __device__ __forceinline__ void unmark() {
#pragma unroll
    for (int m = 0; m < MASKS; m++) hits[m] = 0;
  }
  __device__ __forceinline__ u32 marked() const {
    u32 count = 0;
#pragma unroll
    for (int m = 0; m < MASKS; m++) count += __popc(hits[m]);
    return count;
  }

  // Where more elements than `room` pass the bar: raises it and marks again, until they fit, or it is the greatest that `wanted` of them
  // pass. Probes the best key that is left and a half of the range in turns, so that few values are few steps. `hi`: no number exceeds it.
  __device__ __forceinline__ void raise(u32& bar, u32& held, u32 hi, u32 wanted, u32 room) {
    for (u32 turn = 0; __any_sync(FULL_WARP, held > room && bar < hi); turn++) {
      const u32 middle = turn % 2 == 0 ? hi : bar + (hi - bar) / 2 + 1;
      mark(middle);
      u32 below = P::padding;
#pragma unroll
      for (int i = 0; i < REGISTERS; i++) below = P::best(below, P::unless_reaches(elements[i], E::raw(middle) * P::everyElement));
      u32 next = 0;
#pragma unroll
      for (int half = 0; half < P::perRegister; half++) next = greater_of(next, E::key((Raw)P::element(below, half)));
      next = lanes.greatest(next);
      const u32 reached = lanes.sum(marked());
      if (held <= room || bar >= hi) continue; // this row waits for its neighbours
      if (reached >= wanted) {
        bar = middle;
        held = reached;
      } else {
        hi = greater_of(next, bar);
      }
    }
    mark(bar);
  }
};

// A row read again, an element a lane at a time in the order of columns, by true keys: for rows of which too many elements tie.
struct RowByColumn {
  const Raw* source;
  u32 length;
  Lanes<LANES> lanes;

  __device__ __forceinline__ u32 key(u32 col) const { return E::key(prologue(source[col])); }

  // The key of the `wanted`-th best element: it lies in lo..hi, and `above` keys exceed hi; on return they exceed the key.
  __device__ __forceinline__ u32 find(u32 lo, u32 hi, u32& above, u32 wanted) const {
    while (__any_sync(FULL_WARP, lo < hi)) {
      const u32 middle = lo + (hi - lo) / 2 + 1;
      u32 reached = 0, next = ~0u, last = 0; // next: the least key from middle up; last: the greatest below it
      for (u32 col = lanes.sub; col < length; col += LANES) {
        const u32 each = key(col);
        reached += each >= middle;
        if (each >= middle) next = lesser_of(next, each);
        else last = greater_of(last, each);
      }
      reached = lanes.sum(reached);
      next = lanes.least(next);
      last = lanes.greatest(last);
      if (lo >= hi) continue; // this row waits for its neighbours
      if (reached >= wanted) {
        lo = next; // keys, not halves of the range: few values are few steps
      } else {
        hi = last;
        above = reached;
      }
    }
    return lo;
  }
  // Lists, by column, the first elements equal to the bar, `ties` of them, and with `all` those above it: `count` together.
  __device__ __forceinline__ void list(W::Type* words, u32 bar, u32 ties, bool all, u32 count) const {
    constexpr int STEPS = 4; // loads in flight
    const u32 before = (1u << threadIdx.x % 32) - 1, end = count == 0 ? 0 : length; // a row of which nothing is wanted waits for its neighbours
    u32 listed = 0, tied = 0;
    for (u32 first = 0; __any_sync(FULL_WARP, listed < count); first += STEPS * LANES) {
      u32 each[STEPS];
#pragma unroll
      for (int s = 0; s < STEPS; s++) {
        const u32 col = first + s * LANES + lanes.sub;
        each[s] = col < end ? key(col) : 0;
      }
#pragma unroll
      for (int s = 0; s < STEPS; s++) {
        const u32 col = first + s * LANES + lanes.sub;
        const bool equal = col < end && each[s] == bar;
        const u32 equals = __ballot_sync(FULL_WARP, equal) & lanes.mask;
        const bool taken = equal ? tied + __popc(equals & before) < ties : all && col < end && each[s] > bar;
        const u32 takes = __ballot_sync(FULL_WARP, taken) & lanes.mask;
        if (taken) words[listed + __popc(takes & before)] = W::make(each[s], col);
        listed += __popc(takes);
        tied += __popc(equals);
      }
    }
  }
};

// Lists what does not fit because it ties, and rows whose bar says nothing (`vague`); of other rows nothing. What is marked on return is to be
// listed too, from place 0. Returns how many there are in all.
__device__ __forceinline__ u32 list_by_column(RowInLanes& row, W::Type* words, bool vague, u32 bar, u32 held, u32 wanted, u32 room) {
  const u32 TOP = E::key((Raw)(ORDER == largest ? E::F::infinity : E::F::sign | E::F::infinity)); // the best number
  const u32 ZERO = lesser_of(E::key(0), E::key((Raw)E::F::sign));                                 // and ZERO + 1 is the other zero
  const bool needed = vague || held > room;
  if (bar == ZERO) bar++;
  row.mark(bar < TOP && needed ? bar + 1 : bar);
  const u32 higher = row.lanes.sum(row.marked());
  // numeric order took both zeros for one value, and NaNs for more than any
  const bool all = vague || higher >= wanted || bar == ZERO + 1 || (ORDER == largest && bar == TOP);
  const bool whole = vague && row.length <= room;
  u32 above = !all && bar < TOP ? higher : 0, lo = bar, hi = bar;
  if (whole) {
    lo = hi = 0;
  } else if (needed && !vague && bar == ZERO + 1 && higher < wanted) {
    lo = ZERO;
    above = higher;
  } else if (needed && all) {
    lo = 0;
    hi = E::greatestKey;
  }
  const RowByColumn columns = {row.source, row.length};
  lo = columns.find(lo, hi, above, wanted);
  const u32 ties = whole ? ~0u : wanted - above;
  const u32 count = !needed ? 0 : whole ? row.length : all ? wanted : ties;
  if (needed && (all || bar == TOP)) row.unmark();
  columns.list(all ? words : words + above, lo, ties, all, count);
  return !needed ? held : whole ? row.length : wanted;
}

// Sorts the words of a row that its lanes hold, ITEMS a lane or more where they are not enough, and stores the k best.
template <int ITEMS> __device__ __forceinline__ void sort_and_emit(const W::Type* list, u32 held, u32 width, u32 sub, i64 at, u32 stored, Raw* values, void* indices, i64 indexBytes) {
  if constexpr (ITEMS * LANES < CAPACITY) {
    if (__any_sync(FULL_WARP, width > ITEMS * LANES)) {
      sort_and_emit<ITEMS * 2>(list, held, width, sub, at, stored, values, indices, indexBytes);
      return;
    }
  }
  W::Type w[ITEMS];
#pragma unroll
  for (int i = 0; i < ITEMS; i++) w[i] = i * LANES + sub < held ? list[i * LANES + sub] : 0;
  lanes_sort<LANES>(w, sub);
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const u32 rank = sub * ITEMS + i;
    if (rank < stored) emit<E, W>(w[i], at + rank, values, indices, indexBytes);
  }
}

extern "C" __global__ void __launch_bounds__(64, 16) warp_select_bf16_smallest_lanes8_vectors4_delegates2_capacity32_warps2(
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
  const u32 place = threadIdx.x / LANES;
  const i64 number = (i64)blockIdx.x * ROWS_PER_BLOCK + place;
  // lanes without a row stay for the warp's votes, and work on the last row again
  const bool live = number < rows;
  const i64 at = live ? number : rows - 1;
  const u32 length = (u32)row_length(lengths, at, cols), wanted = lesser_of((u32)k, length);
  RowInLanes row;
  row.load(x + at * rowStride, length);

  W::Type* list = (W::Type*)arena + place * CAPACITY;
  u32 best, held, bar = row.bar_of(wanted, best);
  row.mark(bar);
  u32 from = row.lanes.sum_before(row.marked(), held);
  // a bar as low as the padding does not tell it from elements
  const bool vague = bar <= E::key((Raw)E::pad) || held < wanted;
  // a row of usual data has about 1.5 k survivors; many more are dearer to sort than to thin out
  const u32 room = lesser_of(CAPACITY, (u32)k + greater_of((u32)k, 48u));
  if (__any_sync(FULL_WARP, vague || held > room)) {
    row.raise(bar, held, vague ? bar : best, wanted, room);
    if (__any_sync(FULL_WARP, vague || held > room)) held = list_by_column(row, list, vague, bar, held, wanted, room);
    u32 marked;
    from = row.lanes.sum_before(row.marked(), marked);
  }
#pragma unroll
  for (int m = 0; m < MASKS; m++) {
    for (u32 hits = row.hits[m]; hits != 0; hits &= hits - 1) {
      const u32 bit = __ffs(hits) - 1;
      const u32 col = row.column(m * P::perMask + bit % P::perMask, bit / P::perMask);
      list[from++] = W::make(E::key(prologue(row.source[col])), col);
    }
  }
  __syncwarp();
  const u32 width = greater_of(held, (u32)k);
  sort_and_emit<1>(list, held, width, row.lanes.sub, at * k, live ? (u32)k : 0, values, indices, indexBytes);
}
