// chunk.cuh of scores.
template <class E> struct Chunk : plain::Chunk<E> {
  typedef plain::Chunk<E> Plain;
  const RunScores run;

  __device__ __forceinline__ Chunk(const Scores& run_, i64 length_) : Plain(run_.aligned(), length_), run(run_, 0) {}
  __device__ __forceinline__ uint4 load(u32 slot) const {
    const u32 first = Plain::start(slot);
    if (Plain::whole(slot)) return run.slot(first);
    u32 valid = 0;
#pragma unroll
    for (u32 j = 0; j < Plain::perSlot; j++) valid |= (u32)Plain::holds(first + j) << j;
    return run.slot((int)first, valid); // negative in slot 0 of an unaligned chunk
  }
};
