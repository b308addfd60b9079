// Machine-written by topkit codegen from templates/sample_row.cu.hbs and dsl/kernels/sample-row.ts: edit those, not this.
//
// Draws a token from each row of a top-k's answer (docs/contract.md, "Sampling"). Threads hold neighbouring candidates; what a tile of them does not
// hold is weighed again in each of three passes: the mass of all, the cuts, the draw.
//
// spec: dtype f16, order largest
// tune: warps 4, items 1
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
// exp and log as sequences of correctly rounded f32 operations, so that every backend gets the same bits (docs/contract.md, "Sampling"). No
// FMA: JavaScript has none. The intrinsics are never contracted, whatever the options. Polynomials: Cephes (Moshier 1992), expf and logf.
// native/src/cpu/device_code.h gives the intrinsics to native C++; test/support/exact-math.ts is the twin in TypeScript.
constexpr u32 CANONICAL_NAN = 0x7fc00000u;

// Less than 1 ulp from e^x; +inf above 128 ln 2, 0 below -150 ln 2, subnormal results included. A NaN gives the canonical one.
static __device__ __forceinline__ float exact_exp(float x) {
  if (x != x) return __uint_as_float(CANONICAL_NAN);
  if (x > 88.72283935546875f) return __uint_as_float(0x7f800000u);
  if (x < -103.97208404541015625f) return 0.0f;
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
  return __fmul_rn(scaled, __uint_as_float((u32)(exponent - half + 127) << 23));
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
static __device__ __forceinline__ bool can_draw(float best, float temperature, float top_p, float min_p) {
  const float infinity = __uint_as_float(0x7f800000u);
  return best > -infinity && temperature >= 0.0f && temperature < infinity && top_p >= 0.0f && top_p <= 1.0f && min_p >= 0.0f && min_p <= 1.0f;
}

// At most 0. At the best it is 0, even where best is +inf or the temperature 0.
static __device__ __forceinline__ float score_of(float value, float best, float temperature) {
  return value == best ? 0.0f : __fdiv_rn(__fsub_rn(value, best), temperature);
}

// floor(weight * 2^32) of a weight of 0 to 1.
static __device__ __forceinline__ u64 mass_of(float weight) { return (u64)__fmul_rn(weight, 4294967296.0f); }

// The least mass that is at least top_p of the total: a candidate is kept if less than this stands before it.
static __device__ __forceinline__ u64 mass_wanted(u64 total, float top_p) {
  if (top_p >= 1.0f) return total;
  const u64 fraction = (u64)__fmul_rn(top_p, 18446744073709551616.0f);
  return __umul64hi(fraction, total) + (fraction * total != 0);
}

// The token is the first candidate at which the running mass exceeds this.
static __device__ __forceinline__ u64 draw_target(u64 bits, u64 mass) { return __umul64hi(bits, mass); }

// ln of a mass in units of 2^32, which rounds to f32 first.
static __device__ __forceinline__ float log_mass(u64 mass) { return exact_log(__fmul_rn((float)mass, 2.3283064365386962890625e-10f)); }
// What the threads of a block, WARPS warps, do together with masses (docs/contract.md, "Sampling"). All threads call each of these, with WARPS
// masses of shared memory where there is more than one warp; each then ends with a barrier.

// Sum over the threads up to and including this one; `total` is over all of them.
template <int WARPS> __device__ __forceinline__ u64 masses_through(u64 mass, u64* warpMasses, u64& total) {
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u64 through = mass;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const u64 below = __shfl_up_sync(FULL_WARP, through, step);
    if (lane >= step) through += below;
  }
  if constexpr (WARPS == 1) {
    total = __shfl_sync(FULL_WARP, through, 31);
    return through;
  }
  if (lane == 31) warpMasses[warp] = through;
  __syncthreads();
  total = 0;
  for (u32 other = 0; other < WARPS; other++) {
    if (other == warp) through += total;
    total += warpMasses[other];
  }
  __syncthreads();
  return through;
}

// Sum of small counts over all threads.
template <int WARPS> __device__ __forceinline__ u32 count_of_block(u32 count, u64* warpMasses) {
  count = __reduce_add_sync(FULL_WARP, count);
  if constexpr (WARPS == 1) return count;
  if (threadIdx.x % 32 == 0) warpMasses[threadIdx.x / 32] = count;
  __syncthreads();
  u32 sum = 0;
  for (u32 warp = 0; warp < WARPS; warp++) sum += (u32)warpMasses[warp];
  __syncthreads();
  return sum;
}

// What one thread has.
template <int WARPS> __device__ __forceinline__ u64 mass_of_thread(u64 mass, u32 thread, u64* warpMasses) {
  if constexpr (WARPS == 1) return __shfl_sync(FULL_WARP, mass, thread);
  if (threadIdx.x == thread) warpMasses[0] = mass;
  __syncthreads();
  mass = warpMasses[0];
  __syncthreads();
  return mass;
}
typedef Element<f16, largest> E;
typedef E::Raw Raw;
constexpr int WARPS = 4, ITEMS = 1;
constexpr u32 THREADS = 128, TILE = THREADS * ITEMS; // a tile: the candidates that a block holds
static_assert(THREADS == 32 * WARPS, "derived");

