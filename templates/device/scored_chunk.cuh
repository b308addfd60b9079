// chunk.cuh of scores.
template <class E> struct Chunk : plain::Chunk<E> {
  typedef plain::Chunk<E> Plain;
  const RunScores<E> run;

  __device__ __forceinline__ Chunk(const Scores<E>& run_, i64 length_) : Plain(run_.elements, length_), run(run_, 0) {}
  __device__ __forceinline__ uint4 load(u32 slot) const {
    const u32 first = Plain::start(slot);
    u32 valid = 0;
#pragma unroll
    for (u32 j = 0; j < Plain::perSlot; j++) valid |= (u32)Plain::holds(first + j) << j;
    return run.slot(Plain::load(slot), valid, (int)first); // negative in slot 0 of an unaligned chunk
  }
};
