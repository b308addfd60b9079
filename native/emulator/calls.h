// What an emulated kernel calls in the emulator's runtime. Included by the prelude (compiled with every kernel, so nothing from the standard
// library here) and by the runtime. Every call that can wait or fail carries the place in the kernel's text that made it.
#pragma once

namespace topkit_emulator {

struct Place {
  const char* file;
  unsigned line;
};

struct Index3 {
  unsigned x, y, z;
};

enum class BlockOperation : int { sync, count, all, any };

enum class WarpOperation : int {
  sync, shuffle, ballot, all, any, matchAny, matchAll,
  addUnsigned, minUnsigned, maxUnsigned, minSigned, maxSigned, bitAnd, bitOr, bitXor,
};

// Bits: what an atomic operation or a fence orders.
enum : unsigned { RELAXED = 0, ACQUIRE = 1, RELEASE = 2 };

}  // namespace topkit_emulator

// The last parameter of an intrinsic: its caller's place.
#define TOPKIT_EMU_HERE topkit_emulator::Place place = {__builtin_FILE(), (unsigned)__builtin_LINE()}

extern "C" {

// Constant while a CUDA thread lives, so the compiler may ask once.
topkit_emulator::Index3 topkit_emu_thread_index() __attribute__((const));
topkit_emulator::Index3 topkit_emu_block_index() __attribute__((const));
topkit_emulator::Index3 topkit_emu_block_dim() __attribute__((const));
topkit_emulator::Index3 topkit_emu_grid_dim() __attribute__((const));
unsigned topkit_emu_cluster_rank() __attribute__((const));
unsigned topkit_emu_cluster_size() __attribute__((const));
void* topkit_emu_dynamic_shared() __attribute__((const));
void* topkit_emu_static_shared(unsigned offset) __attribute__((const));

int topkit_emu_block_barrier(topkit_emulator::BlockOperation operation, int predicate, const char* name, topkit_emulator::Place place);
void topkit_emu_named_barrier(unsigned id, unsigned count, bool wait, topkit_emulator::Place place);

// All lanes of `mask` give `value`; a shuffle's `source` is the lane that is read, a result depends on the operation.
unsigned long long topkit_emu_warp(topkit_emulator::WarpOperation operation, unsigned mask, unsigned long long value, unsigned source, const char* name,
                                   topkit_emulator::Place place);

void topkit_emu_cluster_arrive(bool release, topkit_emulator::Place place);
void topkit_emu_cluster_wait(topkit_emulator::Place place);
// 32-bit addresses in the cluster's shared memory.
unsigned topkit_emu_shared_address(const void* pointer, topkit_emulator::Place place);
void* topkit_emu_shared_pointer(unsigned address, unsigned bytes, topkit_emulator::Place place);
unsigned topkit_emu_map_rank(unsigned address, unsigned rank, topkit_emulator::Place place);

void topkit_emu_mbarrier_init(unsigned address, unsigned count, topkit_emulator::Place place);
void topkit_emu_mbarrier_arrive(unsigned address, unsigned arrivals, unsigned bytes, bool release, topkit_emulator::Place place);
// `wait`: stays until the phase of this parity is complete. Otherwise says whether it is.
bool topkit_emu_mbarrier_test(unsigned address, unsigned parity, bool wait, topkit_emulator::Place place);
void topkit_emu_store_async(unsigned address, unsigned long long value, unsigned bytes, unsigned barrier, topkit_emulator::Place place);
void topkit_emu_bulk_copy(unsigned address, const void* source, unsigned bytes, unsigned barrier, topkit_emulator::Place place);

void topkit_emu_fence(unsigned order, topkit_emulator::Place place);
// Before and after an atomic operation: where random schedules may switch, and what it orders in race mode.
void topkit_emu_atomic_begin(const volatile void* address, unsigned order, topkit_emulator::Place place);
void topkit_emu_atomic_end(const volatile void* address, unsigned order);
void topkit_emu_check_aligned(const volatile void* address, unsigned bytes, topkit_emulator::Place place);
void topkit_emu_pause(topkit_emulator::Place place);
void topkit_emu_fail(const char* what, topkit_emulator::Place place) __attribute__((noreturn));

}  // extern "C"
