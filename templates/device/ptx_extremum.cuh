// Floating-point maxima and minima on raw bits, one f32 or two 16-bit values a register; one instruction a function (PTX ISA 7.0, sm_80).
// Subnormals count, and -0 is below +0. The maxima give the canonical NaN where either operand is a NaN, the minima the other operand.
#ifdef TOPKIT_EMULATE
template <u32 ONES, u32 INFINITY_> inline u32 extremum_twin(bool most, u32 a, u32 b) {
  constexpr u32 sign = ONES / 2 + 1, nan = ONES / 2;
  const bool nanA = (a & nan) > INFINITY_, nanB = (b & nan) > INFINITY_;
  if (nanA || nanB) return most || (nanA && nanB) ? nan : nanA ? b : a;
  const u32 orderA = a & sign ? a ^ ONES : a | sign, orderB = b & sign ? b ^ ONES : b | sign;
  return (orderA > orderB) == most ? a : b;
}
template <u32 INFINITY_> inline u32 extremum_pair_twin(bool most, u32 a, u32 b) {
  const u32 low = extremum_twin<0xffffu, INFINITY_>(most, a & 0xffffu, b & 0xffffu);
  return low | extremum_twin<0xffffu, INFINITY_>(most, a >> 16, b >> 16) << 16;
}
inline u32 max_nan_f32(u32 a, u32 b) { return extremum_twin<0xffffffffu, 0x7f800000u>(true, a, b); }
inline u32 max_nan_f16x2(u32 a, u32 b) { return extremum_pair_twin<0x7c00u>(true, a, b); }
inline u32 max_nan_bf16x2(u32 a, u32 b) { return extremum_pair_twin<0x7f80u>(true, a, b); }
inline u32 min_f32(u32 a, u32 b) { return extremum_twin<0xffffffffu, 0x7f800000u>(false, a, b); }
inline u32 min_f16x2(u32 a, u32 b) { return extremum_pair_twin<0x7c00u>(false, a, b); }
inline u32 min_bf16x2(u32 a, u32 b) { return extremum_pair_twin<0x7f80u>(false, a, b); }
#else
__device__ __forceinline__ u32 max_nan_f32(u32 a, u32 b) {
  u32 most;
  asm("max.NaN.f32 %0, %1, %2;" : "=r"(most) : "r"(a), "r"(b));
  return most;
}
__device__ __forceinline__ u32 max_nan_f16x2(u32 a, u32 b) {
  u32 most;
  asm("max.NaN.f16x2 %0, %1, %2;" : "=r"(most) : "r"(a), "r"(b));
  return most;
}
__device__ __forceinline__ u32 max_nan_bf16x2(u32 a, u32 b) {
  u32 most;
  asm("max.NaN.bf16x2 %0, %1, %2;" : "=r"(most) : "r"(a), "r"(b));
  return most;
}
__device__ __forceinline__ u32 min_f32(u32 a, u32 b) {
  u32 least;
  asm("min.f32 %0, %1, %2;" : "=r"(least) : "r"(a), "r"(b));
  return least;
}
__device__ __forceinline__ u32 min_f16x2(u32 a, u32 b) {
  u32 least;
  asm("min.f16x2 %0, %1, %2;" : "=r"(least) : "r"(a), "r"(b));
  return least;
}
__device__ __forceinline__ u32 min_bf16x2(u32 a, u32 b) {
  u32 least;
  asm("min.bf16x2 %0, %1, %2;" : "=r"(least) : "r"(a), "r"(b));
  return least;
}
#endif
