// A row: whole 16-byte slots, and edges of fewer elements than a slot before and behind them.
struct Row {
  const Raw* run;
  u32 length, head, slots;
  __device__ __forceinline__ Row(const Raw* run_, i64 length_) : run(run_), length((u32)length_) {
    head = lesser_of((u32)(-(u64)run & 15) / (u32)sizeof(Raw), length);
    slots = (length - head) / PER_SLOT;
  }
  __device__ __forceinline__ const uint4* inside() const { return (const uint4*)(run + head); }
  __device__ __forceinline__ u32 column(u32 slot) const { return head + slot * PER_SLOT; }
  __device__ __forceinline__ u32 edges() const { return length - slots * PER_SLOT; }
  __device__ __forceinline__ u32 edge_column(u32 i) const { return i < head ? i : i + slots * PER_SLOT; }
};
