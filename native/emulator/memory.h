// What memory a kernel may touch, and twins' accesses to shared memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arena.h"
#include "calls.h"

namespace topkit_emulator {

// An address in the cluster's shared memory as a pointer to `bytes` bytes of it; fails the launch where it is none. `bytes` 0: not checked.
void* shared_bytes(std::uint32_t address, std::uint32_t bytes, Place place);

struct Fiber;

// Whether a thread may access `size` bytes at `address`.
Objection judge(const Fiber& fiber, const void* address, std::size_t size, Access access);

// Fails the launch where judge() objects, or where the address is not a multiple of `alignment`.
void check_access(const void* address, std::size_t size, std::size_t alignment, Access access, const void* instruction);

}  // namespace topkit_emulator
