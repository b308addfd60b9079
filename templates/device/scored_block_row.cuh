// block_row.cuh of scores. Slots are of four scores, and copied in pairs where two of them are 16 bytes of elements.
struct Row {
  static constexpr u32 perCopy = 16 / sizeof(SourceSlot); // slots of a copy's 16 bytes
  RunScores run;
  u32 length, head, slots;
  __device__ __forceinline__ Row(const Scores& run_, i64 length_) : run(run_, 0), length((u32)length_) {
    head = lesser_of((0u - (u32)((u64)run.elements / sizeof(Source::Raw))) % (4 * perCopy), length);
    slots = (length - head) / (4 * perCopy) * perCopy;
  }
  __device__ __forceinline__ ScoredSlots inside() const { return {run, head}; }
  // What is copied, from a slot on that is a multiple of perCopy.
  __device__ __forceinline__ const uint4* copied(u32 slot) const { return (const uint4*)(run.elements + column(slot)); }
  __device__ __forceinline__ u32 column(u32 slot) const { return head + slot * 4; }
  __device__ __forceinline__ u32 edges() const { return length - slots * 4; }
  __device__ __forceinline__ u32 edge_column(u32 i) const { return i < head ? i : i + slots * 4; }
};
