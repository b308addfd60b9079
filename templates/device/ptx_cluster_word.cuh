// A u32 read from a peer's shared memory, and a 64-bit word stored there, its bytes completed on that peer's barrier (device/ptx_cluster.cuh).
#ifdef TOPKIT_EMULATE
inline u32 load_peer(u32 address) { return load_shared<u32>(address); }
inline void store_peer(u32 address, u64 value, u32 barrier) { store_async(address, value, barrier); }
#else
__device__ __forceinline__ u32 load_peer(u32 address) {
  u32 value;
  asm volatile("ld.shared::cluster.u32 %0, [%1];" : "=r"(value) : "r"(address) : "memory");
  return value;
}
__device__ __forceinline__ void store_peer(u32 address, u64 value, u32 barrier) {
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u64 [%0], %1, [%2];" ::"r"(address), "l"(value), "r"(barrier) : "memory");
}
#endif
