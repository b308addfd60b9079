// A 64-bit word stored in a peer's shared memory, its bytes completed on that peer's barrier (device/ptx_cluster.cuh).
#ifdef TOPKIT_EMULATE
inline void store_peer(u32 address, u64 value, u32 barrier) { store_async(address, value, barrier); }
#else
__device__ __forceinline__ void store_peer(u32 address, u64 value, u32 barrier) {
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u64 [%0], %1, [%2];" ::"r"(address), "l"(value), "r"(barrier) : "memory");
}
#endif
