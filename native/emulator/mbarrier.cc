// mbarriers with transaction counts, asynchronous stores and bulk copies (PTX ISA, "Parallel Synchronization and Communication: mbarrier").
#include <algorithm>
#include <cstring>

#include "memory.h"
#include "race.h"
#include "report.h"
#include "scheduler.h"

namespace topkit_emulator {

namespace {

// The object fills its 64 bits of shared memory, so that copies, bounds and initialisation of it are those of the memory.
struct Mbarrier {
  std::uint64_t phase : 1;
  std::uint64_t expected : 20;
  std::uint64_t missing : 20;
  std::int64_t bytes : 21;  // still to come; below zero while they come before they are expected
  std::uint64_t valid : 2;
};
static_assert(sizeof(Mbarrier) == 8, "one 64-bit word");
constexpr std::uint64_t VALID = 2;
constexpr std::int64_t MAX_BYTES = (1 << 20) - 1;
constexpr std::size_t MAX_PENDING = 512;  // of a cluster in race mode, where each takes a context of ThreadSanitizer's

Mbarrier& at(std::uint32_t address, const char* name, Place place) {
  auto* word = static_cast<Mbarrier*>(shared_bytes(address, 8, place));
  if (address % 8) worker->fail(*current, text("misaligned: %s of an mbarrier at address %08x at %s; it is aligned to 8 bytes", name, address, describe(place).c_str()));
  if (word->valid != VALID) {
    worker->fail(*current, text("%s of an mbarrier that is not initialised, at %s", name, describe(place).c_str()));
  }
  return *word;
}

// Completes the phase where nothing is missing, and wakes those who wait for it.
void advance(Group& group, std::uint32_t address, Mbarrier& barrier) {
  if (barrier.missing != 0 || barrier.bytes != 0) return;
  const std::uint32_t ended = barrier.phase;
  barrier.phase ^= 1;
  barrier.missing = barrier.expected;
  auto& waiters = group.mbarrierWaiters;
  const auto rest = std::partition(waiters.begin(), waiters.end(),
                                   [&](const Fiber* fiber) { return fiber->barrierAddress != address || fiber->barrierParity != ended; });
  for (auto fiber = rest; fiber != waiters.end(); ++fiber) worker->wake(**fiber);
  waiters.erase(rest, waiters.end());
}

void issue(Pending pending) {
  Fiber& fiber = *current;
  Group& group = *fiber.block->group;
  if (race::ENABLED && group.pending.size() == MAX_PENDING) worker->land_one(group);
  pending.sanitizer = race::create();  // ordered after what the thread did so far
  pending.issuer = &fiber;
  // Until it lands, nobody has any business there.
  Arena& arena = group.blocks[(pending.address >> 24) - 1]->arena;
  arena.mark(arena.dynamic() + (pending.address & 0xffffffu), pending.bytes, false);
  group.pending.push_back(pending);
  worker->perhaps_yield(fiber);
}

}  // namespace

bool complete(Worker& own, Group& group, const Pending& pending) {
  constexpr std::uint32_t OFFSET = (1u << 24) - 1;
  Block& target = *group.blocks[(pending.address >> 24) - 1];
  Block& home = *group.blocks[(pending.barrier >> 24) - 1];
  if (target.alive == 0 || home.alive == 0) {
    own.launch.fault(text("an asynchronous store or copy, issued at %s, reaches a block that has ended\n  ", describe(pending.place).c_str()) +
                     describe(*pending.issuer));
    return false;
  }
  void* const destination = target.arena.dynamic() + (pending.address & OFFSET);
  auto& barrier = *reinterpret_cast<Mbarrier*>(home.arena.dynamic() + (pending.barrier & OFFSET));
  if (barrier.valid != VALID) {
    own.launch.fault(text("an asynchronous store or copy, issued at %s, completes on an mbarrier that is not initialised\n  ", describe(pending.place).c_str()) +
                     describe(*pending.issuer));
    return false;
  }
  void* const ownSanitizer = race::current();
  race::switch_to(pending.sanitizer);
  if (pending.source) race::reads(pending.source, pending.bytes);
  race::writes(destination, pending.bytes);
  race::release(&barrier);
  race::switch_to(ownSanitizer);
  race::destroy(pending.sanitizer);
  std::memcpy(destination, pending.source ? pending.source : &pending.value, pending.bytes);
  target.arena.mark(destination, pending.bytes, true);
  if (barrier.bytes - static_cast<std::int64_t>(pending.bytes) < -MAX_BYTES) {
    own.launch.fault(text("an mbarrier's transaction count overflows, by a copy issued at %s", describe(pending.place).c_str()));
    return false;
  }
  barrier.bytes = barrier.bytes - static_cast<std::int64_t>(pending.bytes);
  advance(group, pending.barrier, barrier);
  return true;
}

}  // namespace topkit_emulator

