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
