// How many of 32 words, sorted downwards, are greater than one.
template <class T> __device__ __forceinline__ u32 greater_in_run(const T* run, T mine) {
  u32 greater = 0;
#pragma unroll
  for (u32 step = 16; step >= 1; step /= 2) {
    if (run[greater + step - 1] > mine) greater += step;
  }
  return greater + (run[greater] > mine);
}

// Calls store(word, rank) for each of words[0..held), unique and above 0: runs of 32 are sorted by counting, and a word is searched for in all
// of them. Both arrays have room for whole pairs of runs. All threads call it, after a barrier; the words may be stored over behind another.
template <u32 THREADS, class T, class Store> __device__ __forceinline__ void rank_by_runs(T* words, T* runs, u32 held, Store store) {
  const u32 padded = (held + 63) & ~63u;
  for (u32 i = held + threadIdx.x; i < padded; i += THREADS) words[i] = 0;
  __syncthreads();
  for (u32 i = threadIdx.x; i < padded; i += THREADS) {
    const T mine = words[i];
    const u32 run = i & ~31u;
    runs[i < held ? run + greater_among(words + run, 32u, mine) : i] = mine;
  }
  __syncthreads();
  for (u32 i = threadIdx.x; i < held; i += THREADS) {
    const T mine = runs[i];
    u32 before = 0;
#pragma unroll 1
    for (u32 run = 0; run < padded; run += 64) before += greater_in_run(runs + run, mine) + greater_in_run(runs + run + 32, mine);
    store(mine, before);
  }
}
