// A loop whose iterations run on several threads.
#pragma once
#include <cstddef>
#include <functional>

namespace topkit::cpu {

// Calls `worker(next)` on the calling thread and on up to threads-1 others, made for this call; next() gives each of 0 .. tasks-1 once, then
// `tasks`. Threads that cannot be made are done without. Rethrows the first exception, after all threads have ended.
//
// Threads are not kept between calls: a thread that outlives the addon (a worker unloads it) would run unmapped code, and making one costs some
// microseconds, which a task that is worth a thread dwarfs.
void parallel_tasks(size_t threads, size_t tasks, const std::function<void(const std::function<size_t()>& next)>& worker);

// Cores that this process may use, at least 1.
size_t core_count();

}  // namespace topkit::cpu
