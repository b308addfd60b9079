// What is known of a row's k-th key while its digits are found, and between the launches of radix_select. The row's answer is every element with a key above
// `bound`, `above` of them, and the first `ties` by column of those that equal it. Until the last digit is found, `bound` has the digits found so far, and zeros;
// `above` counts the keys that beat those digits, and `ties` is how many are wanted of those that agree. `done` says that all those were wanted, so that no digit
// is left to find; `bound` is then the greatest key below them, and `ties` is zero.
struct Found {
  u32 bound, above, ties, done;
  static __device__ __forceinline__ Found load(const u32* found, i64 row) {
    const uint4 words = ((const uint4*)found)[row];
    return {words.x, words.y, words.z, words.w};
  }
  __device__ __forceinline__ void store(u32* found, i64 row) const { ((uint4*)found)[row] = make_uint4(bound, above, ties, done); }
};
// Words of a row that were collected, and are to be sorted.
__device__ __forceinline__ i64 collected(const u32* found, i64 row, i64 length, i64 k) { return length <= k ? length : (i64)Found::load(found, row).above; }
