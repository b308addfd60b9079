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
