// Floating point: correctly rounded operations only (compiled with contraction off). Functions whose last bit differs between libraries
// (exp, log, sin) are not offered: docs/contract.md wants the same bits everywhere.
#pragma once

namespace topkit_emulator {
template <class To, class From> static inline To bits_of(From from) {
  static_assert(sizeof(To) == sizeof(From), "same size");
  To to;
  __builtin_memcpy(&to, &from, sizeof(to));
  return to;
}
// CUDA's conversions to 32 bits: NaN becomes 0, and what does not fit becomes the nearest bound.
template <class To> static inline To to_integer(double x, To low, To high) {
  if (x != x) return 0;
  return x <= (double)low ? low : x >= (double)high ? high : (To)x;
}
}  // namespace topkit_emulator

static inline unsigned __float_as_uint(float x) { return topkit_emulator::bits_of<unsigned>(x); }
static inline int __float_as_int(float x) { return topkit_emulator::bits_of<int>(x); }
static inline float __uint_as_float(unsigned x) { return topkit_emulator::bits_of<float>(x); }
static inline float __int_as_float(int x) { return topkit_emulator::bits_of<float>(x); }
static inline long long __double_as_longlong(double x) { return topkit_emulator::bits_of<long long>(x); }
static inline double __longlong_as_double(long long x) { return topkit_emulator::bits_of<double>(x); }

static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __frcp_rn(float a) { return 1.0f / a; }
static inline float __fsqrt_rn(float a) { return __builtin_sqrtf(a); }
static inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline float sqrtf(float a) { return __builtin_sqrtf(a); }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dsub_rn(double a, double b) { return a - b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }

static inline int __float2int_rz(float x) { return topkit_emulator::to_integer<int>(__builtin_truncf(x), -2147483647 - 1, 2147483647); }
static inline int __float2int_rn(float x) { return topkit_emulator::to_integer<int>(__builtin_rintf(x), -2147483647 - 1, 2147483647); }
static inline int __float2int_rd(float x) { return topkit_emulator::to_integer<int>(__builtin_floorf(x), -2147483647 - 1, 2147483647); }
static inline int __float2int_ru(float x) { return topkit_emulator::to_integer<int>(__builtin_ceilf(x), -2147483647 - 1, 2147483647); }
static inline unsigned __float2uint_rz(float x) { return topkit_emulator::to_integer<unsigned>(__builtin_truncf(x), 0u, 4294967295u); }
static inline unsigned __float2uint_rn(float x) { return topkit_emulator::to_integer<unsigned>(__builtin_rintf(x), 0u, 4294967295u); }
static inline float __int2float_rn(int x) { return (float)x; }
static inline float __uint2float_rn(unsigned x) { return (float)x; }
static inline float __ll2float_rn(long long x) { return (float)x; }
static inline float __ull2float_rn(unsigned long long x) { return (float)x; }

static inline float fabsf(float x) { return __builtin_fabsf(x); }
static inline double fabs(double x) { return __builtin_fabs(x); }
static inline float copysignf(float x, float sign) { return __builtin_copysignf(x, sign); }
static inline float floorf(float x) { return __builtin_floorf(x); }
static inline float ceilf(float x) { return __builtin_ceilf(x); }
static inline float truncf(float x) { return __builtin_truncf(x); }
static inline float rintf(float x) { return __builtin_rintf(x); }
static inline float ldexpf(float x, int exponent) { return __builtin_ldexpf(x, exponent); }
static inline bool isnan(float x) { return x != x; }
static inline bool isnan(double x) { return x != x; }
static inline bool isinf(float x) { return __builtin_isinf(x); }
static inline bool isinf(double x) { return __builtin_isinf(x); }
static inline bool isfinite(float x) { return __builtin_isfinite(x); }
static inline bool signbit(float x) { return __float_as_int(x) < 0; }

// A NaN loses to a number, and -0 is below +0, as the GPU's FMNMX has it; two NaNs give the canonical one.
static inline float fminf(float a, float b) {
  if (isnan(a) && isnan(b)) return __uint_as_float(0x7fffffffu);
  if (isnan(a)) return b;
  if (isnan(b)) return a;
  return a < b || (a == b && signbit(a)) ? a : b;
}
static inline float fmaxf(float a, float b) {
  if (isnan(a) && isnan(b)) return __uint_as_float(0x7fffffffu);
  if (isnan(a)) return b;
  if (isnan(b)) return a;
  return a > b || (a == b && !signbit(a)) ? a : b;
}
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }
