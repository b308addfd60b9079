// A word of one part of a row: a key above the complement of the element's place in the part, in twice the element's bits. Places are
// below the greatest number of those bits, so no element has a zero lower half, and word 0 means "no element".
template <class E, int BYTES> struct PartWordType { typedef u32 Type; };
template <class E> struct PartWordType<E, 4> { typedef u64 Type; };
template <class E> struct PartWord {
  typedef typename PartWordType<E, sizeof(typename E::Raw)>::Type Type;
  static constexpr u32 ones = E::greatestKey;
  static constexpr int perVector = 16 / sizeof(Type);
  static __device__ __forceinline__ Type make(u32 key, u32 place) { return (Type)key << E::keyBits | (ones - place); }
  static __device__ __forceinline__ u32 key(Type word) { return (u32)(word >> E::keyBits); }
  static __device__ __forceinline__ u32 place(Type word) { return ones - ((u32)word & ones); }
  // Exactly the words of part `other` that are above this rank before `word` of part `own`: between parts, equal keys go to the earlier part.
  static __device__ __forceinline__ Type bound(Type word, u32 own, u32 other) {
    return other == own ? word : other < own ? word & ~(Type)ones : word | ones;
  }
};
