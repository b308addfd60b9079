// Machine-written by topkit codegen from templates/sample_row.cu.hbs and dsl/kernels/sample-row.ts: edit those, not this.
//
// Draws a token from each row of a top-k's answer (docs/contract.md, "Sampling"). All warps weigh candidates, the first draws; what its registers
// do not hold is weighed again in each of three passes: the mass of all, the cuts, the draw.
//
// spec: dtype f32, order largest
// tune: warps 8, items 32
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
// exp and log as sequences of correctly rounded f32 operations, so that every backend gets the same bits (docs/contract.md, "Sampling"). No
// FMA: JavaScript has none. The intrinsics are never contracted, whatever the options. Polynomials: Cephes (Moshier 1992), expf and logf.
// native/src/cpu/device_code.h gives the intrinsics to native C++; test/support/exact-math.ts is the twin in TypeScript.
constexpr u32 CANONICAL_NAN = 0x7fc00000u;

// Less than 1 ulp from e^x; +inf above 128 ln 2, 0 below -150 ln 2, subnormal results included. A NaN gives the canonical one.
static __device__ __forceinline__ float exact_exp(float given) {
  // what is out of range is chosen at the end, without a branch: neighbouring lanes have both
  const bool above = given > 88.72283935546875f, below = given < -103.97208404541015625f;
  const float x = above || below || given != given ? 0.0f : given;
  // n = round(x / ln 2): at 1.5 * 2^23 an f32 has no fraction left
  const float n = __fsub_rn(__fadd_rn(__fmul_rn(x, 1.44269502162933349609375f), 12582912.0f), 12582912.0f);
  // ln 2 in two parts, the first of 10 bits: n times it is exact, and so is the first difference
  const float r = __fsub_rn(__fsub_rn(x, __fmul_rn(n, 0.693359375f)), __fmul_rn(n, -2.12194440e-4f));
  float p = __fadd_rn(__fmul_rn(1.9875691500e-4f, r), 1.3981999507e-3f);
  p = __fadd_rn(__fmul_rn(p, r), 8.3334519073e-3f);
  p = __fadd_rn(__fmul_rn(p, r), 4.1665795894e-2f);
  p = __fadd_rn(__fmul_rn(p, r), 1.6666665459e-1f);
  p = __fadd_rn(__fmul_rn(p, r), 5.0000001201e-1f);
  const float mantissa = __fadd_rn(__fadd_rn(__fmul_rn(p, __fmul_rn(r, r)), r), 1.0f);
  // 2^n in two factors, both normal: only the last product rounds, and only where the result is subnormal
  const int exponent = __float2int_rz(n), half = exponent >> 1;
  const float scaled = __fmul_rn(mantissa, __uint_as_float((u32)(half + 127) << 23));
  const float power = __fmul_rn(scaled, __uint_as_float((u32)(exponent - half + 127) << 23));
  const float beyond = above ? __uint_as_float(0x7f800000u) : below ? 0.0f : __uint_as_float(CANONICAL_NAN);
  return above || below || given != given ? beyond : power;
}

