// What surrounds an atomic operation, and fences.
#include "race.h"
#include "scheduler.h"

using namespace topkit_emulator;

namespace {
// A loop that polls with atomics must let the others run, or it polls for ever.
constexpr std::uint32_t POLLS = 64;
}  // namespace

void topkit_emu_atomic_begin(const volatile void* address, unsigned order, Place place) {
  const race::Unseen unseen;
  Fiber& fiber = *current;
  fiber.place = place;
  fiber.waitsAt = "an atomic operation";
  if (++fiber.atomicsSinceSwitch >= POLLS) worker->yield(fiber);
  else worker->perhaps_yield(fiber);
  // A fence before a relaxed operation makes a release of the two (PTX memory model, "release pattern"). Which writes the fence covers is
  // not kept: all that the thread has seen so far.
  if (race::ENABLED && (order & RELEASE || fiber.fenced)) race::release(const_cast<void*>(address));
}

void topkit_emu_atomic_end(const volatile void* address, unsigned order) {
  const race::Unseen unseen;
  if (!race::ENABLED) return;
  if (order & ACQUIRE) race::acquire(const_cast<void*>(address));
  else current->block->observed.insert(const_cast<void*>(address));
}

// The other half: a relaxed read and a later fence are an acquire, also where a barrier lies between and another thread fences.
void topkit_emu_fence(unsigned order, Place) {
  const race::Unseen unseen;
  if (!race::ENABLED) return;
  Fiber& fiber = *current;
  if (order & RELEASE) fiber.fenced = true;
  if (order & ACQUIRE) {
    for (void* address : fiber.block->observed) race::acquire(address);
  }
}
