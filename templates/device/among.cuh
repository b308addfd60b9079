// How many of a list's unique words are greater than one, by a single thread.

// Words greater than `bound` among words[0..held), zeros filling up the last vector; four vectors in flight.
template <class T> __device__ __forceinline__ u32 greater_among(const T* words, u32 held, T bound) {
  constexpr u32 PER_VECTOR = 16 / sizeof(T);
  u32 greater = 0, odd = 0;
#pragma unroll 4
  for (u32 at = 0; at < held; at += PER_VECTOR) count_greater(greater, odd, words + at, bound);
  return greater + odd;
}
// Words greater than `mine` among words[0..held), which are sorted downwards.
template <class T> __device__ __forceinline__ u32 greater_in_sorted(const T* words, u32 held, T mine) {
  // none or all of them, as among masses of ties
  if (held == 0 || words[0] <= mine) return 0;
  if (words[held - 1] > mine) return held;
  u32 low = 1, high = held - 1;
  while (low < high) {
    const u32 middle = (low + high) / 2;
    if (words[middle] > mine) low = middle + 1;
    else high = middle;
  }
  return low;
}