// Less than 0.84 ulp from ln x. log(0) is -inf, of either sign; below 0 and for a NaN the canonical NaN.
static __device__ __forceinline__ float exact_log(float x) {
  if (x != x || x < 0.0f) return __uint_as_float(CANONICAL_NAN);
  if (x == 0.0f) return __uint_as_float(0xff800000u);
  if (x > 3.402823466385288598e38f) return x;
  const bool subnormal = x < 1.1754943508222875e-38f;
  // the mantissa in [sqrt 1/2, sqrt 2), the exponent beside it
  const u32 bits = __float_as_uint(subnormal ? __fmul_rn(x, 16777216.0f) : x) - 0x3f3504f3u;
  const float exponent = (float)(((int)bits >> 23) - (subnormal ? 24 : 0));
  const float f = __fsub_rn(__uint_as_float((bits & 0x7fffffu) + 0x3f3504f3u), 1.0f);
  const float square = __fmul_rn(f, f);
  float p = __fadd_rn(__fmul_rn(7.0376836292e-2f, f), -1.1514610310e-1f);
  p = __fadd_rn(__fmul_rn(p, f), 1.1676998740e-1f);
  p = __fadd_rn(__fmul_rn(p, f), -1.2420140846e-1f);
  p = __fadd_rn(__fmul_rn(p, f), 1.4249322787e-1f);
  p = __fadd_rn(__fmul_rn(p, f), -1.6668057665e-1f);
  p = __fadd_rn(__fmul_rn(p, f), 2.0000714765e-1f);
  p = __fadd_rn(__fmul_rn(p, f), -2.4999993993e-1f);
  p = __fadd_rn(__fmul_rn(p, f), 3.3333331174e-1f);
  p = __fmul_rn(__fmul_rn(p, f), square);
  p = __fadd_rn(p, __fmul_rn(exponent, -2.12194440e-4f));
  p = __fsub_rn(p, __fmul_rn(square, 0.5f));
  return __fadd_rn(__fadd_rn(f, p), __fmul_rn(exponent, 0.693359375f));
}
// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): a block of 128 random bits that is a pure function of counter and key.
struct PhiloxBlock {
  u32 word[4];
};

static __device__ __forceinline__ PhiloxBlock philox(PhiloxBlock counter, u32 key0, u32 key1) {
  u32 a = counter.word[0], b = counter.word[1], c = counter.word[2], d = counter.word[3];
  for (int round = 0; round < 10; round++) {
    const u64 left = (u64)0xd2511f53u * a, right = (u64)0xcd9e8d57u * c;
    a = (u32)(right >> 32) ^ b ^ key0;
    b = (u32)right;
    c = (u32)(left >> 32) ^ d ^ key1;
    d = (u32)left;
    key0 += 0x9e3779b9u; // the golden ratio
    key1 += 0xbb67ae85u; // sqrt 3 - 1
  }
  return PhiloxBlock{{a, b, c, d}};
}

// 64 random bits of a row's draw: key = seed, counter = offset, low words first; the counter's upper half is 0 (docs/contract.md, "Sampling").
static __device__ __forceinline__ u64 draw_bits(u64 seed, u64 offset) {
  const PhiloxBlock block = philox(PhiloxBlock{{(u32)offset, (u32)(offset >> 32), 0u, 0u}}, (u32)seed, (u32)(seed >> 32));
  return (u64)block.word[1] << 32 | block.word[0];
}
// What a draw does with one candidate, and with a row's sums (docs/contract.md, "Sampling"): scalars only, so that native C++ has the same text.
// Masses are integers: their sums have no order and no rounding. Stands behind exp_log.cuh.

// Exact. As an f32 of 2^-112 the bits of an f16 are in place but for the exponent's bias, subnormals included.
static __device__ __forceinline__ float widen_f16(u32 bits) {
  const u32 magnitude = (bits & 0x7fffu) << 13, sign = (bits & 0x8000u) << 16;
  if (magnitude >= 0x0f800000u) return __uint_as_float(sign | 0x7f800000u | magnitude);
  return __uint_as_float(sign | __float_as_uint(__fmul_rn(__uint_as_float(magnitude), 5.192296858534827628530496329220096e33f)));
}

static __device__ __forceinline__ float widen_bf16(u32 bits) { return __uint_as_float(bits << 16); }

// Whether a row can be drawn from: parameters in their ranges (a NaN is in none), and a best value that is neither a NaN nor -inf.
static __device__ __forceinline__ bool in_range(float temperature, float top_p, float min_p) {
  return temperature >= 0.0f && temperature < __uint_as_float(0x7f800000u) && top_p >= 0.0f && top_p <= 1.0f && min_p >= 0.0f && min_p <= 1.0f;
}
static __device__ __forceinline__ bool can_be_best(float value) { return value > __uint_as_float(0xff800000u); }

