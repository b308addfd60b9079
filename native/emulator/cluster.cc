// Barriers of a cluster, and addresses in its shared memory: the upper 8 bits are the block's rank + 1, so that 0 is no address.
#include "memory.h"
#include "race.h"
#include "report.h"
#include "scheduler.h"

namespace topkit_emulator {

namespace {

constexpr std::uint32_t OFFSET_BITS = 24;

void* order(const Group& group, std::uint64_t phase) { return group.blocks[0]->arena.order(CLUSTER_ORDERS + (phase & 1)); }

void complete_if_all(Group& group) {
  if (group.alive == 0 || group.clusterArrived != group.alive) return;
  ++group.clusterPhase;
  group.clusterArrived = 0;
  for (auto& block : group.blocks) {
    for (Warp& warp : block->warps) {
      for (std::uint32_t lanes = warp.alive; lanes; lanes &= lanes - 1) {
        Fiber& fiber = *warp.lanes[static_cast<std::size_t>(__builtin_ctz(lanes))];
        if (fiber.state == State::atCluster) worker->wake(fiber);
      }
    }
  }
}

}  // namespace

void cluster_thread_ended(Group& group, Fiber& fiber) {
  if (fiber.clusterArrived && fiber.clusterPhase == group.clusterPhase) --group.clusterArrived;
  complete_if_all(group);
}

void* shared_bytes(std::uint32_t address, std::uint32_t bytes, Place place) {
  Fiber& fiber = *current;
  const std::uint32_t rank = (address >> OFFSET_BITS) - 1, offset = address & ((1u << OFFSET_BITS) - 1);
  const Group& group = *fiber.block->group;
  if (rank >= group.blocks.size()) {
    worker->fail(fiber, text("%08x is no address of shared memory, at %s", address, describe(place).c_str()));
  }
  Block& block = *group.blocks[rank];
  if (bytes && block.alive == 0) {
    worker->fail(fiber, text("shared memory of block rank %u, which has ended, is used at %s; end with a cluster barrier", rank, describe(place).c_str()));
  }
  void* const pointer = block.arena.dynamic() + offset;
  if (bytes && !block.arena.holds(pointer, bytes)) {
    worker->fail(fiber, text("out of bounds: %u bytes at byte %u of %u bytes of dynamic shared memory of block rank %u, at %s", bytes, offset,
                             worker->launch.arguments.sharedBytes, rank, describe(place).c_str()));
  }
  return pointer;
}

}  // namespace topkit_emulator

using namespace topkit_emulator;

void topkit_emu_cluster_arrive(bool release, Place place) {
  const race::Unseen unseen;
  Fiber& fiber = *current;
  Group& group = *fiber.block->group;
  if (fiber.clusterArrived) {
    worker->fail(fiber, text("a thread arrives twice at the cluster's barrier without waiting between: at %s and %s", describe(fiber.place).c_str(),
                             describe(place).c_str()));
  }
  worker->perhaps_yield(fiber);
  fiber.clusterArrived = true;
  fiber.clusterPhase = group.clusterPhase;
  fiber.place = place;
  fiber.waitsAt = "cluster_arrive";
  if (release) race::release(order(group, group.clusterPhase));
  ++group.clusterArrived;
  complete_if_all(group);
}

void topkit_emu_cluster_wait(Place place) {
  const race::Unseen unseen;
  Fiber& fiber = *current;
  Group& group = *fiber.block->group;
  if (!fiber.clusterArrived) worker->fail(fiber, text("a thread waits at the cluster's barrier at %s without having arrived", describe(place).c_str()));
  worker->perhaps_yield(fiber);
  if (group.clusterPhase == fiber.clusterPhase) worker->wait(fiber, State::atCluster, "cluster_wait", place);
  fiber.clusterArrived = false;
  race::acquire(order(group, fiber.clusterPhase));
}

unsigned topkit_emu_shared_address(const void* pointer, Place place) {
  Fiber& fiber = *current;
  for (const auto& block : fiber.block->group->blocks) {
    if (!block->arena.contains(pointer)) continue;
    const auto offset = static_cast<const unsigned char*>(pointer) - block->arena.dynamic();
    if (offset >= 0) return (block->rank + 1) << OFFSET_BITS | static_cast<std::uint32_t>(offset);
  }
  worker->fail(fiber, text("a pointer that is not to shared memory is used as one at %s", describe(place).c_str()));
}

void* topkit_emu_shared_pointer(unsigned address, unsigned bytes, Place place) {
  void* const pointer = shared_bytes(address, bytes, place);
  if (bytes) topkit_emu_check_aligned(pointer, bytes, place);
  return pointer;
}

unsigned topkit_emu_map_rank(unsigned address, unsigned rank, Place place) {
  Fiber& fiber = *current;
  if (rank >= fiber.block->group->blocks.size()) {
    worker->fail(fiber, text("mapa to block rank %u at %s; the cluster has %zu blocks", rank, describe(place).c_str(), fiber.block->group->blocks.size()));
  }
  shared_bytes(address, 0, place);
  return (rank + 1) << OFFSET_BITS | (address & ((1u << OFFSET_BITS) - 1));
}
