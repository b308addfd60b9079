// A run of elements as 16-byte slots. The run may start anywhere: slot 0 begins at the 16-byte boundary at or below it. Slots that
// lie wholly in the run are one vector load; the others are read element by element, so that nothing outside the run is touched.
template <class E> struct Slots {
  typedef typename E::Raw Raw;
  static constexpr int perSlot = 16 / sizeof(Raw);
  const Raw* run;
  i64 length;
  i64 count; // slots
  int head;  // elements of slot 0 before the run

  __device__ __forceinline__ Slots(const Raw* run_, i64 length_) : run(run_), length(length_ > 0 ? length_ : 0) {
    head = (int)(((u64)run & 15) / sizeof(Raw));
    count = length ? (head + length + perSlot - 1) / perSlot : 0;
  }
  // Place in the run of a slot's element 0; negative in slot 0 of an unaligned run.
  __device__ __forceinline__ i64 start(i64 slot) const { return slot * perSlot - head; }

  // The slot's raw bits; bit j of `valid` says whether element j lies in the run.
  __device__ __forceinline__ uint4 load(i64 slot, u32& valid) const {
    const i64 first = start(slot);
    if (first >= 0 && first + perSlot <= length) {
      valid = (1u << perSlot) - 1;
      return __ldg((const uint4*)(run + first));
    }
    u32 part[4] = {0, 0, 0, 0};
    valid = 0;
#pragma unroll
    for (int j = 0; j < perSlot; j++) {
      if (slot < count && first + j >= 0 && first + j < length) {
        part[j * 4 / perSlot] |= (u32)run[first + j] << (sizeof(Raw) == 2 ? 16 * (j & 1) : 0);
        valid |= 1u << j;
      }
    }
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
  // Element j, a compile-time constant after unrolling.
  static __device__ __forceinline__ Raw element(const uint4& slot, int j) {
    const int part = j * 4 / perSlot;
    const u32 bits = part == 0 ? slot.x : part == 1 ? slot.y : part == 2 ? slot.z : slot.w;
    return (Raw)(sizeof(Raw) == 2 ? bits >> (16 * (j & 1)) : bits);
  }
};