// At most 0. At the best it is 0, even where best is +inf or the temperature 0.
static __device__ __forceinline__ float score_of(float value, float best, float temperature) {
  return value == best ? 0.0f : __fdiv_rn(__fsub_rn(value, best), temperature);
}

// floor(weight * 2^32) of a weight of 0 to 1.
static __device__ __forceinline__ u64 mass_of(float weight) { return (u64)__fmul_rn(weight, 4294967296.0f); }

// A top-p of 0 to 1: all, or a fraction in units of 2^-64.
struct TopP {
  bool all;
  u64 fraction;
};
static __device__ __forceinline__ TopP top_p_of(float top_p) {
  const bool all = top_p >= 1.0f;
  return TopP{all, all ? 0 : (u64)__fmul_rn(top_p, 18446744073709551616.0f)};
}

// The least mass that is at least top_p of the total: a candidate is kept if less than this stands before it.
static __device__ __forceinline__ u64 mass_wanted(u64 total, TopP top_p) {
  return top_p.all ? total : __umul64hi(top_p.fraction, total) + (top_p.fraction * total != 0);
}

// The token is the first candidate at which the running mass exceeds this.
static __device__ __forceinline__ u64 draw_target(u64 bits, u64 mass) { return __umul64hi(bits, mass); }

// ln of a mass in units of 2^32, which rounds to f32 first.
static __device__ __forceinline__ float log_mass(u64 mass) { return exact_log(__fmul_rn((float)mass, 2.3283064365386962890625e-10f)); }
// A row's draw by a block (docs/contract.md, "Sampling"), behind sample.cuh: sample_row and the kernels that draw in their own launch have this text.

// An element as the f32 that it stands for.
template <Dtype D> __device__ __forceinline__ float value_of(u32 raw) {
  if constexpr (D == f32) return __uint_as_float(raw);
  else if constexpr (D == f16) return widen_f16(raw);
  else return widen_bf16(raw);
}

// A candidate in 64 bits: its column above its value. NO_CANDIDATE: what stands behind a row's last, -inf without a column.
constexpr u64 NO_CANDIDATE = 0xffffffffff800000ull;
__device__ __forceinline__ u64 candidate(float value, u32 column) { return (u64)column << 32 | __float_as_uint(value); }

// What a row is drawn with, as it is given.
struct DrawParameters {
  float temperature, topP, minP;
  u64 seed, offset;
  __device__ __forceinline__ DrawParameters(const float* temperatures, const float* topPs, const float* minPs, const u64* seeds, const u64* offsets, i64 row)
      : temperature(temperatures ? temperatures[row] : 1.0f), topP(topPs ? topPs[row] : 1.0f), minP(minPs ? minPs[row] : 0.0f), seed(seeds[row]),
        offset(offsets[row]) {}
  // Some hundred cycles, which a kernel spends while it waits for something else.
  __device__ __forceinline__ u64 bits() const { return draw_bits(seed, offset); }
  __device__ __forceinline__ bool drawable(float best) const { return in_range(temperature, topP, minP) && can_be_best(best); }
};

// Where the answer goes; all but the tokens are null where nobody asks.
struct DrawOutputs {
  int* tokens;
  float* logprobs;
  int* kept;
  float* candidateLogprobs;
};

// Masses are below 2^33: beside each, whether min-p lets its candidate pass.
constexpr u64 PASSES = 1ull << 63;
__device__ __forceinline__ u64 weigh(float value, float best, float temperature, float minP) {
  const float weight = exact_exp(score_of(value, best, temperature));
  if (!(weight <= 1.0f)) return 0; // parameters out of range, which draw nothing
  const u64 mass = mass_of(weight);
  return mass > 0 && weight >= minP ? mass | PASSES : mass;
}

// Candidates that a lane of the warp that draws has, as a power of two, where one tile holds all: at most 256. Of four, few would gain, and all would wait for
// more instructions.
__device__ __forceinline__ u32 held_items(i64 k) { return k <= 64 ? 1 : 3; }
// Where a tile's masses lie in shared memory: a lane has neighbours, and reads without conflicts.
__device__ __forceinline__ u32 mass_slot(u32 place, u32 items) { return (place & ((1u << items) - 1)) * 32 + (place >> items); }

