// A chunk of a row as 16-byte slots: what slots.cuh does, of fewer than 2^31 elements, so that places take 32 bits. The chunk may start anywhere:
// slot 0 begins at the 16-byte boundary at or below it. Slots that lie wholly in the chunk are one vector load; the others are read element by
// element, so that nothing outside the chunk is touched.
template <class E> struct Chunk {
  typedef typename E::Raw Raw;
  static constexpr u32 perSlot = 16 / sizeof(Raw);
  const Raw* run;
  u32 length;
  u32 count; // slots
  u32 head;  // elements of slot 0 before the run

  __device__ __forceinline__ Chunk(const Raw* run_, i64 length_) : run(run_), length(length_ > 0 ? (u32)length_ : 0) {
    head = (u32)((u64)run & 15) / sizeof(Raw);
    count = length ? (head + length + perSlot - 1) / perSlot : 0;
  }
  // Place in the chunk of a slot's element 0; in slot 0 of an unaligned chunk it wraps below 0, and `holds` none such.
  __device__ __forceinline__ u32 start(u32 slot) const { return slot * perSlot - head; }
  __device__ __forceinline__ bool holds(u32 place) const { return place < length; }
  __device__ __forceinline__ bool whole(u32 slot) const { return start(slot) < length && length - start(slot) >= perSlot; }

  // The slot's raw bits, zeros outside of the chunk.
  __device__ __forceinline__ uint4 load(u32 slot) const {
    const u32 first = start(slot);
    if (whole(slot)) return __ldg((const uint4*)(run + first));
    u32 part[4] = {0, 0, 0, 0};
    if (slot < count) {
#pragma unroll
      for (u32 j = 0; j < perSlot; j++) {
        if (holds(first + j)) part[j * 4 / perSlot] |= (u32)run[first + j] << (sizeof(Raw) == 2 ? 16 * (j & 1) : 0);
      }
    }
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
  // Element j, a compile-time constant after unrolling.
  static __device__ __forceinline__ Raw element(const uint4& slot, u32 j) {
    const u32 part = j * 4 / perSlot;
    const u32 bits = part == 0 ? slot.x : part == 1 ? slot.y : part == 2 ? slot.z : slot.w;
    return (Raw)(sizeof(Raw) == 2 ? bits >> (16 * (j & 1)) : bits);
  }
  // The slot with each element given by f(element, j).
  template <class F> static __device__ __forceinline__ uint4 each(const uint4& slot, F f) {
    u32 part[4] = {0, 0, 0, 0};
#pragma unroll
    for (u32 j = 0; j < perSlot; j++) part[j * 4 / perSlot] |= (u32)f(element(slot, j), j) << (sizeof(Raw) == 2 ? 16 * (j & 1) : 0);
    return make_uint4(part[0], part[1], part[2], part[3]);
  }
};
