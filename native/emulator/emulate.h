// The emulator's C interface: runs one launch of a kernel that was compiled with the prelude (cuda.h) and loaded into this process.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

// Memory that the kernel may touch, for the checks and the words of a report.
struct TopkitEmulateBuffer {
  std::uint64_t address;
  std::uint64_t bytes;
  const char* name;
  std::uint32_t writable;
};

enum : std::uint32_t {
  // The kernel was compiled in checked mode: each access calls the runtime, which looks at bounds, alignment and initialisation.
  TOPKIT_EMULATE_CHECKED = 1,
  // All blocks are alive together, for kernels in which blocks wait for each other.
  TOPKIT_EMULATE_CO_RESIDENT = 2,
};

struct TopkitEmulateLaunch {
  void* kernel;
  const char* symbol;
  // All 64 bits wide, at most 24.
  const std::uint64_t* parameters;
  std::uint32_t parameterCount;
  std::uint32_t grid, block, cluster;
  std::uint32_t sharedBytes;
  // What topkit_emulated_static_bytes() of the kernel's object returns.
  std::uint32_t staticBytes;
  std::uint32_t flags;
  // OS threads; 0: one a core. A seeded launch takes one, so that the seed alone decides the schedule.
  std::uint32_t workers;
  // 0: threads and blocks in order. Anything else: a random schedule, the same for the same seed.
  std::uint64_t seed;
  // 0: no limit.
  std::uint64_t timeoutMilliseconds;
  const TopkitEmulateBuffer* buffers;
  std::uint32_t bufferCount;
  // Receives what was found, as text ended by a zero.
  char* report;
  std::size_t reportBytes;
};

enum : int {
  TOPKIT_EMULATE_OK = 0,
  // The kernel did something wrong; `report` says what and where. Buffers hold what it wrote so far.
  TOPKIT_EMULATE_FAULT = 1,
  // The launch itself is impossible (arguments, memory); `report` says why.
  TOPKIT_EMULATE_REFUSED = 2,
};

// Never throws, never ends the process. May be called from several threads at once.
__attribute__((visibility("default"))) int topkit_emulate_launch(const TopkitEmulateLaunch* launch);

// Gives the pooled stacks back to the system.
__attribute__((visibility("default"))) void topkit_emulate_trim();

}  // extern "C"
