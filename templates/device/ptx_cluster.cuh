// Instructions for blocks of a cluster that talk through each other's shared memory: one function each, so that the emulator can
// supply twins. Addresses are 32-bit shared-window addresses. PTX needs no header; the rules named are of the PTX ISA's memory
// consistency model.
#ifdef TOPKIT_EMULATE // on the emulator's own twins (native/emulator/prelude/cluster.h)
inline u32 peer_address(u32 address, u32 rank) { return mapa(address, rank); }
inline void barrier_init(u32 barrier, u32 arrivals) { mbarrier_init(barrier, arrivals); }
inline void publish_barriers() { fence_mbarrier_init(); }
inline void barrier_expect(u32 barrier, u32 bytes) { mbarrier_arrive_expect_tx(barrier, bytes); }
inline void peer_expect(u32 barrier, u32 bytes) { mbarrier_arrive_expect_tx_relaxed(barrier, bytes); }
inline void barrier_wait(u32 barrier, u32 parity) { mbarrier_wait(barrier, parity); }
inline void store_peer(u32 address, u32 value, u32 barrier) { store_async(address, value, barrier); }
inline void store_peer(u32 address, const uint4& value, u32 barrier) {
  store_async(address, value.x, barrier);
  store_async(address + 4, value.y, barrier);
  store_async(address + 8, value.z, barrier);
  store_async(address + 12, value.w, barrier);
}
#else
__device__ __forceinline__ u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }
// The same place in the shared memory of block `rank` of the cluster.
__device__ __forceinline__ u32 peer_address(u32 address, u32 rank) {
  u32 at;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(at) : "r"(address), "r"(rank));
  return at;
}

// mbarriers
__device__ __forceinline__ void barrier_init(u32 barrier, u32 arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
// Makes this thread's mbarrier.init visible to the cluster once a barrier.cluster has been passed, even one that arrives relaxed: the
// use that the PTX ISA defines this fence for.
__device__ __forceinline__ void publish_barriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
__device__ __forceinline__ void barrier_expect(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
// Arrives at a peer's barrier and announces bytes. Relaxed: the arrival publishes no write of this thread; each byte that it announces
// comes by st.async, whose own complete_tx on that barrier is the release (st.async: "complete-tx ... .release at .cluster scope").
__device__ __forceinline__ void peer_expect(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.relaxed.cluster.shared::cluster.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
// Waits for a phase. Polls at the block's scope, which is cheap but orders nothing that other blocks wrote; the phase being complete, one
// test with the cluster's scope then acquires what complete_tx released (a cluster-wide acquire at every poll would invalidate L1
// each time).
__device__ __forceinline__ void barrier_wait(u32 barrier, u32 parity) {
  u32 done = 0;
  while (!done) {
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                 : "=r"(done) : "r"(barrier), "r"(parity) : "memory");
  }
  asm volatile("{ .reg .pred p; mbarrier.test_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
               : "=r"(done) : "r"(barrier), "r"(parity) : "memory");
}
// Stores a value in a peer's shared memory and completes its bytes on that peer's barrier.
__device__ __forceinline__ void store_peer(u32 address, u32 value, u32 barrier) {
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%0], %1, [%2];" ::"r"(address), "r"(value), "r"(barrier) : "memory");
}
__device__ __forceinline__ void store_peer(u32 address, const uint4& value, u32 barrier) {
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.u32 [%0], {%1, %2, %3, %4}, [%5];" ::"r"(address), "r"(value.x),
               "r"(value.y), "r"(value.z), "r"(value.w), "r"(barrier)
               : "memory");
}

// The barrier of the whole cluster. Every thread of every block arrives, then waits.
__device__ __forceinline__ void cluster_arrive() { asm volatile("barrier.cluster.arrive.release;" ::: "memory"); }
// Publishes nothing but, after publish_barriers(), mbarriers.
__device__ __forceinline__ void cluster_arrive_relaxed() { asm volatile("barrier.cluster.arrive.relaxed;" ::: "memory"); }
__device__ __forceinline__ void cluster_wait() { asm volatile("barrier.cluster.wait.acquire;" ::: "memory"); }
#endif
