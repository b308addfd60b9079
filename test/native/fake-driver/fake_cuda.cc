// A CUDA driver without a GPU, for the tests of the addon: every call of native/src/driver_calls.h.
//
// - Device memory is host memory. Work on a stream is done at once; work on a capturing stream is kept and done at each launch of the graph.
// - An image is text: one `kernel <symbol> <parameters>` a line. The kernel `store` writes its parameter 1 at the address in its parameter 0;
//   `trap` fails with an illegal address, and so does every later call; others do nothing.
// - TOPKIT_FAKE_LOG: a file that gets a line for each call. TOPKIT_FAKE_DEVICES: how many there are (1).
// - TOPKIT_FAKE_FAIL: comma-separated `<call>=<status>` or `<call>@<n>=<status>`, n counting the process's calls of that name from 1.
// - TOPKIT_FAKE_DELAY_MS: what synchronising takes.
#include <atomic>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
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
struct CUgraph_st {
  std::vector<std::function<CUresult()>> work;
};
struct CUgraphExec_st {
  std::vector<std::function<CUresult()>> work;
};
struct CUstream_st {
  CUgraph capture = nullptr;
};
struct CUevent_st {
  bool timing;
  bool recorded = false;
};

namespace {

// All of it is leaked: worker threads may call while the process exits.
auto& mutex = *new std::recursive_mutex;
auto& counts = *new std::map<std::string, int>;
auto& allocations = *new std::map<CUdeviceptr, std::size_t>;
CUctx_st contexts[8] = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}};
int retained[8] = {};
bool lost = false;
thread_local CUcontext current = nullptr;

void Log(const char* format, ...) {
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
CUresult Injected(const std::string& call) {
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

void Delay() {
  if (const char* delay = std::getenv("TOPKIT_FAKE_DELAY_MS")) std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(delay)));
}

int Devices() {
  const char* count = std::getenv("TOPKIT_FAKE_DEVICES");
  return count != nullptr ? std::atoi(count) : 1;
}

bool Inside(CUdeviceptr address, std::size_t bytes) {
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin()) return false;
  --next;
  return address + bytes <= next->first + next->second;
}

CUresult Enqueue(CUstream stream, std::function<CUresult()> work) {
  if (stream != nullptr && stream->capture != nullptr) {
    stream->capture->work.push_back(std::move(work));
    return CUDA_SUCCESS;
  }
  return work();
}

CUresult Execute(const CUfunc_st& function, const std::vector<std::uint64_t>& values) {
  if (function.name == "trap") {
    lost = true;
    return CUDA_SUCCESS;
  }
  if (function.name == "store") {
    if (!Inside(values[0], 8)) {
      lost = true;
      return CUDA_SUCCESS;
    }
    std::memcpy(reinterpret_cast<void*>(values[0]), &values[1], 8);
  }
  return CUDA_SUCCESS;
}

CUresult Launch(CUfunction function, unsigned grid, unsigned block, unsigned cluster, unsigned shared, CUstream stream, void** parameters) {
  std::vector<std::uint64_t> values;
  std::string text;
  for (std::size_t i = 0; i < function->parameters; ++i) {
    values.push_back(*static_cast<std::uint64_t*>(parameters[i]));
    text += " " + std::to_string(values.back());
  }
  Log("launch %s grid=%u block=%u cluster=%u shared=%u stream=%p%s values=%s\n", function->name.c_str(), grid, block, cluster, shared, static_cast<void*>(stream),
      stream != nullptr && stream->capture != nullptr ? " captured" : "", text.c_str() + (text.empty() ? 0 : 1));
  return Enqueue(stream, [function = *function, values] { return Execute(function, values); });
}

}  // namespace

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

FAKE CUresult cuInit(unsigned) {
  ENTER(cuInit);
  return Devices() > 0 ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}
