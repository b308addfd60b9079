#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace topkit::cpu {

void parallel_tasks(size_t threads, size_t tasks, const std::function<void(const std::function<size_t()>& next)>& worker) {
  std::atomic<size_t> given{0};
  std::mutex failure_lock;
  std::exception_ptr failure;

  const std::function<size_t()> next = [&]() -> size_t { return std::min(given.fetch_add(1, std::memory_order_relaxed), tasks); };
  const auto guarded = [&]() {
    try {
      worker(next);
    } catch (...) {
      given.store(tasks, std::memory_order_relaxed);
      const std::lock_guard<std::mutex> hold(failure_lock);
      if (!failure) failure = std::current_exception();
    }
  };

  std::vector<std::thread> others;
  const size_t wanted = std::min(threads, tasks);
  if (wanted > 1) others.reserve(wanted - 1);
  try {
    while (others.size() + 1 < wanted) others.emplace_back(guarded);
  } catch (const std::system_error&) {
    // a limit on processes: the threads that there are do all the work
  }
  guarded();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
}

size_t core_count() { return std::max(1u, std::thread::hardware_concurrency()); }

}  // namespace topkit::cpu
