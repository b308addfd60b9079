// What templates/device/*.cuh needs to be native C++: CUDA's words and the correctly rounded intrinsics. Include the .cuh files behind it, inside
// a namespace. Compile with -ffp-contract=off: a compiler that fuses a product with a sum changes results.
#pragma once
#include <cstdint>
#include <cstring>

#ifdef __FAST_MATH__
#error "device code relies on every f32 operation being rounded as it is written: compile without -ffast-math"
#endif
static_assert(sizeof(float) == 4 && sizeof(unsigned) == 4, "f32 and u32");

#define __device__
#define __forceinline__ inline

namespace topkit::cpu {
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

inline u32 __float_as_uint(float x) {
  u32 bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float __uint_as_float(u32 bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline u64 __umul64hi(u64 a, u64 b) { return static_cast<u64>(static_cast<unsigned __int128>(a) * b >> 64); }
// of a number that fits: exact_exp asks for no other
inline int __float2int_rz(float x) { return static_cast<int>(x); }
}  // namespace topkit::cpu
