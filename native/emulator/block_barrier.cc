// __syncthreads and its reductions, and named barriers.
#include "race.h"
#include "report.h"
#include "scheduler.h"

namespace topkit_emulator {

namespace {

std::uint32_t expected(const Block& block, const Barrier& barrier) { return barrier.expected ? barrier.expected : block.alive; }

std::uint64_t reduction(const Barrier& barrier) {
  switch (barrier.operation) {
    case BlockOperation::sync: return 0;
    case BlockOperation::count: return barrier.trues;
    case BlockOperation::all: return barrier.trues == barrier.arrived;
    case BlockOperation::any: return barrier.trues > 0;
  }
  return 0;
}

// Everybody has arrived: those who wait go on, and the next phase begins.
void complete(Block& block, Barrier& barrier) {
  const std::uint64_t result = reduction(barrier);
  for (std::size_t w = 0; w < block.warps.size(); ++w) {
    for (std::uint32_t lanes = barrier.waiting[w]; lanes; lanes &= lanes - 1) {
      Fiber& fiber = *block.warps[w].lanes[static_cast<std::size_t>(__builtin_ctz(lanes))];
      fiber.result = result;
      worker->wake(fiber);
    }
    barrier.waiting[w] = 0;
  }
  barrier.arrived = barrier.trues = 0;
  ++barrier.phase;
}

std::uint64_t arrive(std::uint32_t id, std::uint32_t count, bool wait, BlockOperation operation, bool predicate, const char* name, Place place) {
  Fiber& fiber = *current;
  Worker& own = *worker;
  Block& block = *fiber.block;
  Barrier& barrier = block.barriers[id];
  own.perhaps_yield(fiber);
  if (barrier.arrived == 0) {
    barrier.expected = count;
    barrier.operation = operation;
    barrier.name = name;
    barrier.place = place;
  } else if (barrier.expected != count) {
    own.fail(fiber, text("barrier %u: %u threads are expected at %s, but %u at %s", id, expected(block, barrier), describe(barrier.place).c_str(),
                         count ? count : block.alive, describe(place).c_str()));
  } else if (count == 0 && (barrier.operation != operation || barrier.place.line != place.line)) {
    own.fail(fiber, text("divergence at a barrier: %u threads are in %s at %s, this one is in %s at %s", barrier.arrived, barrier.name,
                         describe(barrier.place).c_str(), name, describe(place).c_str()));
  }
  char* const order = block.arena.order(BARRIER_ORDERS + 2 * id + (barrier.phase & 1));
  race::release(order);
  ++barrier.arrived;
  barrier.trues += predicate;
  if (barrier.arrived == expected(block, barrier)) {
    if (wait) fiber.result = reduction(barrier);
    complete(block, barrier);
    if (wait) own.perhaps_yield(fiber);
  } else if (wait) {
    barrier.waiting[fiber.thread / 32] |= 1u << fiber.lane;
    own.wait(fiber, State::atBarrier, name, place);
  }
  if (wait) race::acquire(order);
  return fiber.result;
}

}  // namespace

// A block's barrier waits for the threads that live. Threads that ended do not count at a named one, which has a count of its own.
void block_thread_ended(Block& block) {
  for (Barrier& barrier : block.barriers) {
    if (barrier.arrived && !barrier.expected && barrier.arrived == block.alive) complete(block, barrier);
  }
}

}  // namespace topkit_emulator

using namespace topkit_emulator;

int topkit_emu_block_barrier(BlockOperation operation, int predicate, const char* name, Place place) {
  const race::Unseen unseen;
  return static_cast<int>(arrive(0, 0, true, operation, predicate != 0, name, place));
}

void topkit_emu_named_barrier(unsigned id, unsigned count, bool wait, Place place) {
  const race::Unseen unseen;
  const char* const name = wait ? "named_barrier_sync" : "named_barrier_arrive";
  const std::uint32_t block = worker->launch.arguments.block;
  if (id > 15) worker->fail(*current, text("%s: barrier %u at %s; a block has barriers 0 to 15", name, id, describe(place).c_str()));
  if (count == 0 || count % 32 || count > (block + 31) / 32 * 32) {
    worker->fail(*current, text("%s: %u threads at %s; a multiple of 32 up to the block's %u is allowed", name, count, describe(place).c_str(), block));
  }
  arrive(id, count, wait, BlockOperation::sync, false, name, place);
}
