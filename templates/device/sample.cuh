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
