// slots.cuh of scores.
template <class E> struct Slots : plain::Slots<E> {
  typedef plain::Slots<E> Plain;
  const RunScores<E> run;

  __device__ __forceinline__ Slots(const Scores<E>& run_, i64 length_) : Plain(run_.elements, length_), run(run_, 0) {}
  __device__ __forceinline__ uint4 load(i64 slot, u32& valid) const {
    const uint4 raw = Plain::load(slot, valid);
    return run.slot(raw, valid, Plain::start(slot));
  }
};
