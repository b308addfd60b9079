// Sorting words by digits of 8 bits, least significant first.
// Lanes of the warp with the same 8 bits: eight votes are faster than one __match_any_sync.
__device__ __forceinline__ u32 equal_digits(u32 digit) {
  u32 peers = FULL_WARP;
#pragma unroll
  for (int bit = 0; bit < 8; bit++) {
    const bool set = digit >> bit & 1u;
    const u32 votes = __ballot_sync(FULL_WARP, set);
    peers &= set ? votes : ~votes;
  }
  return peers;
}

// Places of a block's words by one digit of 8 bits, words of equal digits in the order of their numbers: word i of lane l of warp w is number
// (w * ITEMS + i) * 32 + l. Each warp counts for itself, then the warps' counts of a digit are added up. There are at most 65535 words.
template <int WARPS, int ITEMS> struct DigitPlaces {
  u16* counts;   // 256 for each warp
  u32* starts;   // 256: where a digit's words begin
  u32* warpSums; // 32
  static constexpr u32 bytes = WARPS * 256 * 2 + 256 * 4 + 32 * 4;
  __device__ __forceinline__ DigitPlaces(void* shared) : counts((u16*)shared), starts((u32*)(counts + WARPS * 256)), warpSums(starts + 256) {}

  static __device__ __forceinline__ u32 number(int i) { return (threadIdx.x / 32 * ITEMS + i) * 32 + threadIdx.x % 32; }

  // All threads call it, with digits below 256, and not again before a barrier.
  __device__ __forceinline__ void find(const u32 (&digit)[ITEMS], u32 (&place)[ITEMS]) const {
    const u32 lane = threadIdx.x % 32;
    u16* mine = counts + threadIdx.x / 32 * 256;
    for (u32 bin = lane; bin < 256; bin += 32) mine[bin] = 0;
    __syncwarp();
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const u32 peers = equal_digits(digit[i]);
      const u32 before = mine[digit[i]], rank = __popc(peers & ((1u << lane) - 1));
      __syncwarp();
      if (rank == 0) mine[digit[i]] = (u16)(before + __popc(peers));
      __syncwarp();
      place[i] = before + rank;
    }
    __syncthreads();
    // counts become those of the warps before, for each digit
    u32 sum = 0;
    if (threadIdx.x < 256) {
#pragma unroll
      for (int warp = 0; warp < WARPS; warp++) {
        const u32 count = counts[warp * 256 + threadIdx.x];
        counts[warp * 256 + threadIdx.x] = (u16)sum;
        sum += count;
      }
    }
    u32 total;
    const u32 start = block_sum_before<WARPS>(sum, warpSums, total);
    if (threadIdx.x < 256) starts[threadIdx.x] = start;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < ITEMS; i++) place[i] += starts[digit[i]] + mine[digit[i]];
  }
};
// Digits from the top of the order: the greatest key has the least.
template <class W> __device__ __forceinline__ u32 sort_digit(u64 word, u32 digit) { return 255 - (W::key(word) >> (8 * digit) & 255); }
// Sorts a block's words downwards by the lower 8 * DIGITS bits of their keys, equal keys in the order they had. What is no word is 0, and stands behind the words: it has
// the greatest digit of all. `sorted` is shared memory for all words; nobody else touches it until the next barrier.
template <class W, u32 DIGITS, int WARPS, int ITEMS>
__device__ __forceinline__ void sort_by_digits(u64 (&word)[ITEMS], u64* sorted, const DigitPlaces<WARPS, ITEMS>& places) {
#pragma unroll 1
  for (u32 d = 0; d < DIGITS; d++) {
    u32 digit[ITEMS], place[ITEMS];
#pragma unroll
    for (int i = 0; i < ITEMS; i++) digit[i] = sort_digit<W>(word[i], d);
    places.find(digit, place);
#pragma unroll
    for (int i = 0; i < ITEMS; i++) sorted[place[i]] = word[i];
    __syncthreads();
    // find() has barriers between these reads and the next stores
#pragma unroll
    for (int i = 0; i < ITEMS; i++) word[i] = sorted[places.number(i)];
  }
}
