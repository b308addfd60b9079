#include "scheduler.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <numeric>
#include <utility>

#include "memory.h"
#include "race.h"
#include "report.h"

namespace topkit_emulator {

TOPKIT_EMU_THREAD_LOCAL Worker* worker = nullptr;
TOPKIT_EMU_THREAD_LOCAL Fiber* current = nullptr;

void call_kernel(const TopkitEmulateLaunch& launch);

namespace {

constexpr std::uint32_t MAX_FIBERS = 16 * 1024;  // with its guard, a stack takes two of the 65,530 mappings that Linux allows a process

// The first and last function on every fiber.
void entry() {
  race::acquire(&worker->launch.beginOrder);
  call_kernel(worker->launch.arguments);
  race::release(&worker->launch.endOrder);
  worker->finish(*current);
}

}  // namespace

void Launch::fault(const std::string& what) {
  const std::lock_guard<std::mutex> hold(lock_);
  if (report.empty()) report = what;
  stop.store(true, std::memory_order_relaxed);
}

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

Worker::~Worker() {
  for (const auto& group : groups_) {
    for (const Pending& pending : group->pending) {
      if (race::ENABLED) race::destroy(pending.sanitizer);
    }
    for (const auto& block : group->blocks) {
      for (Warp& warp : block->warps) {
        for (Fiber* fiber : warp.lanes) {
          if (fiber) release_fiber(*fiber);
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
      finish_pending_or_deadlock();
    }
  }
  worker = nullptr;
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
      if (race::ENABLED) fiber->sanitizer = race::create();
      warp.lanes[lane] = fiber;
    }
    warp.queued = true;
    ready_.push_back(&warp);
  }
}

void Worker::release_fiber(Fiber& fiber) {
  if (race::ENABLED) {
    race::destroy(fiber.sanitizer);
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
  if (race::ENABLED) {
    for (const Pending& pending : group.pending) race::destroy(pending.sanitizer);
  }
  group.pending.clear();
  idle_.push_back(std::move(*at));
  groups_.erase(at);
}

// Nothing can run: what is under way arrives now, which is as late as it can.
void Worker::finish_pending_or_deadlock() {
  for (auto& group : groups_) {
    if (group->pending.empty()) continue;
    const std::size_t which = seeded() ? random.below(static_cast<std::uint32_t>(group->pending.size())) : 0;
    const Pending pending = group->pending[which];
    group->pending.erase(group->pending.begin() + static_cast<std::ptrdiff_t>(which));
    complete(*this, *group, pending);
    return;
  }
  launch.fault("deadlock: no thread can go on\n" + waiting_places(*this));
}

Warp* Worker::choose_warp() {
  if (first_ == ready_.size()) return nullptr;
  std::size_t chosen = first_;
  if (policy_ == Policy::anyLane) {
    chosen += random.below(static_cast<std::uint32_t>(ready_.size() - first_));
  } else if (policy_ == Policy::priorities) {
    for (std::size_t i = first_; i < ready_.size(); ++i) {
      if (ready_[i]->priority > ready_[chosen]->priority) chosen = i;
    }
  }
  std::swap(ready_[first_], ready_[chosen]);
  return ready_[first_];
}

// A warp stays in the queue while one of its lanes can run.
Fiber* Worker::next() {
  if ((++switches_ & 0xfff) == 0) check_clock();
  Warp* warp = choose_warp();
  if (!warp) return nullptr;
  std::uint32_t lane;
  if (policy_ == Policy::inOrder || policy_ == Policy::wholeWarps) {
    const std::uint32_t from = warp->nextLane < 32 ? warp->runnable >> warp->nextLane << warp->nextLane : 0;
    lane = static_cast<std::uint32_t>(__builtin_ctz(from ? from : warp->runnable));
  } else {
    std::uint32_t lanes = warp->runnable;
    for (std::uint32_t skip = random.below(static_cast<std::uint32_t>(__builtin_popcount(lanes))); skip > 0; --skip) lanes &= lanes - 1;
    lane = static_cast<std::uint32_t>(__builtin_ctz(lanes));
  }
  warp->nextLane = lane + 1;
  warp->runnable &= ~(1u << lane);
  if (warp->runnable == 0) {
    warp->queued = false;
    drop_first();
    if (policy_ == Policy::wholeWarps && first_ < ready_.size()) {
      std::swap(ready_[first_], ready_[first_ + random.below(static_cast<std::uint32_t>(ready_.size() - first_))]);
    }
  }
  return warp->lanes[lane];
}

void Worker::drop_first() {
  if (++first_ < ready_.size() && first_ < 4096) return;
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

void Worker::wake(Fiber& fiber) {
  fiber.state = State::runnable;
  fiber.warp->runnable |= 1u << fiber.lane;
  if (!fiber.warp->queued) {
    fiber.warp->queued = true;
    ready_.push_back(fiber.warp);
  }
}

// Away from a fiber that waits, yields, failed or ended.
void Worker::leave(Fiber& fiber) {
  fiber.atomicsSinceSwitch = 0;
  Fiber* following = launch.stopped() || !ended_.empty() ? nullptr : next();
  if (following == &fiber) return;
  current = following;
  switch_context(fiber, following ? static_cast<Context&>(*following) : main_);
  // Running again: whoever switched here has made it the current one.
}

void Worker::wait(Fiber& fiber, State state, const char* name, Place place, std::uint32_t mask) {
  fiber.state = state;
  fiber.waitsAt = name;
  fiber.place = place;
  fiber.mask = mask;
  // Copies land at any time while others wait.
  Group& group = *fiber.block->group;
  if (seeded() && !group.pending.empty() && random.below(4) == 0) {
    const Pending pending = group.pending.front();
    group.pending.pop_front();
    complete(*this, group, pending);
  }
  leave(fiber);
}

void Worker::yield(Fiber& fiber) {
  wake(fiber);
  // Behind the other warps, so that one that spins starves nobody.
  if (ready_.size() - first_ > 1 && ready_[first_] == fiber.warp) {
    ready_.push_back(fiber.warp);
    drop_first();
  }
  if (policy_ == Policy::priorities) fiber.warp->priority = random.below(1u << 30);
  leave(fiber);
}

void Worker::perhaps_yield(Fiber& fiber, std::uint32_t rarity) {
  if (yieldEvery_ && random.below(yieldEvery_ * rarity) == 0) yield(fiber);
}

void Worker::fail(Fiber& fiber, const std::string& what) {
  launch.fault(what + "\n  " + describe(fiber));
  leave(fiber);
  __builtin_unreachable();  // a stopped launch continues no fiber
}

void Worker::crash(int signal, const void* address, const void* instruction) {
  crash_ = {signal, address, instruction, current};
  launch.stop.store(true, std::memory_order_relaxed);
  leave(*current);
  __builtin_unreachable();
}

void Worker::report_crash() {
  const Fiber& fiber = *crash_.fiber;
  const auto* at = static_cast<const char*>(crash_.address);
  std::string what;
  if (crash_.signal == SIGFPE) {
    what = "integer division by zero";
  } else if (at >= fiber.stack - GUARD_BYTES && at < fiber.stack) {
    what = text("stack overflow: a thread has %zu bytes for its local variables and calls", STACK_BYTES);
  } else {
    const Objection objection = judge(fiber, at, 1, Access::read);
    what = objection ? objection.kind + ": access to an address that is not mapped; " + objection.why : text("out of bounds: access to address %p", crash_.address);
  }
  launch.fault(what + "\n  " + describe(fiber) + "\n  at " + describe_instruction(crash_.instruction));
}

void Worker::finish(Fiber& fiber) {
  race::ignore();
  fiber.state = State::done;
  Block& block = *fiber.block;
  Group& group = *block.group;
  fiber.warp->alive &= ~(1u << fiber.lane);
  --block.alive;
  --group.alive;
  warp_lane_ended(*fiber.warp);
  block_thread_ended(block);
  cluster_thread_ended(group, fiber);
  if (group.alive == 0) ended_.push_back(&group);
  leave(fiber);
  __builtin_unreachable();  // an ended fiber is prepared anew before it runs again
}

void Worker::check_clock() {
  const std::uint64_t limit = launch.arguments.timeoutMilliseconds;
  if (limit && std::chrono::steady_clock::now() - launch.started > std::chrono::milliseconds(limit)) {
    launch.fault(text("no end within %llu ms; threads stand at\n", static_cast<unsigned long long>(limit)) + waiting_places(*this));
  }
}

std::string waiting_places(const Worker& worker) {
  struct Count {
    std::uint32_t threads = 0, block = 0, warp = 0, blocks = 0;
  };
  std::map<std::string, Count> places;
  for (const auto& group : worker.groups()) {
    for (const auto& block : group->blocks) {
      for (const Warp& warp : block->warps) {
        for (const Fiber* fiber : warp.lanes) {
          if (!fiber) continue;
          std::string where;
          if (fiber->state == State::done) where = "ended";
          else if (fiber->place.line == 0) where = "not at a synchronisation";
          else where = std::string(fiber->waitsAt) + (fiber->mask ? text(" with mask %08x", fiber->mask) : "") + " at " + describe(fiber->place);
          Count& count = places[where];
          if (count.threads == 0) count.warp = fiber->thread / 32;
          if (count.threads == 0 || count.block != block->index) ++count.blocks;
          count.block = block->index;
          ++count.threads;
        }
      }
    }
  }
  std::string lines;
  for (const auto& [where, count] : places) {
    lines += text("  %u thread%s %s (first in warp %u; %s %u)\n", count.threads, count.threads == 1 ? "" : "s", where.c_str(), count.warp,
                  count.blocks > 1 ? "several blocks, last" : "block", count.block);
  }
  if (!lines.empty()) lines.pop_back();
  return lines;
}

}  // namespace topkit_emulator
