#include "report.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <vector>

#include "scheduler.h"

extern char** environ;

namespace topkit_emulator {

std::string text(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, arguments);
  va_end(arguments);
  std::string result(length > 0 ? static_cast<std::size_t>(length) : 0, '\0');
  std::vsnprintf(result.data(), result.size() + 1, format, again);
  va_end(again);
  return result;
}

std::string describe(Place place) { return text("%s:%u", place.file, place.line); }

std::string describe(const Fiber& fiber) {
  return text("thread %u (warp %u, lane %u) of block %u", fiber.thread, fiber.thread / 32, fiber.lane, fiber.block->index);
}

namespace {

// What a program prints, run without a shell; empty where it cannot be run.
std::string output_of(std::vector<std::string> command) {
  int ends[2];
  if (pipe(ends) != 0) return "";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const bool started = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string output;
  if (started) {
    char buffer[512];
    for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) output.append(buffer, static_cast<std::size_t>(got));
    int status = 0;
    waitpid(child, &status, 0);
  }
  close(ends[0]);
  return output;
}

}  // namespace

std::string describe_instruction(const void* address) {
  Dl_info object;
  if (!dladdr(address, &object) || !object.dli_fname) return text("address %p", address);
  const auto offset = reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(object.dli_fbase);
  // Inlined functions first, their callers after them, one line each; a line may end in " (discriminator N)".
  const std::string lines = output_of({"addr2line", "-s", "-i", "-e", object.dli_fname, text("0x%zx", static_cast<std::size_t>(offset))});
  std::string places;
  std::size_t from = 0;
  while (from < lines.size()) {
    const std::size_t end = std::min(lines.find('\n', from), lines.size());
    std::string line = lines.substr(from, end - from);
    line = line.substr(0, line.find(" ("));
    if (line.find('?') == std::string::npos) places += (places.empty() ? "" : ", called at ") + line;
    from = end + 1;
  }
  return places.empty() ? text("%s+0x%zx (no addr2line, or no debug information)", object.dli_fname, static_cast<std::size_t>(offset)) : places;
}

}  // namespace topkit_emulator