// A tile of masses in the registers of a warp: each lane has ITEMS neighbours.
template <int ITEMS> struct MassTile {
  u64 through[ITEMS]; // running mass of the lane's own
  u32 passing;        // by min-p, a bit each
  u64 before, end;    // the row's running mass before the lane's first, and at the end of the tile

  // masses(slot, place) gives each; `at`: the row's running mass before the tile.
  template <class Masses> __device__ __forceinline__ void take(Masses masses, u64 at) {
    const u32 lane = threadIdx.x % 32;
    u64 sum = 0;
    passing = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const u64 its = masses(i * 32 + lane, lane * ITEMS + i);
      passing |= (u32)(its >> 63) << i;
      sum += its & ~PASSES;
      through[i] = sum;
    }
    u64 inclusive = sum;
#pragma unroll
    for (u32 step = 1; step < 32; step *= 2) {
      const u64 below = __shfl_up_sync(0xffffffffu, inclusive, step);
      if (lane >= step) inclusive += below;
    }
    before = at + inclusive - sum;
    end = at + __shfl_sync(0xffffffffu, inclusive, 31);
  }
};

// Calls work(base) where the masses of a tile are drawn from: once for the one that is held, or behind take(base, mass before) for each.
template <int ITEMS, class Take, class Work>
__device__ __forceinline__ void each_tile(const MassTile<ITEMS>& tile, i64 k, bool held, bool drawing, Take take, Work work) {
  if (held) {
    if (drawing) work((i64)0);
    return;
  }
  u64 before = 0;
  for (i64 base = 0; base < k; base += 32 * ITEMS) {
    take(base, before);
    before = tile.end;
    if (drawing) work(base);
  }
}

// What came of a draw: the mass of what is kept, how many that are where anybody asks, and, in the lane that has it, the token's place.
struct Drawn {
  u64 mass;
  u32 kept, place;
};
constexpr u32 NO_PLACE = 0xffffffffu;

// Draws from k candidates in passes over tiles: the mass of all, the cuts, the draw. HELD: k is at most a tile, and one warp calls; else all threads do,
// and prepare(base), which begins and ends with a barrier, makes a tile's masses. masses(slot, place) gives a mass of the tile.
template <int ITEMS, bool HELD, class Prepare, class Masses>
__device__ __forceinline__ Drawn choose(const DrawParameters& with, u64 bits, i64 k, bool counted, Prepare prepare, Masses masses) {
  const bool drawing = HELD || threadIdx.x < 32, held = HELD || k <= 32 * ITEMS;
  const u32 lane = threadIdx.x % 32;
  MassTile<ITEMS> tile;
  const auto take = [&](i64 base, u64 before) {
    prepare(base);
    if (drawing) tile.take(masses, before);
  };
  if (held) take(0, 0);

  u64 total = 0;
  each_tile(tile, k, held, drawing, take, [&](i64) { total = tile.end; });

  // the cuts keep a prefix, because weights fall: its length, and its mass
  const u64 wanted = with.temperature == 0.0f ? 0 : mass_wanted(total, top_p_of(with.topP));
  Drawn drawn = {0, 0, NO_PLACE};
  each_tile(tile, k, held, drawing, take, [&](i64 base) {
    const u64 room = wanted > tile.before ? wanted - tile.before : 0;
    u32 count = 0;
    u64 kept = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      // the best is always kept
      const bool keeps = ((tile.passing >> i & 1) && (i ? tile.through[i - 1] : 0) < room) || (i == 0 && lane == 0 && base == 0);
      count += keeps;
      if (keeps) kept = tile.through[i];
    }
    const u32 keeping = __ballot_sync(0xffffffffu, count > 0);
    if (keeping) drawn.mass = __shfl_sync(0xffffffffu, tile.before + kept, 31 - __clz((int)keeping));
    if (counted) drawn.kept += __reduce_add_sync(0xffffffffu, count);
  });

  const u64 target = draw_target(bits, drawn.mass);
  each_tile(tile, k, held, drawing, take, [&](i64 base) {
    // of exactly one candidate the running mass passes the target
    const u64 over = target - tile.before;
    if (target < tile.before || over >= tile.through[ITEMS - 1]) return;
    u32 mine = 0;
#pragma unroll
    for (int i = 0; i < ITEMS - 1; i++) mine += over >= tile.through[i];
    drawn.place = (u32)base + lane * ITEMS + mine;
  });
  return drawn;
}

