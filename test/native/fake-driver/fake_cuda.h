// A CUDA driver without a GPU, for the tests of the addon: every call of native/src/driver_calls.h. Here is its state; fake_cuda.cc has what is made on a
// device, fake_cuda_work.cc what runs there.
//
// - Device memory is host memory. Work on a stream is done at once; work on a capturing stream is kept and done at each launch of the graph.
// - A graph's kernel nodes run in the order they were added in, and each has to depend on the one before.
// - An image is text: one `kernel <symbol> <parameters>` a line. The kernel `store` writes its parameter 1 at the address in its parameter 0;
//   `trap` fails with an illegal address, and so does every later call; others do nothing.
// - TOPKIT_FAKE_LOG: a file that gets a line for each call. TOPKIT_FAKE_DEVICES: how many there are (1).
// - TOPKIT_FAKE_FAIL: comma-separated `<call>=<status>` or `<call>@<n>=<status>`, n counting the process's calls of that name from 1.
// - TOPKIT_FAKE_DELAY_MS: what synchronising takes.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "driver_calls.h"

namespace topkit {

struct CUctx_st {
  int device;
};
struct CUfunc_st {
  std::string name;
  std::size_t parameters;
  int maxDynamicShared = 48 * 1024;
};
struct CUmod_st {
  std::map<std::string, CUfunc_st> functions;
};
struct LaunchCall {
  CUfunc_st function;
  unsigned grid, block, cluster, shared;
  std::vector<std::uint64_t> values;
};
struct CUgraphNode_st {
  LaunchCall call;
};
/** Of a capture, or made of kernel nodes. */
struct CUgraph_st {
  std::vector<std::function<CUresult()>> work;
  std::list<CUgraphNode_st> nodes;
};
struct CUgraphExec_st {
  CUgraph graph;
  std::vector<std::function<CUresult()>> work;
  std::vector<std::pair<CUgraphNode, LaunchCall>> launches;
};
struct CUstream_st {
  CUgraph capture = nullptr;
};
struct CUevent_st {
  bool timing;
  bool recorded = false;
};

// All of it is leaked: worker threads may call while the process exits.
inline auto& mutex = *new std::recursive_mutex;
inline auto& counts = *new std::map<std::string, int>;
inline auto& allocations = *new std::map<CUdeviceptr, std::size_t>;
inline CUctx_st contexts[8] = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}};
inline int retained[8] = {};
inline auto& graphs = *new std::set<CUgraph>;
inline bool lost = false;
inline thread_local CUcontext current = nullptr;

inline void Log(const char* format, ...) {
  const char* path = std::getenv("TOPKIT_FAKE_LOG");
  if (path == nullptr) return;
  char line[512];
  va_list values;
  va_start(values, format);
  const int length = std::vsnprintf(line, sizeof line, format, values);
  va_end(values);
  static const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (write(file, line, static_cast<std::size_t>(length)) != length) std::abort();
}

/** What TOPKIT_FAKE_FAIL says of this call. */
inline CUresult Injected(const std::string& call) {
  const int number = ++counts[call];
  const char* spec = std::getenv("TOPKIT_FAKE_FAIL");
  std::stringstream entries(spec != nullptr ? spec : "");
  for (std::string entry; std::getline(entries, entry, ',');) {
    const std::size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    if (name == call || name == call + "@" + std::to_string(number)) return std::atoi(entry.c_str() + equals + 1);
  }
  return CUDA_SUCCESS;
}

inline void Delay() {
  if (const char* delay = std::getenv("TOPKIT_FAKE_DELAY_MS")) std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(delay)));
}

inline int Devices() {
  const char* count = std::getenv("TOPKIT_FAKE_DEVICES");
  return count != nullptr ? std::atoi(count) : 1;
}

inline bool Inside(CUdeviceptr address, std::size_t bytes) {
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin()) return false;
  --next;
  return address + bytes <= next->first + next->second;
}

inline CUresult Enqueue(CUstream stream, std::function<CUresult()> work) {
  if (stream != nullptr && stream->capture != nullptr) {
    stream->capture->work.push_back(std::move(work));
    return CUDA_SUCCESS;
  }
  return work();
}

#define FAKE extern "C" __attribute__((visibility("default")))

// Each call takes the lock, may be told to fail, is logged, and needs a context where the driver's does.
#define ENTER(call)                                                  \
  const std::lock_guard<std::recursive_mutex> lock(mutex);           \
  if (const CUresult injected = Injected(#call)) return injected;    \
  if (lost) return CUDA_ERROR_ILLEGAL_ADDRESS;                       \
  Log(#call "\n")
#define ENTER_CONTEXT(call) \
  ENTER(call);              \
  if (current == nullptr) return CUDA_ERROR_INVALID_CONTEXT

}  // namespace topkit
