#include "context.h"

#include <algorithm>

namespace topkit {
namespace {

int Attribute(const Driver& driver, CUdevice device, int attribute) {
  int value = 0;
  CU(driver, cuDeviceGetAttribute, &value, attribute, device);
  return value;
}

Napi::Value PointerOf(const Napi::CallbackInfo& info, const Handle<Memory>::Slot& self) { return Napi::BigInt::New(info.Env(), self->pointer); }

CUdevice DeviceOf(const Driver& driver, int ordinal) {
  CUdevice device = 0;
  CU(driver, cuDeviceGet, &device, ordinal);
  return device;
}

}  // namespace

DeviceProperties PropertiesOf(const Driver& driver, int ordinal) {
  int count = 0;
  CU(driver, cuDeviceGetCount, &count);
  if (count == 0) throw Failure{"TK_NO_DEVICE", "the CUDA driver sees no GPU; check nvidia-smi and CUDA_VISIBLE_DEVICES, or use backend \"cpu\""};
  if (ordinal >= count) {
    throw Failure{"TK_NO_DEVICE", "device " + std::to_string(ordinal) + " was asked for; allowed: 0 to " + std::to_string(count - 1) +
                                      " (CUDA_VISIBLE_DEVICES changes which GPUs are seen, and their numbers)"};
  }
  const CUdevice device = DeviceOf(driver, ordinal);
  DeviceProperties properties;
  char name[256] = {};
  CU(driver, cuDeviceGetName, name, sizeof name - 1, device);
  CU(driver, cuDeviceTotalMem_v2, &properties.memoryBytes, device);
  properties.ordinal = ordinal;
  properties.name = name;
  properties.arch =
      10 * Attribute(driver, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) + Attribute(driver, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  properties.multiprocessors = Attribute(driver, device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  properties.l2Bytes = Attribute(driver, device, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
  properties.maxThreadsPerBlock = Attribute(driver, device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  properties.maxSharedBytes = Attribute(driver, device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  // The attribute is unknown to drivers before 11.8, which cannot launch clusters either.
  int cluster = 0;
  properties.clusterLaunch = driver.cuLaunchKernelEx != nullptr &&
                             driver.cuDeviceGetAttribute(&cluster, CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, device) == CUDA_SUCCESS && cluster != 0;
  return properties;
}

Context::Context(int ordinal) : driver(Driver::Get()), properties(PropertiesOf(driver, ordinal)) {
  CU(driver, cuDevicePrimaryCtxRetain, &handle, DeviceOf(driver, ordinal));
}

Context::~Context() {
  CUcontext current = nullptr;
  if (driver.cuCtxGetCurrent(&current) == CUDA_SUCCESS && current == handle) driver.cuCtxSetCurrent(nullptr);
  CUdevice device = 0;
  if (driver.cuDeviceGet(&device, properties.ordinal) == CUDA_SUCCESS) driver.cuDevicePrimaryCtxRelease_v2(device);
}

std::shared_ptr<Memory> Context::AllocationAt(CUdeviceptr address, std::size_t bytes, const char* name) const {
  auto next = allocations_.upper_bound(address);
  if (next == allocations_.begin()) return nullptr;
  std::shared_ptr<Memory> memory = std::prev(next)->second.lock();
  if (!memory || address - memory->pointer >= std::max<std::size_t>(memory->bytes, 1)) return nullptr;
  const std::size_t room = memory->bytes - (address - memory->pointer);
  if (bytes > room) {
    throw ArgumentFailure(std::string(name) + " has " + std::to_string(room) + " bytes up to the end of its allocation of " + std::to_string(memory->bytes) +
                          "; " + std::to_string(bytes) + " were asked for; pass a smaller array or allocate more");
  }
  return memory;
}

Current::Current(const Context& context) : driver_(context.driver) {
  CUcontext current = nullptr;
  CU(driver_, cuCtxGetCurrent, &current);
  if (current == context.handle) return;
  CU(driver_, cuCtxSetCurrent, context.handle);
  previous_ = current;
}

void RequireSameDevice(const Context& mine, const Context& other, const char* what) {
  if (mine.handle == other.handle) return;
  throw HandleFailure(std::string(what) + " belongs to device " + std::to_string(other.properties.ordinal) + ", this handle to device " +
                      std::to_string(mine.properties.ordinal) + "; use handles of one device together");
}

std::shared_ptr<Memory> Memory::Allocate(std::shared_ptr<Context> context, std::size_t bytes) {
  CUdeviceptr pointer = 0;
  {
    const Current current(*context);
    // The driver refuses 0 bytes; an empty tensor still has an address.
    Check(context->driver, context->driver.cuMemAlloc_v2(&pointer, std::max<std::size_t>(bytes, 1)), "cuMemAlloc_v2",
          "allocating " + std::to_string(bytes) + " bytes on device " + std::to_string(context->properties.ordinal));
  }
  auto memory = std::make_shared<Memory>(context, pointer, bytes);
  context->allocations_.emplace(pointer, memory);
  return memory;
}

Memory::~Memory() {
  context->allocations_.erase(pointer);
  Quietly(*context, [this](const Driver& driver) { driver.cuMemFree_v2(pointer); });
}

void Memory::Define(Napi::Env env) {
  using Self = Handle<Memory>;
  Self::Define(env, {Self::Getter("pointer", Self::Method<PointerOf>), Self::Function("close", Self::Close)});
}

}  // namespace topkit
