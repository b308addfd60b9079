// A worker's groups of blocks: how they begin and end.
#include <algorithm>
#include <numeric>
#include <utility>

#include "race.h"
#include "report.h"
#include "scheduler.h"

namespace topkit_emulator {

void call_kernel(const TopkitEmulateLaunch& launch);

namespace {

constexpr std::size_t MAX_RETIRED = 1024;
constexpr std::uint32_t MAX_FIBERS = 16 * 1024;  // with its guard, a stack takes two of the 65,530 mappings that Linux allows a process

// The first and last function on every fiber.
void entry() {
  race::acquire(&worker->launch.beginOrder);
  call_kernel(worker->launch.arguments);
  race::release(&worker->launch.endOrder);
  worker->finish(*current);
}

}  // namespace

Worker::Worker(Launch& launch_, std::uint64_t seed) : launch(launch_), random(seed) {
  const std::uint32_t threads = launch.arguments.block * launch.arguments.cluster;
  if (launch.arguments.flags & TOPKIT_EMULATE_CO_RESIDENT) {
    resident_ = launch.groups;
  } else if (seeded()) {
    resident_ = std::clamp<std::uint32_t>(MAX_FIBERS / 4 / threads, 1, 1 + random.below(4));
  }
  if (seeded()) {
    constexpr Policy policies[] = {Policy::anyLane, Policy::wholeWarps, Policy::priorities};
    policy_ = policies[random.below(3)];
    yieldEvery_ = 4u << 2 * random.below(3);
  }
  main_.sanitizer = race::current();
}

// Groups that a fault has cut short. What ThreadSanitizer knows of their fibers is left to the process's end: it takes a fiber that is
// destroyed in the scheduler's midst for a mistake.
Worker::~Worker() {
  for (const auto& group : groups_) {
    for (const auto& block : group->blocks) {
      for (Warp& warp : block->warps) {
        for (Fiber* fiber : warp.lanes) {
          if (fiber) give_fiber(fiber);
        }
      }
    }
  }
}

void Worker::run() {
  const race::Unseen unseen;
  worker = this;
  for (;;) {
    while (groups_.size() < resident_ && !launch.stopped() && start_group()) {}
    if (launch.stopped() || groups_.empty()) break;
    if (Fiber* fiber = next()) {
      current = fiber;
      switch_context(main_, *fiber);
      current = nullptr;
      if (crash_.fiber) report_crash();
      for (Group* group : ended_) finish_group(*group);
      ended_.clear();
    } else {
      land_or_deadlock();
    }
  }
  worker = nullptr;
  for (void* sanitizer : retired_) race::destroy(sanitizer);
  race::acquire(&launch.endOrder);
}

// A full permutation of the groups by an affine map, when seeded.
bool Worker::start_group() {
  const std::uint32_t taken = launch.taken.fetch_add(1, std::memory_order_relaxed);
  if (taken >= launch.groups) {
    launch.taken.store(launch.groups, std::memory_order_relaxed);
    return false;
  }
  std::uint32_t index = taken;
  if (seeded()) {
    std::uint64_t factor = (launch.arguments.seed | 1) % launch.groups;
    while (std::gcd<std::uint64_t>(factor, launch.groups) != 1) ++factor;
    index = static_cast<std::uint32_t>((factor * taken + launch.arguments.seed / 3) % launch.groups);
  }
  const auto& arguments = launch.arguments;
  if (idle_.empty()) {
    auto made = std::make_unique<Group>();
    for (std::uint32_t rank = 0; rank < arguments.cluster; ++rank) {
      auto block = std::make_unique<Block>();
      block->group = made.get();
      block->rank = rank;
      if (!block->arena.map(arguments.sharedBytes, arguments.staticBytes, launch.checked())) {
        launch.fault("no memory for a block's shared memory");
        return false;
      }
      made->blocks.push_back(std::move(block));
    }
    idle_.push_back(std::move(made));
  }
  groups_.push_back(std::move(idle_.back()));
  idle_.pop_back();
  Group& group = *groups_.back();
  group.alive = arguments.cluster * arguments.block;
  group.clusterPhase = 0;
  group.clusterArrived = 0;
  for (auto& block : group.blocks) start_block(*block, index * arguments.cluster + block->rank);
  return true;
}

void Worker::start_block(Block& block, std::uint32_t index) {
  const std::uint32_t threads = launch.arguments.block;
  block.index = index;
  block.alive = threads;
  block.arena.reset(seeded() ? static_cast<unsigned char>(random.next() | 1) : 0xeb);
  block.barriers.fill(Barrier{});
  block.observed.clear();
  block.warps.resize((threads + 31) / 32);
  for (std::uint32_t w = 0; w < block.warps.size(); ++w) {
    Warp& warp = block.warps[w];
    const std::uint32_t lanes = std::min(32u, threads - 32 * w);
    warp.block = &block;
    warp.alive = warp.runnable = lanes == 32 ? ~0u : (1u << lanes) - 1;
    warp.nextLane = 0;
    warp.meetingCount = 0;
    warp.priority = seeded() ? random.below(1u << 30) : 0;
    warp.lanes.fill(nullptr);
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
      Fiber* fiber = take_fiber();
      if (!fiber) {
        launch.fault(text("no memory for the stacks of %u threads a block (and %u blocks alive together)", threads, resident_ * launch.arguments.cluster));
        return;
      }
      const char* stack = fiber->stack;
      *fiber = Fiber{};
      fiber->stack = const_cast<char*>(stack);
      fiber->block = &block;
      fiber->warp = &warp;
      fiber->thread = 32 * w + lane;
      fiber->lane = lane;
      fiber->state = State::runnable;
      prepare(*fiber, entry);
      fiber->sanitizer = race::create();
      warp.lanes[lane] = fiber;
    }
    warp.queued = true;
    ready_.push_back(&warp);
  }
}

void Worker::release_fiber(Fiber& fiber) {
  if (race::ENABLED) {
    // ThreadSanitizer gives the number of a fiber that is gone to the next one, and takes the two for one thread: a race between blocks
    // would go unseen. So contexts are kept while their number is bearable (each takes some 0.8 MB).
    retired_.push_back(fiber.sanitizer);
    if (retired_.size() > MAX_RETIRED) {
      race::destroy(retired_.front());
      retired_.pop_front();
    }
    race::forget(fiber.stack, STACK_BYTES);
  }
  give_fiber(&fiber);
}

void Worker::finish_group(Group& group) {
  for (auto& block : group.blocks) {
    if (block->arena.red_zone_written()) {
      launch.fault(text("block %u wrote behind its %u bytes of dynamic shared memory (found when it ended; checked mode names the place)", block->index,
                        launch.arguments.sharedBytes));
    }
    for (Warp& warp : block->warps) {
      for (Fiber*& fiber : warp.lanes) {
        if (fiber) release_fiber(*fiber);
        fiber = nullptr;
      }
    }
  }
  const auto at = std::find_if(groups_.begin(), groups_.end(), [&](const auto& alive) { return alive.get() == &group; });
  // A copy that nobody waited for still lands: nobody can see it any more.
  for (const Pending& pending : group.pending) race::destroy(pending.sanitizer);
  group.pending.clear();
  idle_.push_back(std::move(*at));
  groups_.erase(at);
}

}  // namespace topkit_emulator