using namespace topkit_emulator;

void topkit_emu_mbarrier_init(unsigned address, unsigned count, Place place) {
  Fiber& fiber = *current;
  if (count == 0 || count >= 1u << 20) worker->fail(fiber, text("mbarrier_init for %u arrivals at %s; 1 to 1048575 are allowed", count, describe(place).c_str()));
  auto* word = static_cast<Mbarrier*>(shared_bytes(address, 8, place));
  if (address % 8) worker->fail(fiber, text("misaligned: an mbarrier at address %08x at %s; it is aligned to 8 bytes", address, describe(place).c_str()));
  race::writes(word, sizeof *word);
  const race::Unseen unseen;
  *word = {0, count, count, 0, VALID};
  fiber.block->group->blocks[(address >> 24) - 1]->arena.mark(word, sizeof *word, true);
}

void topkit_emu_mbarrier_arrive(unsigned address, unsigned arrivals, unsigned bytes, bool release, Place place) {
  const race::Unseen unseen;
  Fiber& fiber = *current;
  worker->perhaps_yield(fiber);
  Mbarrier& barrier = at(address, "an arrival", place);
  if (arrivals > barrier.missing) {
    worker->fail(fiber, text("more arrivals at an mbarrier than the %u it was initialised for, at %s", static_cast<unsigned>(barrier.expected), describe(place).c_str()));
  }
  if (barrier.bytes + static_cast<std::int64_t>(bytes) > MAX_BYTES) {
    worker->fail(fiber, text("an mbarrier expects more than %lld bytes, at %s", static_cast<long long>(MAX_BYTES), describe(place).c_str()));
  }
  if (release) race::release(&barrier);
  barrier.bytes = barrier.bytes + static_cast<std::int64_t>(bytes);
  barrier.missing = barrier.missing - arrivals;
  advance(*fiber.block->group, address, barrier);
}

bool topkit_emu_mbarrier_test(unsigned address, unsigned parity, bool wait, Place place) {
  const race::Unseen unseen;
  Fiber& fiber = *current;
  Mbarrier& barrier = at(address, "a wait", place);
  if (parity > 1) worker->fail(fiber, text("an mbarrier's parity is 0 or 1, not %u, at %s", parity, describe(place).c_str()));
  if (barrier.phase == parity) {
    if (!wait) {
      fiber.place = place;
      fiber.waitsAt = "mbarrier_test_wait";
      worker->yield(fiber);
    } else {
      // a try_wait may give up at any time
      if (worker->seeded() && worker->random.below(8) == 0) {
        worker->yield(fiber);
        if (barrier.phase == parity) return false;
      } else {
        fiber.barrierAddress = address;
        fiber.barrierParity = parity;
        fiber.block->group->mbarrierWaiters.push_back(&fiber);
        worker->wait(fiber, State::atMbarrier, "mbarrier_wait", place);
      }
    }
  }
  if (wait || barrier.phase != parity) race::acquire(&barrier);
  return wait || barrier.phase != parity;
}

void topkit_emu_store_async(unsigned address, unsigned long long value, unsigned bytes, unsigned barrier, Place place) {
  const race::Unseen unseen;
  shared_bytes(barrier, 8, place);
  shared_bytes(address, bytes, place);
  if (address >> 24 != barrier >> 24) {
    worker->fail(*current, text("store_async at %s: the memory and the mbarrier lie in different blocks", describe(place).c_str()));
  }
  if (address % bytes) worker->fail(*current, text("misaligned: store_async of %u bytes to address %08x at %s", bytes, address, describe(place).c_str()));
  issue({address, bytes, barrier, nullptr, value, place});
}

void topkit_emu_bulk_copy(unsigned address, const void* source, unsigned bytes, unsigned barrier, Place place) {
  const race::Unseen unseen;
  Fiber& fiber = *current;
  shared_bytes(barrier, 8, place);
  shared_bytes(address, bytes, place);
  if (address % 16 || reinterpret_cast<std::uintptr_t>(source) % 16 || bytes % 16 || bytes == 0) {
    worker->fail(fiber, text("misaligned: bulk_copy of %u bytes from %p to address %08x at %s; all are multiples of 16", bytes, source, address, describe(place).c_str()));
  }
  if (worker->launch.checked()) {
    const Objection objection = judge(fiber, source, bytes, Access::read);
    if (objection) {
      worker->fail(fiber, objection.kind + text(": bulk_copy of %u bytes at %s: of its source, ", bytes, describe(place).c_str()) + objection.why);
    }
  }
  issue({address, bytes, barrier, source, 0, place});
}
