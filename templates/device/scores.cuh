// Elements that go through a device function where they are read: x of a kernel with a prologue. A score is an f32, whatever x holds; the kernel compares
// its bits. Source is the format of x; it, Operands, RunOperands and the function itself stand above.

// An element's bits as f32, exact.
__device__ __forceinline__ float number_of(Source::Raw raw) {
  if constexpr (Source::bits == 32) {
    return __uint_as_float(raw);
  } else if constexpr (Source::infinity == 0x7f80u) {
    return __uint_as_float((u32)raw << 16);
  } else {
    // the product moves the exponent's bias from 15 to 127, subnormals included
    const u32 magnitude = (raw & 0x7fffu) << 13, sign = (raw & 0x8000u) << 16;
    const float finite = __fmul_rn(__uint_as_float(magnitude), 5.192296858534827628530496329220096e33f); // 2^112
    return __uint_as_float((raw & 0x7fffu) < 0x7c00u ? __float_as_uint(finite) | sign : magnitude | 0x7f800000u | sign);
  }
}

// The elements of a slot of four scores.
template <u32 BITS> struct SlotOf { typedef uint4 Type; };
template <> struct SlotOf<16> { typedef uint2 Type; };
typedef SlotOf<Source::bits>::Type SourceSlot;

// Stands for a pointer into x, `offset` elements behind its first.
struct Scores {
  const Source::Raw* elements;
  Operands operands;
  i64 rowStride, cols, offset;
  __device__ __forceinline__ Scores operator+(i64 places) const { return {elements + places, operands, rowStride, cols, offset + places}; }

  // Where scores would lie if they were in memory as elements are: for readers that cut a row into slots of 16 bytes. Nothing is there.
  __device__ __forceinline__ const u32* aligned() const { return (const u32*)((u64)elements / sizeof(Source::Raw) * sizeof(u32)); }
};

// Stands for a pointer to elements of one row: what is read through it has gone through the device function.
struct RunScores {
  const Source::Raw* elements;
  RunOperands operands;

  RunScores() = default;
  // From `skip` elements behind x on, which lies in the run's row.
  __device__ __forceinline__ RunScores(const Scores& x, i64 skip)
      : elements(x.elements + skip), operands(x.operands, x.offset / x.rowStride, x.offset % x.rowStride + skip, x.cols) {}
  __device__ __forceinline__ u32 score(u32 raw, i64 place) const { return __float_as_uint(operands.score(number_of((Source::Raw)raw), place)); }
  __device__ __forceinline__ u32 operator[](i64 place) const { return score(elements[place], place); }

  // The four scores from `place` on, where a slot begins: of the elements, or of one load of them.
  __device__ __forceinline__ uint4 scores(const uint4& raw, i64 place) const {
    return make_uint4(score(raw.x, place), score(raw.y, place + 1), score(raw.z, place + 2), score(raw.w, place + 3));
  }
  __device__ __forceinline__ uint4 scores(const uint2& raw, i64 place) const {
    return make_uint4(score(raw.x, place), score(raw.x >> 16, place + 1), score(raw.y, place + 2), score(raw.y >> 16, place + 3));
  }
  __device__ __forceinline__ uint4 slot(i64 place) const { return scores(__ldg((const SourceSlot*)(elements + place)), place); }
  // Of those the ones whose bit in `valid` is set; zeros for the others, which are not read.
  __device__ __forceinline__ uint4 slot(i64 place, u32 valid) const {
    u32 part[4] = {0, 0, 0, 0};
#pragma unroll
    for (u32 j = 0; j < 4; j++) {
      if (valid >> j & 1u) part[j] = (*this)[place + j];
    }
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
};

// Stands for a pointer to slots of a run: `lead` elements of it come before them. They are scored when they are loaded.
struct ScoredSlot {
  const RunScores& run;
  i64 place; // of its first element, in the run
};
__device__ __forceinline__ uint4 __ldg(const ScoredSlot& scored) { return scored.run.slot(scored.place); }
struct ScoredSlots {
  RunScores run;
  u32 lead;
  __device__ __forceinline__ ScoredSlot operator+(u32 slot) const { return {run, lead + slot * 4}; }
};
