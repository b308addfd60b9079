// The words of a report.
#pragma once

#include <cstdint>
#include <string>

#include "calls.h"
#include "fiber.h"

namespace topkit_emulator {

// printf into a string.
std::string text(const char* format, ...) __attribute__((format(printf, 1, 2)));

// "file:line"
std::string describe(Place place);
// The place of a machine instruction, by addr2line and the object's debug information; the object and the offset where that fails.
std::string describe_instruction(const void* address);
// "thread 37 (warp 1, lane 5) of block 3"
std::string describe(const Fiber& fiber);

}  // namespace topkit_emulator
