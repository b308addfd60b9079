// cluster_part.cuh of scores. The body's slots are scored when they are loaded.
template <class E> struct ScoredSlot {
  const uint4* slot;
  const RunScores<E>& run;
  u32 place; // of its element 0, in the run
};
template <class E> __device__ __forceinline__ uint4 __ldg(const ScoredSlot<E>& scored) {
  return scored.run.slot(__ldg(scored.slot), (1u << RunScores<E>::perSlot) - 1, scored.place);
}
template <class E> struct ScoredBody {
  const uint4* slots;
  RunScores<E> run;
  u32 lead;
  __device__ __forceinline__ ScoredSlot<E> operator+(u32 slot) const { return {slots + slot, run, lead + slot * RunScores<E>::perSlot}; }
};

template <class E, int C> struct ClusterPart : plain::ClusterPart<E, C> {
  typedef plain::ClusterPart<E, C> Plain;
  const RunScores<E> first;
  const ScoredBody<E> body;

  __device__ __forceinline__ ClusterPart(const Scores<E>& row, u32 length, u32 rank)
      : Plain(row.elements, length, rank), first(row, Plain::firstCol), body{Plain::body, first, Plain::lead} {}
};
