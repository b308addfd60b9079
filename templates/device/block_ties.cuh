// Appends the first `wanted` elements with the key `tie`, in the order of columns. All threads call it; it ends with a barrier.
__device__ __noinline__ void append_ties(Share share, u32 hits, u32 tie, u32 wanted, W::Type* words, u32* parts) {
  const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  u32 found = 0;
  // tiles -1 and TILES are the edges
  for (int tile = -1; tile <= TILES && found < wanted; tile++) {
    const bool edges = tile < 0 || tile == TILES;
    u32 mask[VECTORS];
    u32 any = 0;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      mask[v] = 0;
      const u32 slot = slot_of((u32)tile, v, threadIdx.x);
      if (edges) {
        mask[v] = v == 0 && share.edge && share.edgeKey == tie && (share.edgeColumn < share.row.head) == (tile < 0);
      } else if ((hits >> ((u32)tile * (VECTORS / GROUPED) + v / GROUPED) & 1u) && slot < share.row.slots) {
        mask[v] = mask_of(__ldg(share.row.inside() + slot), [tie](u32 key) { return key == tie; });
      }
      any |= mask[v];
    }
    // also keeps what follows behind the reads of `parts` in the last tile
    if (!__syncthreads_or(any != 0)) continue;
    // Columns of a warp's piece grow by vector, then by lane.
    u32 place[VECTORS];
    u32 total = 0;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      const u32 own = (u32)__popc((int)mask[v]);
      u32 through = own;
#pragma unroll
      for (int step = 1; step < 32; step *= 2) {
        const u32 before = __shfl_up_sync(0xffffffffu, through, step);
        if (lane >= step) through += before;
      }
      place[v] = total + through - own;
      total += __shfl_sync(0xffffffffu, through, 31);
    }
    if (lane == 0) parts[warp] = total;
    __syncthreads();
    u32 before = found;
    for (u32 other = 0; other < WARPS; other++) {
      if (other < warp) before += parts[other];
      found += parts[other];
    }
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      u32 at = before + place[v];
      for (u32 left = mask[v]; left && at < wanted; left &= left - 1, at++) {
        const u32 column = edges ? share.edgeColumn : share.row.column(slot_of((u32)tile, v, threadIdx.x)) + (u32)__ffs((int)left) - 1;
        words[at] = W::make(tie, column);
      }
    }
  }
  __syncthreads();
}