FAKE CUresult cuDriverGetVersion(int* version) {
  ENTER(cuDriverGetVersion);
  *version = 12080;
  return CUDA_SUCCESS;
}
FAKE CUresult cuGetErrorName(CUresult status, const char** name) {
  switch (status) {
    case CUDA_ERROR_OUT_OF_MEMORY:
      *name = "CUDA_ERROR_OUT_OF_MEMORY";
      return CUDA_SUCCESS;
    case CUDA_ERROR_NO_DEVICE:
      *name = "CUDA_ERROR_NO_DEVICE";
      return CUDA_SUCCESS;
    case CUDA_ERROR_ILLEGAL_ADDRESS:
      *name = "CUDA_ERROR_ILLEGAL_ADDRESS";
      return CUDA_SUCCESS;
    case CUDA_ERROR_INVALID_IMAGE:
      *name = "CUDA_ERROR_INVALID_IMAGE";
      return CUDA_SUCCESS;
    case CUDA_ERROR_NOT_FOUND:
      *name = "CUDA_ERROR_NOT_FOUND";
      return CUDA_SUCCESS;
    default:
      *name = nullptr;
      return CUDA_ERROR_INVALID_VALUE;
  }
}
FAKE CUresult cuGetErrorString(CUresult status, const char** text) {
  static thread_local std::string said;
  said = "the fake driver's text of " + std::to_string(status);
  *text = said.c_str();
  return CUDA_SUCCESS;
}
FAKE CUresult cuDeviceGetCount(int* count) {
  ENTER(cuDeviceGetCount);
  *count = Devices();
  return CUDA_SUCCESS;
}
FAKE CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  ENTER(cuDeviceGet);
  *device = ordinal;
  return ordinal < Devices() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
FAKE CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  ENTER(cuDeviceGetName);
  std::snprintf(name, static_cast<std::size_t>(length), "Fake GPU %d", device);
  return CUDA_SUCCESS;
}
FAKE CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice) {
  ENTER(cuDeviceGetAttribute);
  static const std::map<int, int> values = {{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 9},
                                            {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0},
                                            {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 132},
                                            {CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 50 << 20},
                                            {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
                                            {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 227 * 1024},
                                            {CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, 1}};
  const auto found = values.find(attribute);
  if (found == values.end()) return CUDA_ERROR_INVALID_VALUE;
  *value = found->second;
  return CUDA_SUCCESS;
}
FAKE CUresult cuDeviceTotalMem_v2(std::size_t* bytes, CUdevice) {
  ENTER(cuDeviceTotalMem_v2);
  *bytes = std::size_t{1} << 37;
  return CUDA_SUCCESS;
}
FAKE CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  ENTER(cuDevicePrimaryCtxRetain);
  *context = &contexts[device];
  ++retained[device];
  return CUDA_SUCCESS;
}
FAKE CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  ENTER(cuDevicePrimaryCtxRelease_v2);
  return --retained[device] >= 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}
