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