__device__ __forceinline__ u64 mass_in(u64 word) { return word; }
__device__ __forceinline__ u64 mass_in(const ulonglong2& candidate) { return candidate.y; }
template <int ITEMS, class Word> __device__ __forceinline__ Drawn choose_from(const DrawParameters& with, u64 bits, const Word* words, u32 there, bool counted) {
  return choose<ITEMS, true>(with, bits, 0, counted, [](i64) {}, [&](u32 slot, u32 place) { return place < there ? mass_in(words[slot]) : 0; });
}
// As choose(), by one warp, from masses that lie in the slots of held_items(k), as many as are there.
template <class Word> __device__ __forceinline__ Drawn choose_held(const DrawParameters& with, u64 bits, i64 k, const Word* words, u32 there, bool counted) {
  return held_items(k) == 1 ? choose_from<2>(with, bits, words, there, counted) : choose_from<8>(with, bits, words, there, counted);
}
// Stores what the first warp drew, and leaves in `found` what store_candidates() asks for.
template <class Load>
__device__ __forceinline__ void store_drawn(const Drawn& drawn, float best, float temperature, i64 row, const DrawOutputs& out, u32* found, Load load) {
  if (drawn.place != NO_PLACE) {
    const u64 its = load(drawn.place);
    out.tokens[row] = (int)(its >> 32);
    if (out.logprobs) out.logprobs[row] = __fsub_rn(score_of(__uint_as_float((u32)its), best, temperature), log_mass(drawn.mass));
  }
  if (threadIdx.x == 0 && (out.kept || out.candidateLogprobs)) {
    found[0] = drawn.kept;
    found[1] = __float_as_uint(log_mass(drawn.mass));
  }
}

// Of a row that has no distribution.
template <int THREADS> __device__ __forceinline__ void store_nothing(i64 row, i64 k, const DrawOutputs& out) {
  if (threadIdx.x == 0) {
    out.tokens[row] = -1;
    if (out.logprobs) out.logprobs[row] = __uint_as_float(CANONICAL_NAN);
    if (out.kept) out.kept[row] = 0;
  }
  if (out.candidateLogprobs) {
    for (i64 place = threadIdx.x; place < k; place += THREADS) out.candidateLogprobs[row * k + place] = __uint_as_float(0xff800000u);
  }
}

// What is known of the candidates, where anybody asks: all threads, behind choose().
template <int THREADS, class Load>
__device__ __forceinline__ void store_candidates(float temperature, float best, i64 row, i64 k, const DrawOutputs& out, const u32* found, Load load) {
  if (!out.kept && !out.candidateLogprobs) return;
  __syncthreads();
  if (out.kept && threadIdx.x == 0) out.kept[row] = (int)found[0];
  if (!out.candidateLogprobs) return;
  for (i64 place = threadIdx.x; place < k; place += THREADS) {
    const float score = score_of(__uint_as_float((u32)load(place)), best, temperature);
    out.candidateLogprobs[row * k + place] = place < found[0] ? __fsub_rn(score, __uint_as_float(found[1])) : __uint_as_float(0xff800000u);
  }
}

// All threads make the masses of the tile that begins at `base`, of 32 << items; a barrier then.
template <int THREADS, class Load>
__device__ __forceinline__ void weigh_tile(const DrawParameters& with, float best, i64 base, i64 k, u32 items, u64* words, Load load) {
  for (u32 at = threadIdx.x; at < 32u << items; at += THREADS) {
    words[mass_slot(at, items)] = base + at < k ? weigh(__uint_as_float((u32)load(base + at)), best, with.temperature, with.minP) : 0;
  }
  __syncthreads();
}