FAKE CUresult cuCtxGetCurrent(CUcontext* context) {
  *context = current;
  return CUDA_SUCCESS;
}
FAKE CUresult cuCtxSetCurrent(CUcontext context) {
  ENTER(cuCtxSetCurrent);
  current = context;
  return CUDA_SUCCESS;
}
FAKE CUresult cuCtxSynchronize() {
  Delay();
  ENTER_CONTEXT(cuCtxSynchronize);
  return CUDA_SUCCESS;
}
FAKE CUresult cuMemAlloc_v2(CUdeviceptr* pointer, std::size_t bytes) {
  ENTER_CONTEXT(cuMemAlloc_v2);
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  if (bytes > (std::size_t{1} << 33)) return CUDA_ERROR_OUT_OF_MEMORY;
  *pointer = reinterpret_cast<CUdeviceptr>(std::malloc(bytes));
  allocations[*pointer] = bytes;
  return CUDA_SUCCESS;
}
FAKE CUresult cuMemFree_v2(CUdeviceptr pointer) {
  ENTER_CONTEXT(cuMemFree_v2);
  if (allocations.erase(pointer) == 0) return CUDA_ERROR_INVALID_VALUE;
  std::free(reinterpret_cast<void*>(pointer));
  return CUDA_SUCCESS;
}
FAKE CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void* source, std::size_t bytes, CUstream stream) {
  ENTER_CONTEXT(cuMemcpyHtoDAsync_v2);
  if (!Inside(destination, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return Enqueue(stream, [=] { return std::memcpy(reinterpret_cast<void*>(destination), source, bytes), CUDA_SUCCESS; });
}
FAKE CUresult cuMemcpyDtoHAsync_v2(void* destination, CUdeviceptr source, std::size_t bytes, CUstream stream) {
  ENTER_CONTEXT(cuMemcpyDtoHAsync_v2);
  if (!Inside(source, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return Enqueue(stream, [=] { return std::memcpy(destination, reinterpret_cast<void*>(source), bytes), CUDA_SUCCESS; });
}
FAKE CUresult cuMemsetD8Async(CUdeviceptr destination, unsigned char byte, std::size_t bytes, CUstream stream) {
  ENTER_CONTEXT(cuMemsetD8Async);
  if (!Inside(destination, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return Enqueue(stream, [=] { return std::memset(reinterpret_cast<void*>(destination), byte, bytes), CUDA_SUCCESS; });
}
FAKE CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count, int* options, void** values) {
  ENTER_CONTEXT(cuModuleLoadDataEx);
  auto loaded = std::make_unique<CUmod_st>();
  std::stringstream lines(static_cast<const char*>(image));
  for (std::string line; std::getline(lines, line);) {
    std::stringstream words(line);
    std::string keyword, name;
    std::size_t parameters = 0;
    if (!(words >> keyword)) continue;
    if (keyword != "kernel" || !(words >> name >> parameters)) {
      for (unsigned i = 0; i < count; ++i) {
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER) std::strcpy(static_cast<char*>(values[i]), ("bad line: " + line).c_str());
      }
      return CUDA_ERROR_INVALID_IMAGE;
    }
    loaded->functions[name] = {name, parameters};
  }
  *module = loaded.release();
  return CUDA_SUCCESS;
}
FAKE CUresult cuModuleUnload(CUmodule module) {
  ENTER_CONTEXT(cuModuleUnload);
  delete module;
  return CUDA_SUCCESS;
}
FAKE CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  ENTER_CONTEXT(cuModuleGetFunction);
  const auto found = module->functions.find(name);
  if (found == module->functions.end()) return CUDA_ERROR_NOT_FOUND;
  *function = &found->second;
  return CUDA_SUCCESS;
}
FAKE CUresult cuFuncGetAttribute(int* value, int attribute, CUfunction function) {
  ENTER_CONTEXT(cuFuncGetAttribute);
  switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      *value = 512;
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
      *value = 40;
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      *value = function->maxDynamicShared;
      return CUDA_SUCCESS;
    default:
      *value = 0;
      return CUDA_SUCCESS;
  }
}
FAKE CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value) {
  ENTER_CONTEXT(cuFuncSetAttribute);
  if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) function->maxDynamicShared = value;
  return CUDA_SUCCESS;
}
FAKE CUresult cuStreamCreate(CUstream* stream, unsigned) {
  ENTER_CONTEXT(cuStreamCreate);
  *stream = new CUstream_st;
  return CUDA_SUCCESS;
}
FAKE CUresult cuStreamDestroy_v2(CUstream stream) {
  ENTER_CONTEXT(cuStreamDestroy_v2);
  delete stream;
  return CUDA_SUCCESS;
}
FAKE CUresult cuStreamSynchronize(CUstream stream) {
  Delay();
  ENTER_CONTEXT(cuStreamSynchronize);
  return stream != nullptr && stream->capture != nullptr ? 900 : CUDA_SUCCESS;
}
FAKE CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  ENTER_CONTEXT(cuStreamWaitEvent);
  Log("wait stream=%p event=%p\n", static_cast<void*>(stream), static_cast<void*>(event));
  return stream != nullptr && stream->capture != nullptr ? 905 : CUDA_SUCCESS;
}
FAKE CUresult cuStreamBeginCapture_v2(CUstream stream, int) {
  ENTER_CONTEXT(cuStreamBeginCapture_v2);
  stream->capture = new CUgraph_st;
  return CUDA_SUCCESS;
}
FAKE CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  ENTER_CONTEXT(cuStreamEndCapture);
  *graph = stream->capture;
  stream->capture = nullptr;
  return CUDA_SUCCESS;
}
FAKE CUresult cuEventCreate(CUevent* event, unsigned flags) {
  ENTER_CONTEXT(cuEventCreate);
  *event = new CUevent_st{(flags & CU_EVENT_DISABLE_TIMING) == 0};
  return CUDA_SUCCESS;
}
FAKE CUresult cuEventDestroy_v2(CUevent event) {
  ENTER_CONTEXT(cuEventDestroy_v2);
  delete event;
  return CUDA_SUCCESS;
}
FAKE CUresult cuEventRecord(CUevent event, CUstream stream) {
  ENTER_CONTEXT(cuEventRecord);
  Log("record stream=%p event=%p\n", static_cast<void*>(stream), static_cast<void*>(event));
  event->recorded = true;
  return stream != nullptr && stream->capture != nullptr ? 907 : CUDA_SUCCESS;
}
FAKE CUresult cuEventSynchronize(CUevent) {
  ENTER_CONTEXT(cuEventSynchronize);
  return CUDA_SUCCESS;
}
FAKE CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  ENTER_CONTEXT(cuEventElapsedTime);
  *milliseconds = 1.5F;
  return start->timing && end->timing && start->recorded && end->recorded ? CUDA_SUCCESS : 400;
}
FAKE CUresult cuLaunchKernel(CUfunction function, unsigned grid, unsigned, unsigned, unsigned block, unsigned, unsigned, unsigned shared, CUstream stream,
                             void** parameters, void**) {
  ENTER_CONTEXT(cuLaunchKernel);
  return Launch(function, grid, block, 1, shared, stream, parameters);
}
FAKE CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode*, std::size_t* count) {
  ENTER_CONTEXT(cuGraphGetNodes);
  *count = graph->work.size();
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long) {
  ENTER_CONTEXT(cuGraphInstantiateWithFlags);
  *exec = new CUgraphExec_st{graph->work};
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  ENTER_CONTEXT(cuGraphLaunch);
  Log("graph stream=%p\n", static_cast<void*>(stream));
  for (const auto& work : exec->work) work();
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphExecDestroy(CUgraphExec exec) {
  ENTER_CONTEXT(cuGraphExecDestroy);
  delete exec;
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphDestroy(CUgraph graph) {
  ENTER_CONTEXT(cuGraphDestroy);
  delete graph;
  return CUDA_SUCCESS;
}

#ifndef TOPKIT_FAKE_OLD
FAKE CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** parameters, void**) {
  ENTER_CONTEXT(cuLaunchKernelEx);
  return Launch(function, config->gridDimX, config->blockDimX, config->attrs[0].value.clusterDim.x, config->sharedMemBytes, config->hStream, parameters);
}
FAKE CUresult cuFuncGetParamInfo(CUfunction function, std::size_t index, std::size_t* offset, std::size_t* bytes) {
  ENTER_CONTEXT(cuFuncGetParamInfo);
  if (index >= function->parameters) return CUDA_ERROR_INVALID_VALUE;
  *offset = index * 8;
  *bytes = 8;
  return CUDA_SUCCESS;
}
#endif

}  // namespace topkit
