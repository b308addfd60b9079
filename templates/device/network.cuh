// Steps of a bitonic network over positions p = t * ITEMS + i, ITEMS in the registers of each thread t of a row. A merge of `SIZE` sorts
// downwards where p & SIZE is zero; partners are p and p ^ STRIDE. `exchange` is shared memory for the whole row.
template <int SIZE, int STRIDE, int THREADS, class T, int ITEMS>
__device__ __forceinline__ void thread_step(T (&w)[ITEMS], u32 t, T*) {
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    if (i & STRIDE) continue;
    const bool down = ((t * ITEMS + i) & SIZE) == 0;
    const T a = w[i], b = w[i ^ STRIDE];
    w[i] = down ? greater_of(a, b) : lesser_of(a, b);
    w[i ^ STRIDE] = down ? lesser_of(a, b) : greater_of(a, b);
  }
}
template <int SIZE, int STRIDE, class T> __device__ __forceinline__ T kept_of(T mine, T other, u32 position) {
  const bool down = (position & SIZE) == 0, lower = (position & STRIDE) == 0;
  return down == lower ? greater_of(mine, other) : lesser_of(mine, other);
}
template <int SIZE, int STRIDE, int THREADS, class T, int ITEMS>
__device__ __forceinline__ void warp_step(T (&w)[ITEMS], u32 t, T*) {
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const T other = __shfl_xor_sync(0xffffffffu, w[i], STRIDE / ITEMS);
    w[i] = kept_of<SIZE, STRIDE>(w[i], other, t * ITEMS + i);
  }
}
template <int SIZE, int STRIDE, int THREADS, class T, int ITEMS>
__device__ __forceinline__ void block_step(T (&w)[ITEMS], u32 t, T* exchange) {
#pragma unroll
  for (int i = 0; i < ITEMS; i++) exchange[i * THREADS + t] = w[i]; // neighbours in neighbouring banks
  __syncthreads();
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    const T other = exchange[i * THREADS + (t ^ (STRIDE / ITEMS))];
    w[i] = kept_of<SIZE, STRIDE>(w[i], other, t * ITEMS + i);
  }
  __syncthreads();
}
