// slots.cuh of scores.
template <class E> struct Slots : plain::Slots<E> {
  typedef plain::Slots<E> Plain;
  const RunScores run;

  __device__ __forceinline__ Slots(const Scores& run_, i64 length_) : Plain(run_.aligned(), length_), run(run_, 0) {}
  __device__ __forceinline__ uint4 load(i64 slot, u32& valid) const {
    const i64 first = Plain::start(slot);
    if (first >= 0 && first + Plain::perSlot <= Plain::length) {
      valid = (1u << Plain::perSlot) - 1;
      return run.slot(first);
    }
    valid = 0;
#pragma unroll
    for (int j = 0; j < Plain::perSlot; j++) valid |= (u32)(first + j >= 0 && first + j < Plain::length) << j;
    return run.slot(first, valid);
  }
};
