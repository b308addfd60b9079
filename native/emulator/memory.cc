#include "memory.h"

#include <dlfcn.h>

#include "report.h"
#include "scheduler.h"

namespace topkit_emulator {

namespace {

const TopkitEmulateBuffer* buffer_at(const TopkitEmulateLaunch& launch, std::uint64_t address) {
  for (std::uint32_t i = 0; i < launch.bufferCount; ++i) {
    const TopkitEmulateBuffer& buffer = launch.buffers[i];
    if (address - buffer.address < buffer.bytes) return &buffer;
  }
  return nullptr;
}

// The kernel's own constants and __device__ variables.
bool in_module(const TopkitEmulateLaunch& launch, const void* address) {
  Dl_info kernel, there;
  return dladdr(launch.kernel, &kernel) && dladdr(address, &there) && kernel.dli_fbase == there.dli_fbase;
}

std::string neighbourhood(const TopkitEmulateLaunch& launch, std::uint64_t address) {
  constexpr std::uint64_t NEAR = 1 << 20;
  const TopkitEmulateBuffer* nearest = nullptr;
  std::uint64_t least = NEAR;
  for (std::uint32_t i = 0; i < launch.bufferCount; ++i) {
    const TopkitEmulateBuffer& buffer = launch.buffers[i];
    const std::uint64_t end = buffer.address + buffer.bytes;
    const std::uint64_t distance = address < buffer.address ? buffer.address - address : address < end ? 0 : address - end;
    if (distance < least) {
      least = distance;
      nearest = &buffer;
    }
  }
  if (!nearest) return text("0x%llx lies in no buffer of the launch", static_cast<unsigned long long>(address));
  if (address < nearest->address) return text("it lies %llu bytes before buffer %s", static_cast<unsigned long long>(least), nearest->name);
  return text("it lies at byte %llu of buffer %s, which has %llu bytes", static_cast<unsigned long long>(address - nearest->address), nearest->name,
              static_cast<unsigned long long>(nearest->bytes));
}

const char* verb(Access access) { return access == Access::read ? "read" : access == Access::write ? "write" : "atomic operation"; }

bool on_stack(const Fiber& fiber, const void* address) {
  return static_cast<std::size_t>(static_cast<const char*>(address) - fiber.stack) < STACK_BYTES;
}

}  // namespace

Objection judge(const Fiber& fiber, const void* address, std::size_t size, Access access) {
  for (const auto& block : fiber.block->group->blocks) {
    if (!block->arena.contains(address)) continue;
    if (block->alive == 0) return {"out of bounds", text("it is shared memory of block rank %u, which has ended", block->rank)};
    return block->arena.check(address, size, access);
  }
  if (on_stack(fiber, address)) return {};
  const TopkitEmulateLaunch& launch = worker->launch.arguments;
  const auto at = reinterpret_cast<std::uint64_t>(address);
  if (const TopkitEmulateBuffer* buffer = buffer_at(launch, at)) {
    if (at - buffer->address + size > buffer->bytes) return {"out of bounds", neighbourhood(launch, at)};
    if (access != Access::read && !buffer->writable) return {"read-only", text("buffer %s is an input", buffer->name)};
    return {};
  }
  if (in_module(launch, address)) return {};
  return {"out of bounds", neighbourhood(launch, at)};
}

void check_access(const void* address, std::size_t size, std::size_t alignment, Access access, const void* instruction) {
  if (!current || !worker->launch.checked()) return;  // the object's initialisers, before any launch
  Fiber& fiber = *current;
  if (on_stack(fiber, address)) return;
  if (reinterpret_cast<std::uintptr_t>(address) % alignment) {
    worker->fail(fiber, text("misaligned: %s of %zu bytes at %s: %p is no multiple of %zu", verb(access), size, describe_instruction(instruction).c_str(),
                             address, alignment));
  }
  const Objection objection = judge(fiber, address, size, access);
  if (objection) {
    worker->fail(fiber, objection.kind + text(": %s of %zu bytes at %s: ", verb(access), size, describe_instruction(instruction).c_str()) + objection.why);
  }
  worker->perhaps_yield(fiber, 64);
}

}  // namespace topkit_emulator

using namespace topkit_emulator;

void topkit_emu_check_aligned(const volatile void* address, unsigned bytes, Place place) {
  if (reinterpret_cast<std::uintptr_t>(address) % bytes == 0) return;
  worker->fail(*current, text("misaligned: access to %u bytes at %s: %p is no multiple of %u", bytes, describe(place).c_str(),
                              const_cast<const void*>(address), bytes));
}