__device__ __forceinline__ float value_of(Raw raw) {
  if constexpr (f16 == f32) return __uint_as_float(raw);
  else if constexpr (f16 == f16) return widen_f16(raw);
  else return widen_bf16(raw);
}

// A thread's candidates of a tile, ITEMS from `first` on.
struct Tile {
  i64 first;
  float value[ITEMS], weight[ITEMS];
  int index[ITEMS];
  u64 through[ITEMS]; // the row's running mass, each included
  u64 end;            // at the end of the tile

  __device__ __forceinline__ void load(const Raw* values, const int* indices, i64 base, i64 k) {
    first = base + threadIdx.x * ITEMS;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const bool inside = first + i < k;
      value[i] = inside ? value_of(values[first + i]) : __uint_as_float(0xff800000u);
      index[i] = inside ? indices[first + i] : -1;
    }
  }
  __device__ __forceinline__ void weigh(float best, float temperature, u64 before, u64* warpMasses) {
    u64 own = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      weight[i] = exact_exp(score_of(value[i], best, temperature));
      own += mass_of(weight[i]);
      through[i] = own;
    }
    u64 total;
    const u64 shift = before + masses_through<WARPS>(own, warpMasses, total) - own;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) through[i] += shift;
    end = before + total;
  }
};

extern "C" __global__ void __launch_bounds__(128) sample_row_f16_largest_warps4_items1(
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
  extern __shared__ __align__(16) unsigned char arena[];
  u64* warpMasses = (u64*)arena;
  const i64 row = blockIdx.x;
  const Raw* of_row = values + row * k;
  const int* columns = indices + row * k;
  // every load that a row of one tile needs is under way before the first is waited for
  Tile tile;
  tile.load(of_row, columns, 0, k);
  const float of_temperature = temperature ? temperature[row] : 1.0f, of_top_p = topP ? topP[row] : 1.0f, of_min_p = minP ? minP[row] : 0.0f;
  const u64 bits = draw_bits(seeds[row], offsets[row]);
  const float best = value_of(of_row[0]), nothing = __uint_as_float(0xff800000u);
  if (!can_draw(best, of_temperature, of_top_p, of_min_p)) {
    if (threadIdx.x == 0) {
      tokens[row] = -1;
      if (logprobs) logprobs[row] = __uint_as_float(CANONICAL_NAN);
      if (kept) kept[row] = 0;
    }
    if (candidateLogprobs) {
      for (i64 place = threadIdx.x; place < k; place += THREADS) candidateLogprobs[row * k + place] = nothing;
    }
    return;
  }

  u64 total = 0;
  for (i64 base = 0; base < k; base += TILE) {
    if (base > 0) tile.load(of_row, columns, base, k);
    tile.weigh(best, of_temperature, total, warpMasses);
    total = tile.end;
  }
  // a row of one tile is held from here on
  const bool held = k <= TILE;

  // the cuts keep a prefix, because weights fall: its length, and its mass
  const u64 wanted = of_temperature == 0.0f ? 0 : mass_wanted(total, of_top_p);
  i64 left = 0;
  u64 mass = 0, before = 0;
  for (i64 base = 0; base < k; base += TILE) {
    if (!held) {
      tile.load(of_row, columns, base, k);
      tile.weigh(best, of_temperature, before, warpMasses);
    }
    u32 here = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const u64 own = mass_of(tile.weight[i]);
      here += own > 0 && tile.weight[i] >= of_min_p && tile.through[i] - own < wanted;
    }
    u32 count = count_of_block<WARPS>(here, warpMasses);
    if (base == 0 && count == 0) count = 1; // the best is always kept
    if (count > 0) {
      const u32 last = count - 1;
      u64 through = 0;
#pragma unroll
      for (int i = 0; i < ITEMS; i++) {
        if (i <= last % ITEMS) through = tile.through[i];
      }
      mass = mass_of_thread<WARPS>(through, last / ITEMS, warpMasses);
    }
    left += count;
    before = tile.end;
    if (count < TILE) break;
  }

  const u64 target = draw_target(bits, mass);
  const float log_total = logprobs || candidateLogprobs ? log_mass(mass) : 0.0f;
  if (kept && threadIdx.x == 0) kept[row] = (int)left;
  before = 0;
  for (i64 base = 0; base < (candidateLogprobs ? k : left); base += TILE) {
    if (!held) {
      tile.load(of_row, columns, base, k);
      tile.weigh(best, of_temperature, before, warpMasses);
    }
    before = tile.end;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const i64 place = tile.first + i;
      const float logprob = __fsub_rn(score_of(tile.value[i], best, of_temperature), log_total);
      // of exactly one candidate the running mass passes the target
      if (tile.through[i] > target && tile.through[i] - mass_of(tile.weight[i]) <= target) {
        tokens[row] = tile.index[i];
        if (logprobs) logprobs[row] = logprob;
      }
      if (candidateLogprobs && place < k) candidateLogprobs[row * k + place] = place < left ? logprob : nothing;
    }
  }
}
