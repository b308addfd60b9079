// The C interface, and what a kernel asks about its launch.
#include <algorithm>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "emulate.h"
#include "faults.h"
#include "race.h"
#include "report.h"
#include "scheduler.h"

namespace topkit_emulator {

namespace {

constexpr std::size_t MAX_PARAMETERS = 24;
constexpr std::uint64_t MAX_RESIDENT_THREADS = 16 * 1024;
constexpr std::uint64_t MAX_RACING_THREADS = 4096;  // ThreadSanitizer has 8128 contexts; the rest is for threads that have ended, and for copies

template <std::size_t> using Parameter = std::uint64_t;
template <std::size_t... I> void call(void* kernel, const std::uint64_t* parameters, std::index_sequence<I...>) {
  reinterpret_cast<void (*)(Parameter<I>...)>(kernel)(parameters[I]...);
}

template <std::size_t... N> auto callers(std::index_sequence<N...>) {
  using Caller = void (*)(void*, const std::uint64_t*);
  return std::array<Caller, sizeof...(N)>{[](void* kernel, const std::uint64_t* parameters) { call(kernel, parameters, std::make_index_sequence<N>()); }...};
}

std::string refusal(const TopkitEmulateLaunch& launch) {
  if (!launch.kernel) return "no kernel was given";
  if (launch.parameterCount > MAX_PARAMETERS) return text("%u parameters; at most %zu are allowed", launch.parameterCount, MAX_PARAMETERS);
  if (launch.block < 1 || launch.block > 1024) return text("%u threads a block; 1 to 1024 are allowed", launch.block);
  if (launch.cluster < 1 || launch.cluster > 16) return text("%u blocks a cluster; 1 to 16 are allowed", launch.cluster);
  if (launch.grid % launch.cluster) return text("%u blocks are no whole number of clusters of %u", launch.grid, launch.cluster);
  if (launch.grid > 0x7fffffffu) return text("%u blocks; at most 2147483647 are allowed", launch.grid);
  if (std::uint64_t{launch.sharedBytes} + launch.staticBytes + 2 * REDZONE > MAX_ARENA) return text("%u bytes of shared memory", launch.sharedBytes);
  const std::uint64_t threads = std::uint64_t{launch.grid} * launch.block;
  if (launch.flags & TOPKIT_EMULATE_CO_RESIDENT && threads > MAX_RESIDENT_THREADS) {
    return text("%llu threads that wait for each other; at most %llu can be alive together here", static_cast<unsigned long long>(threads),
                static_cast<unsigned long long>(MAX_RESIDENT_THREADS));
  }
  const std::uint64_t together = launch.flags & TOPKIT_EMULATE_CO_RESIDENT ? threads : std::uint64_t{launch.cluster} * launch.block;
  if (race::ENABLED && together > MAX_RACING_THREADS) {
    return text("%llu threads that are alive together; race mode follows at most %llu: take smaller blocks or clusters", static_cast<unsigned long long>(together),
                static_cast<unsigned long long>(MAX_RACING_THREADS));
  }
  return "";
}

// One thread where the order of blocks matters, else as many as there are cores, blocks, and mappings for their stacks.
std::uint32_t worker_count(const TopkitEmulateLaunch& launch, std::uint32_t groups) {
  if (race::ENABLED || launch.seed || launch.flags & TOPKIT_EMULATE_CO_RESIDENT) return 1;
  const std::uint32_t wanted = launch.workers ? launch.workers : std::max(1u, std::thread::hardware_concurrency());
  const auto fit = static_cast<std::uint32_t>(MAX_RESIDENT_THREADS / (launch.block * launch.cluster));
  return std::max(1u, std::min({wanted, groups, fit}));
}

void write_report(const TopkitEmulateLaunch& launch, const std::string& report) {
  if (!launch.report || launch.reportBytes == 0) return;
  const std::size_t length = std::min(report.size(), launch.reportBytes - 1);
  std::memcpy(launch.report, report.data(), length);
  launch.report[length] = '\0';
}

int run(const TopkitEmulateLaunch& arguments) {
  write_report(arguments, "");
  const std::string objection = refusal(arguments);
  if (!objection.empty()) {
    write_report(arguments, text("%s: ", arguments.symbol) + objection);
    return TOPKIT_EMULATE_REFUSED;
  }
  Launch launch(arguments);
  launch.groups = arguments.grid / arguments.cluster;
  race::release(&launch.beginOrder);
  {
    const FaultHandlers handlers;
    const auto work = [&launch, &arguments] {
      try {
        const SignalStack stack;
        Worker own(launch, arguments.seed);
        own.run();
      } catch (const std::bad_alloc&) {
        launch.fault("no memory for the scheduler");
      }
    };
    std::vector<std::thread> others;
    try {
      for (std::uint32_t i = worker_count(arguments, launch.groups); i > 1; --i) others.emplace_back(work);
    } catch (const std::system_error&) {
      // a limit on threads: those that there are do all the work
    }
    work();
    for (std::thread& other : others) other.join();
  }
  if (launch.report.empty()) return TOPKIT_EMULATE_OK;
  write_report(arguments, text("%s: %s\n  grid %u, block %u, cluster %u, seed %llu", arguments.symbol, launch.report.c_str(), arguments.grid, arguments.block,
                               arguments.cluster, static_cast<unsigned long long>(arguments.seed)));
  return TOPKIT_EMULATE_FAULT;
}

}  // namespace

void call_kernel(const TopkitEmulateLaunch& launch) {
  static const auto table = callers(std::make_index_sequence<MAX_PARAMETERS + 1>());
  table[launch.parameterCount](launch.kernel, launch.parameters);
}

}  // namespace topkit_emulator

using namespace topkit_emulator;

int topkit_emulate_launch(const TopkitEmulateLaunch* launch) {
  try {
    return run(*launch);
  } catch (const std::bad_alloc&) {
    write_report(*launch, "no memory for the launch");
    return TOPKIT_EMULATE_REFUSED;
  }
}

void topkit_emulate_trim() { trim_fibers(); }

Index3 topkit_emu_thread_index() { return {current->thread, 0, 0}; }
Index3 topkit_emu_block_index() { return {current->block->index, 0, 0}; }
Index3 topkit_emu_block_dim() { return {worker->launch.arguments.block, 1, 1}; }
Index3 topkit_emu_grid_dim() { return {worker->launch.arguments.grid, 1, 1}; }
unsigned topkit_emu_cluster_rank() { return current->block->rank; }
unsigned topkit_emu_cluster_size() { return worker->launch.arguments.cluster; }
void* topkit_emu_dynamic_shared() { return current->block->arena.dynamic(); }
void* topkit_emu_static_shared(unsigned offset) { return current->block->arena.fixed() + offset; }

void topkit_emu_pause(Place place) {
  const race::Unseen unseen;
  current->place = place;
  current->waitsAt = "__nanosleep";
  worker->yield(*current);
}

void topkit_emu_fail(const char* what, Place place) { worker->fail(*current, text("%s at %s", what, describe(place).c_str())); }
