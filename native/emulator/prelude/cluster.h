// Thread block clusters and asynchronous copies. CUDA's own built-ins, then the twins of PTX instructions, named after them. An address of
// shared memory is 32 bits wide here as in PTX, and says which block of the cluster it lies in; keep it opaque but for adding offsets.
#pragma once

static inline unsigned __clusterRelativeBlockRank() { return topkit_emu_cluster_rank(); }
static inline unsigned __clusterSizeInBlocks() { return topkit_emu_cluster_size(); }
static inline void __cluster_barrier_arrive(TOPKIT_EMU_HERE) { topkit_emu_cluster_arrive(true, place); }
static inline void __cluster_barrier_arrive_relaxed(TOPKIT_EMU_HERE) { topkit_emu_cluster_arrive(false, place); }
static inline void __cluster_barrier_wait(TOPKIT_EMU_HERE) { topkit_emu_cluster_wait(place); }
template <class T> static inline T* __cluster_map_shared_rank(T* pointer, unsigned rank, TOPKIT_EMU_HERE) {
  return (T*)topkit_emu_shared_pointer(topkit_emu_map_rank(topkit_emu_shared_address((const void*)pointer, place), rank, place), 0, place);
}

// %cluster_ctarank, %cluster_nctarank
static inline unsigned cluster_rank() { return topkit_emu_cluster_rank(); }
static inline unsigned cluster_size() { return topkit_emu_cluster_size(); }
// barrier.cluster.arrive.release, barrier.cluster.arrive.relaxed, barrier.cluster.wait.acquire
static inline void cluster_arrive(TOPKIT_EMU_HERE) { topkit_emu_cluster_arrive(true, place); }
static inline void cluster_arrive_relaxed(TOPKIT_EMU_HERE) { topkit_emu_cluster_arrive(false, place); }
static inline void cluster_wait(TOPKIT_EMU_HERE) { topkit_emu_cluster_wait(place); }

// cvta.to.shared
static inline unsigned shared_address(const void* pointer, TOPKIT_EMU_HERE) { return topkit_emu_shared_address(pointer, place); }
// mapa.shared::cluster
static inline unsigned mapa(unsigned address, unsigned rank, TOPKIT_EMU_HERE) { return topkit_emu_map_rank(address, rank, place); }

// ld.shared::cluster, st.shared::cluster
template <class T> static inline T load_shared(unsigned address, TOPKIT_EMU_HERE) { return *(const T*)topkit_emu_shared_pointer(address, sizeof(T), place); }
template <class T> static inline void store_shared(unsigned address, T value, TOPKIT_EMU_HERE) { *(T*)topkit_emu_shared_pointer(address, sizeof(T), place) = value; }
// atom.shared::cluster.add
template <class T> static inline T atomic_add_shared(unsigned address, T value, TOPKIT_EMU_HERE) {
  return atomicAdd((T*)topkit_emu_shared_pointer(address, sizeof(T), place), value, place);
}

// mbarrier.init, fence.mbarrier_init.release.cluster, fence.proxy.async
static inline void mbarrier_init(unsigned address, unsigned count, TOPKIT_EMU_HERE) { topkit_emu_mbarrier_init(address, count, place); }
static inline void fence_mbarrier_init(TOPKIT_EMU_HERE) { topkit_emu_fence(topkit_emulator::RELEASE, place); }
static inline void fence_proxy_async(TOPKIT_EMU_HERE) { topkit_emu_fence(topkit_emulator::ACQUIRE | topkit_emulator::RELEASE, place); }
// mbarrier.arrive, mbarrier.arrive.expect_tx, mbarrier.expect_tx; of any block of the cluster; and the forms without release
static inline void mbarrier_arrive(unsigned address, TOPKIT_EMU_HERE) { topkit_emu_mbarrier_arrive(address, 1, 0, true, place); }
static inline void mbarrier_arrive_relaxed(unsigned address, TOPKIT_EMU_HERE) { topkit_emu_mbarrier_arrive(address, 1, 0, false, place); }
static inline void mbarrier_arrive_expect_tx(unsigned address, unsigned bytes, TOPKIT_EMU_HERE) { topkit_emu_mbarrier_arrive(address, 1, bytes, true, place); }
static inline void mbarrier_arrive_expect_tx_relaxed(unsigned address, unsigned bytes, TOPKIT_EMU_HERE) {
  topkit_emu_mbarrier_arrive(address, 1, bytes, false, place);
}
static inline void mbarrier_expect_tx(unsigned address, unsigned bytes, TOPKIT_EMU_HERE) { topkit_emu_mbarrier_arrive(address, 0, bytes, false, place); }
// mbarrier.test_wait.parity, mbarrier.try_wait.parity (waits, and is true unless a random schedule lets it give up), and a loop of it
static inline bool mbarrier_test_wait(unsigned address, unsigned parity, TOPKIT_EMU_HERE) { return topkit_emu_mbarrier_test(address, parity, false, place); }
static inline bool mbarrier_try_wait(unsigned address, unsigned parity, TOPKIT_EMU_HERE) { return topkit_emu_mbarrier_test(address, parity, true, place); }
static inline void mbarrier_wait(unsigned address, unsigned parity, TOPKIT_EMU_HERE) {
  while (!topkit_emu_mbarrier_test(address, parity, true, place)) {}
}

// st.async.shared::cluster.mbarrier::complete_tx::bytes
template <class T> static inline void store_async(unsigned address, T value, unsigned barrier, TOPKIT_EMU_HERE) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "st.async stores 32 or 64 bits");
  topkit_emu_store_async(address, topkit_emulator::reinterpret<unsigned long long>(value), sizeof(T), barrier, place);
}
// cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes: 16-byte aligned, and a multiple of 16 bytes
static inline void bulk_copy(unsigned address, const void* source, unsigned bytes, unsigned barrier, TOPKIT_EMU_HERE) {
  topkit_emu_bulk_copy(address, source, bytes, barrier, place);
}
