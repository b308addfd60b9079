// Barriers of a block.
#pragma once

static inline void __syncthreads(TOPKIT_EMU_HERE) { topkit_emu_block_barrier(topkit_emulator::BlockOperation::sync, 0, "__syncthreads", place); }
static inline int __syncthreads_count(int predicate, TOPKIT_EMU_HERE) {
  return topkit_emu_block_barrier(topkit_emulator::BlockOperation::count, predicate != 0, "__syncthreads_count", place);
}
static inline int __syncthreads_and(int predicate, TOPKIT_EMU_HERE) {
  return topkit_emu_block_barrier(topkit_emulator::BlockOperation::all, predicate != 0, "__syncthreads_and", place);
}
static inline int __syncthreads_or(int predicate, TOPKIT_EMU_HERE) {
  return topkit_emu_block_barrier(topkit_emulator::BlockOperation::any, predicate != 0, "__syncthreads_or", place);
}

// Twins of bar.sync and bar.arrive: barrier 0..15, and how many threads take part (a multiple of 32).
static inline void named_barrier_sync(unsigned id, unsigned count, TOPKIT_EMU_HERE) { topkit_emu_named_barrier(id, count, true, place); }
static inline void named_barrier_arrive(unsigned id, unsigned count, TOPKIT_EMU_HERE) { topkit_emu_named_barrier(id, count, false, place); }
