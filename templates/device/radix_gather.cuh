// The elements of a run with keys above `bound`, and those that equal it, in column order: above(word, place) with places from `at`, equal(word, rank) with ranks
// from `equalAt` to below `ties`. The run begins at column `firstCol`. All threads of the block call it, with 32 words of shared memory.
template <class E, class W, int WARPS, int VECTORS, class Key, class Above, class Equal>
__device__ __forceinline__ void gather(const Slots<E>& run, u32 firstCol, u32 bound, u32 ties, u32 at, u32 equalAt, u32* warpSums, Key key, Above storeAbove,
                                       Equal storeEqual) {
  typedef Slots<E> Run;
  // both counts of a tile share a word
  static_assert(WARPS * 32 * VECTORS * Run::perSlot < 65536, "tile");
  const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  // a tile's elements in column order: by warp, then vector, then lane
  for (i64 tile = 0; tile < run.count; tile += WARPS * 32 * VECTORS) {
    const i64 first = tile + warp * VECTORS * 32 + lane;
    uint4 slot[VECTORS];
    u32 valid[VECTORS], above[VECTORS], equal[VECTORS], counts[VECTORS], any = 0;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) slot[v] = run.load(first + v * 32, valid[v]);
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      above[v] = equal[v] = 0;
#pragma unroll
      for (int j = 0; j < Run::perSlot; j++) {
        const u32 its = key(Run::element(slot[v], j));
        if (its > bound) above[v] |= 1u << j;
        if (its == bound) equal[v] |= 1u << j;
      }
      above[v] &= valid[v];
      equal[v] = equalAt < ties ? equal[v] & valid[v] : 0;
      counts[v] = __popc(above[v]) | __popc(equal[v]) << 16;
      any |= counts[v];
    }
    if (!__syncthreads_or(any != 0)) continue;
    const Lanes<32> lanes;
    u32 before[VECTORS], ofWarp = 0;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      u32 ofVector;
      before[v] = ofWarp + lanes.sum_before(counts[v], ofVector);
      ofWarp += ofVector;
    }
    u32 total;
    // a warp's first lane speaks for it; everyone has the sum over the warps before
    const u32 ofWarps = __shfl_sync(FULL_WARP, block_sum_before<WARPS>(lane == 0 ? ofWarp : 0, warpSums, total), 0);
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      u32 place = at + ((ofWarps + before[v]) & 0xffffu), rank = equalAt + ((ofWarps + before[v]) >> 16);
      const i64 start = run.start(first + v * 32);
      for (u32 hits = above[v] | equal[v]; hits; hits &= hits - 1) {
        const u32 j = __ffs(hits) - 1;
        const u64 word = W::make(key(run.run[start + j]), firstCol + (u32)(start + j));
        if (above[v] >> j & 1u) storeAbove(word, place++);
        else if (rank < ties) storeEqual(word, rank++);
      }
    }
    at += total & 0xffffu;
    equalAt += total >> 16;
  }
}
// All elements of a run, in column order.
template <class E, class W, u32 THREADS, class Key, class Store> __device__ __forceinline__ void gather_all(const Slots<E>& run, u32 firstCol, Key key, Store store) {
#pragma unroll 4
  for (i64 i = threadIdx.x; i < run.length; i += THREADS) store(W::make(key(run.run[i]), firstCol + (u32)i), firstCol + (u32)i);
}
