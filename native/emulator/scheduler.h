// Blocks, warps and the order in which fibers run. A worker is one OS thread with the blocks that it has alive; a fiber that must wait
// picks the next one itself and switches to it, and the worker's own context runs only between groups and when nothing can run.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "arena.h"
#include "emulate.h"
#include "fiber.h"
#include "random.h"

namespace topkit_emulator {

struct Group;
class Worker;

// Lanes of a warp that meet in one warp operation. A warp has several when its lanes meet in disjoint sets.
struct Meeting {
  std::uint32_t mask = 0, arrived = 0;
  WarpOperation operation = WarpOperation::sync;
  const char* name = "";
  Place place = {"", 0};
  void* order = nullptr;  // race mode: what a __syncwarp releases into
};

struct Warp {
  Block* block = nullptr;
  std::uint32_t alive = 0, runnable = 0;
  std::uint32_t nextLane = 0;
  std::uint32_t priority = 0;
  bool queued = false;
  std::array<Fiber*, 32> lanes{};
  std::array<Meeting, 32> meetings;
  std::uint32_t meetingCount = 0;
  std::uint32_t syncs = 0;
};

// Barrier 0 is __syncthreads; all 16 may be named ones.
struct Barrier {
  std::uint32_t arrived = 0;
  std::uint32_t expected = 0;  // 0: every thread that lives
  std::uint32_t trues = 0;
  BlockOperation operation = BlockOperation::sync;
  const char* name = "";
  Place place = {"", 0};
  std::uint32_t phase = 0;
  std::array<std::uint32_t, 32> waiting{};  // lanes of each warp
};

struct Block {
  Group* group = nullptr;
  std::uint32_t index = 0, rank = 0, alive = 0;
  std::vector<Warp> warps;
  std::array<Barrier, 16> barriers;
  Arena arena;
  std::set<void*> observed;  // race mode: where atomics have read
};

// Race mode: what is released at an arrival and acquired at a departure. Two in turns for a barrier, since nobody arrives at the phase after
// the next before all have left this one; more for a warp, whose meetings overlap.
enum : std::size_t { BARRIER_ORDERS = 0, CLUSTER_ORDERS = 32, WARP_ORDERS = 64, ORDERS_A_WARP = 64 };
static_assert(WARP_ORDERS + 32 * ORDERS_A_WARP <= Arena::ORDERS, "32 warps");

// A copy or store that is under way.
struct Pending {
  std::uint32_t address = 0, bytes = 0, barrier = 0;
  const void* source = nullptr;  // nullptr: `value` is stored
  std::uint64_t value = 0;
  Place place = {"", 0};
  const Fiber* issuer = nullptr;
  void* sanitizer = nullptr;  // race mode: a context of its own, ordered after its issue
};

// The blocks of a cluster, which live and end together; one block where there is no cluster.
struct Group {
  std::vector<std::unique_ptr<Block>> blocks;
  std::uint32_t alive = 0;
  std::uint64_t clusterPhase = 0;
  std::uint32_t clusterArrived = 0;
  std::deque<Pending> pending;
  std::vector<Fiber*> mbarrierWaiters;
};

// One launch, shared by its workers.
struct Launch {
  explicit Launch(const TopkitEmulateLaunch& given) : arguments(given) {}
  const TopkitEmulateLaunch& arguments;
  bool checked() const { return arguments.flags & TOPKIT_EMULATE_CHECKED; }
  std::uint32_t groups = 0;
  std::atomic<std::uint32_t> taken{0};
  std::atomic<bool> stop{false};
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  bool stopped() const { return stop.load(std::memory_order_relaxed); }
  // The first fault is the report; those after it may be its consequences.
  void fault(const std::string& what);
  std::string report;
  char beginOrder = 0, endOrder = 0;

 private:
  std::mutex lock_;
};

class Worker {
 public:
  Worker(Launch& launch, std::uint64_t seed);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs groups until there are none left, or a fault stops the launch.
  void run();

  Launch& launch;
  Random random;
  bool seeded() const { return launch.arguments.seed != 0; }

  // --- called on a fiber ---
  // The fiber waits: another one runs until somebody wakes it.
  void wait(Fiber& fiber, State state, const char* name, Place place, std::uint32_t mask = 0);
  // The fiber could go on, but lets others run first.
  void yield(Fiber& fiber);
  // At a random schedule's whim; more rarely at a plain access than at a synchronisation.
  void perhaps_yield(Fiber& fiber, std::uint32_t rarity = 1);
  [[noreturn]] void fail(Fiber& fiber, const std::string& what);
  [[noreturn]] void finish(Fiber& fiber);

  // From a signal handler: the report is made on the worker's own stack.
  [[noreturn]] void crash(int signal, const void* address, const void* instruction);

  void wake(Fiber& fiber);
  // A copy or store of the group, which has some under way, arrives.
  void land_one(Group& group);
  const std::vector<std::unique_ptr<Group>>& groups() const { return groups_; }

 private:
  bool start_group();
  void start_block(Block& block, std::uint32_t index);
  void finish_group(Group& group);
  void land_or_deadlock();
  void release_fiber(Fiber& fiber);
  Fiber* next();
  Warp* choose_warp();
  void drop_first();
  void leave(Fiber& fiber);
  Fiber* next_or_own();
  void go(Fiber& fiber, Fiber* following);
  void check_clock();

  Context main_;
  struct Crash {
    int signal = 0;
    const void* address = nullptr;
    const void* instruction = nullptr;
    Fiber* fiber = nullptr;
  } crash_;
  void report_crash();
  std::vector<std::unique_ptr<Group>> groups_;  // alive
  std::vector<std::unique_ptr<Group>> idle_;
  std::vector<Group*> ended_;
  std::deque<void*> retired_;  // race mode: contexts of fibers that ended
  std::vector<Warp*> ready_;
  std::size_t first_ = 0;
  std::uint32_t resident_ = 1;
  enum class Policy { inOrder, anyLane, wholeWarps, priorities } policy_ = Policy::inOrder;
  std::uint32_t yieldEvery_ = 0;
  std::uint64_t switches_ = 0;
};

// Plain words of static thread-local storage: kernels ask for their indices through them.
#ifdef __linux__
#define TOPKIT_EMU_THREAD_LOCAL __thread __attribute__((tls_model("initial-exec")))
#else
#define TOPKIT_EMU_THREAD_LOCAL __thread
#endif
extern TOPKIT_EMU_THREAD_LOCAL Worker* worker;
extern TOPKIT_EMU_THREAD_LOCAL Fiber* current;

// Where the fibers that wait do so, one line for each place.
std::string waiting_places(const Worker& worker);

// The parts of a thread's end that belong to the kinds of barriers: whoever waited for it waits no longer.
void warp_lane_ended(Warp& warp);
void block_thread_ended(Block& block);
void cluster_thread_ended(Group& group, Fiber& fiber);

// Completes an operation that is under way. False, with a fault, where it cannot be.
bool complete(Worker& worker, Group& group, const Pending& pending);

}  // namespace topkit_emulator
