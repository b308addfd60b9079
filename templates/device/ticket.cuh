// Whether this is the last of `blocks` blocks to come here; the ticket, which wraps, is zero again afterwards. What a block wrote before is seen by the last one after: the
// barrier puts every thread's writes before the fence of the thread that takes the ticket (fences are cumulative), and its second fence stands
// before what the last block reads, which waits for it at the barrier. `last` is in shared memory.
__device__ __forceinline__ bool is_last_block(u32* ticket, u32 blocks, bool& last) {
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicInc(ticket, blocks - 1) == blocks - 1;
    __threadfence();
  }
  __syncthreads();
  return last;
}
