// cluster_part.cuh of scores. The body's slots are scored when they are loaded.
struct ScoredSlot {
  const RunScores& run;
  u32 place; // of its first element, in the run
};
__device__ __forceinline__ uint4 __ldg(const ScoredSlot& scored) { return scored.run.slot(scored.place); }
struct ScoredBody {
  RunScores run;
  u32 lead;
  __device__ __forceinline__ ScoredSlot operator+(u32 slot) const { return {run, lead + slot * 4}; }
};

template <class E, int C> struct ClusterPart : plain::ClusterPart<E, C> {
  typedef plain::ClusterPart<E, C> Plain;
  const RunScores first;
  const ScoredBody body;

  __device__ __forceinline__ ClusterPart(const Scores& row, u32 length, u32 rank)
      : Plain(row.aligned(), length, rank), first(row, Plain::firstCol), body{first, Plain::lead} {}
};
