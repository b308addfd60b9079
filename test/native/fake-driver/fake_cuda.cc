// The fake driver (fake_cuda.h): devices, contexts, memory, modules.
#include "fake_cuda.h"

#include <memory>

namespace topkit {

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

}  // namespace topkit
