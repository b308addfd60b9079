// What a thread has of a row, besides the best of its groups.
struct Share {
  Row row;
  bool edge;  // whether it has an edge element, and which
  u32 edgeColumn, edgeKey;
  __device__ __forceinline__ Share(const Row& row_) : row(row_) {
    edge = threadIdx.x < row.edges();
    edgeColumn = row.edge_column(threadIdx.x);
    edgeKey = edge ? E::key(row.run[edgeColumn]) : 0;
  }
};

// The slot that is a thread's vector of a tile: a warp's piece lies in one run.
__device__ __forceinline__ u32 slot_of(u32 tile, u32 vector, u32 thread) {
  return tile * TILE + (thread >> 5) * PIECE + vector * 32 + (thread & 31);
}

// The slot that is number i of a thread's group.
__device__ __forceinline__ u32 slot_in(u32 group, u32 i, u32 thread) {
  constexpr u32 PER_TILE = VECTORS / GROUPED;
  return slot_of(group / PER_TILE, group % PER_TILE * GROUPED + i, thread);
}