// Draws from k candidates, which load(place) gives in their order: all threads of the block weigh them, the first warp does the rest. Begins after a barrier.
// draw_held(): k is at most 256; `words` has 64, or 256 where k is greater. draw_tiles(): any k; `words` is a tile, 32 << LOG_ITEMS. Both, and `found`
// (two), are free after the next barrier.
template <int THREADS, class Load>
__device__ __forceinline__ void draw_held(const DrawParameters& with, u64 bits, i64 row, i64 k, const DrawOutputs& out, u64* words, u32* found, Load load) {
  const float best = __uint_as_float((u32)load(0));
  if (!with.drawable(best)) {
    __syncthreads(); // all have read the bits, as behind weigh_tile()
    return store_nothing<THREADS>(row, k, out);
  }
  weigh_tile<THREADS>(with, best, 0, k, held_items(k), words, load);
  if (threadIdx.x < 32) {
    const Drawn drawn = choose_held(with, bits, k, words, (u32)k, out.kept || out.candidateLogprobs);
    store_drawn(drawn, best, with.temperature, row, out, found, load);
  }
  store_candidates<THREADS>(with.temperature, best, row, k, out, found, load);
}
template <int THREADS, int LOG_ITEMS, class Load>
__device__ __forceinline__ void draw_tiles(const DrawParameters& with, i64 row, i64 k, const DrawOutputs& out, u64* words, u32* found, Load load) {
  const float best = __uint_as_float((u32)load(0));
  if (!with.drawable(best)) return store_nothing<THREADS>(row, k, out);
  const auto prepare = [&](i64 base) {
    __syncthreads(); // the last tile was taken
    weigh_tile<THREADS>(with, best, base, k, LOG_ITEMS, words, load);
  };
  const auto masses = [&](u32 slot, u32) { return words[slot]; };
  const Drawn drawn = choose<1 << LOG_ITEMS, false>(with, with.bits(), k, out.kept || out.candidateLogprobs, prepare, masses);
  if (threadIdx.x < 32) store_drawn(drawn, best, with.temperature, row, out, found, load);
  store_candidates<THREADS>(with.temperature, best, row, k, out, found, load);
}
constexpr Dtype DTYPE = f32;
typedef Element<DTYPE, largest> E;
typedef E::Raw Raw;
constexpr int WARPS = 8, THREADS = 256;
constexpr u32 ITEMS = 32; // candidates that a lane of the first warp has of a tile
constexpr u32 LOG_ITEMS = 5;
static_assert(THREADS == 32 * WARPS && 1u << LOG_ITEMS == ITEMS, "derived");

extern "C" __global__ void __launch_bounds__(256) sample_row_f32_largest_warps8_items32(
    const Raw* __restrict__ values,
    const int* __restrict__ indices,
    const float* __restrict__ temperature,
    const float* __restrict__ topP,
    const float* __restrict__ minP,
    const u64* __restrict__ seeds,
    const u64* __restrict__ offsets,
    int* __restrict__ tokens,
    float* __restrict__ logprobs,
    int* __restrict__ kept,
    float* __restrict__ candidateLogprobs,
    const long long rows,
    const long long k,
    const long long indexBytes) {
  __shared__ __align__(16) u64 words[32 * ITEMS];
  __shared__ u32 found[2];
  const i64 row = blockIdx.x;
  const Raw* const of_row = values + row * k;
  const int* const columns = indices + row * k;
  const DrawParameters with(temperature, topP, minP, seeds, offsets, row);
  const DrawOutputs out = {tokens, logprobs, kept, candidateLogprobs};
  const auto given = [&](i64 place) { return candidate(value_of<DTYPE>(of_row[place]), (u32)columns[place]); };
  draw_tiles<THREADS, LOG_ITEMS>(with, row, k, out, words, found, given);
}
