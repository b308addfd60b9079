// cluster_part.cuh of scores.
template <class E, int C> struct ClusterPart : plain::ClusterPart<E, C> {
  typedef plain::ClusterPart<E, C> Plain;
  const RunScores first;
  const ScoredSlots body;

  __device__ __forceinline__ ClusterPart(const Scores& row, u32 length, u32 rank)
      : Plain(row.aligned(), length, rank), first(row, Plain::firstCol), body{first, Plain::lead} {}
};
