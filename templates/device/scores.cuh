// Elements that go through a device function where they are read: x of a kernel with a prologue. Operands, RunOperands and the function itself stand above.

// An element's bits as f32, exact.
template <class E> __device__ __forceinline__ float number_of(typename E::Raw raw) {
  if constexpr (E::keyBits == 32) {
    return __uint_as_float(raw);
  } else if constexpr (E::F::infinity == 0x7f80u) {
    return __uint_as_float((u32)raw << 16);
  } else {
    // the product moves the exponent's bias from 15 to 127, subnormals included
    const u32 magnitude = (raw & 0x7fffu) << 13, sign = (raw & 0x8000u) << 16;
    const float finite = __fmul_rn(__uint_as_float(magnitude), 5.192296858534827628530496329220096e33f); // 2^112
    return __uint_as_float((raw & 0x7fffu) < 0x7c00u ? __float_as_uint(finite) | sign : magnitude | 0x7f800000u | sign);
  }
}
// The element nearest to a score, ties to even. The NaN of scores, 0x7fc00000, becomes 0x7fc0 or 0x7e00.
template <class E> __device__ __forceinline__ typename E::Raw element_of(float score) {
  const u32 bits = __float_as_uint(score);
  if constexpr (E::keyBits == 32) {
    return bits;
  } else if constexpr (E::F::infinity == 0x7f80u) {
    return (typename E::Raw)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
  } else {
    const u32 magnitude = bits & 0x7fffffffu, sign = bits >> 16 & 0x8000u;
    // half-way between the greatest finite f16 and the next power of two
    if (magnitude >= 0x477ff000u) return (typename E::Raw)(sign | (magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u));
    // below 2^-14 an f16 is a multiple of 2^-24, which is the last bit of what is near 0.5
    if (magnitude < 0x38800000u) return (typename E::Raw)(sign | (__float_as_uint(__fadd_rn(__uint_as_float(magnitude), 0.5f)) - 0x3f000000u));
    const u32 rebiased = magnitude - 0x38000000u;
    return (typename E::Raw)(sign | (rebiased + 0xfffu + (rebiased >> 13 & 1u)) >> 13);
  }
}

// Stands for a pointer into x, `offset` elements behind its first.
template <class E> struct Scores {
  const typename E::Raw* elements;
  Operands operands;
  i64 rowStride, cols, offset;
  __device__ __forceinline__ Scores operator+(i64 places) const { return {elements + places, operands, rowStride, cols, offset + places}; }
};

// Stands for a pointer to elements of one row: what is read through it has gone through the device function.
template <class E> struct RunScores {
  typedef typename E::Raw Raw;
  static constexpr u32 perSlot = 16 / sizeof(Raw);
  const Raw* elements;
  RunOperands operands;

  // From `skip` elements behind x on, which lies in the run's row.
  __device__ __forceinline__ RunScores(const Scores<E>& x, i64 skip)
      : elements(x.elements + skip), operands(x.operands, x.offset / x.rowStride, x.offset % x.rowStride + skip, x.cols) {}
  __device__ __forceinline__ Raw score(Raw raw, i64 place) const { return element_of<E>(operands.score(number_of<E>(raw), place)); }
  __device__ __forceinline__ Raw operator[](i64 place) const { return score(elements[place], place); }

  // A slot of which element 0 is at `place`; the elements whose bit in `valid` is clear stay as they are.
  __device__ __forceinline__ uint4 slot(const uint4& raw, u32 valid, i64 place) const {
    u32 part[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (u32 j = 0; j < perSlot; j++) {
      const u32 at = j * 4 / perSlot, shift = sizeof(Raw) == 2 ? 16 * (j & 1) : 0;
      if (valid >> j & 1u) part[at] = (part[at] & ~((u32)(Raw)~(Raw)0 << shift)) | (u32)score((Raw)(part[at] >> shift), place + j) << shift;
    }
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
};
