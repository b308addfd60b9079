// Stackful fibers: a stack with a guard page below it, and the switch from one to another.
#pragma once

#include <cstddef>
#include <cstdint>

#include "calls.h"

#if (!defined(__x86_64__) && !defined(__aarch64__)) || defined(TOPKIT_EMULATE_UCONTEXT)
#include <ucontext.h>
#define TOPKIT_EMULATE_USES_UCONTEXT 1
#else
#define TOPKIT_EMULATE_USES_UCONTEXT 0
#endif

namespace topkit_emulator {

struct Block;
struct Warp;

constexpr std::size_t GUARD_BYTES = 4096 * 4;
#ifdef TOPKIT_EMULATE_RACE
constexpr std::size_t STACK_BYTES = 256 * 1024;
#else
constexpr std::size_t STACK_BYTES = 128 * 1024;
#endif

// What a switch saves and restores.
struct Context {
  void* stackPointer = nullptr;
  // ThreadSanitizer's fiber, in race mode.
  void* sanitizer = nullptr;
#if TOPKIT_EMULATE_USES_UCONTEXT
  ucontext_t saved;
#endif
};

enum class State : std::uint8_t { runnable, atBarrier, atWarp, atCluster, atMbarrier, done };

// One CUDA thread.
struct Fiber : Context {
  char* stack = nullptr;  // lowest usable byte; the guard lies below
  Block* block = nullptr;
  Warp* warp = nullptr;
  std::uint32_t thread = 0, lane = 0;
  State state = State::done;
  // Where it waits or waited last.
  const char* waitsAt = "";
  Place place = {"", 0};
  std::uint32_t mask = 0;
  // A warp operation's operands and result; a barrier's reduction.
  std::uint64_t value = 0, result = 0;
  std::uint32_t source = 0;
  // The mbarrier waited for.
  std::uint32_t barrierAddress = 0, barrierParity = 0;
  // Cluster barrier: the phase arrived in, until it is waited for.
  bool clusterArrived = false;
  std::uint64_t clusterPhase = 0;
  std::uint32_t atomicsSinceSwitch = 0;
  // Race mode: a fence came before, so atomics release.
  bool fenced = false;
};

// Makes `fiber` start in entry() at its next switch. `entry` never returns.
void prepare(Fiber& fiber, void (*entry)());

// Saves the running context in `from` and continues `to`.
void switch_context(Context& from, Context& to);

// Takes a fiber from the process's pool, with its stack; nullptr where there is no memory.
Fiber* take_fiber();
void give_fiber(Fiber* fiber);
void trim_fibers();

}  // namespace topkit_emulator
