#include "scheduler.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <utility>

#include "memory.h"
#include "race.h"
#include "report.h"

namespace topkit_emulator {

TOPKIT_EMU_THREAD_LOCAL Worker* worker = nullptr;
TOPKIT_EMU_THREAD_LOCAL Fiber* current = nullptr;

void Launch::fault(const std::string& what) {
  const std::lock_guard<std::mutex> hold(lock_);
  if (report.empty()) report = what;
  stop.store(true, std::memory_order_relaxed);
}

void Worker::land_one(Group& group) {
  const std::size_t which = seeded() ? random.below(static_cast<std::uint32_t>(group.pending.size())) : 0;
  const Pending pending = group.pending[which];
  group.pending.erase(group.pending.begin() + static_cast<std::ptrdiff_t>(which));
  complete(*this, group, pending);
}

// Nothing can run: what is under way arrives now, which is as late as it can.
void Worker::land_or_deadlock() {
  for (auto& group : groups_) {
    if (!group->pending.empty()) return land_one(*group);
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
  go(fiber, next_or_own());
}

Fiber* Worker::next_or_own() { return launch.stopped() || !ended_.empty() ? nullptr : next(); }

void Worker::go(Fiber& fiber, Fiber* following) {
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
  if (seeded() && !group.pending.empty() && random.below(4) == 0) land_one(group);
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
  Fiber* following;
  {
    const race::Unseen unseen;
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
    following = next_or_own();
  }
  go(fiber, following);
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
