// A device's primary context, retained for as long as a handle of the device or of anything made on it lives: closing the device first is
// fine, its children go on working, and the context is released with the last of them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "driver.h"
#include "handle.h"

namespace topkit {

struct DeviceProperties {
  int ordinal = 0;
  std::string name;
  int arch = 0;
  int multiprocessors = 0;
  std::size_t memoryBytes = 0;
  int l2Bytes = 0;
  int maxThreadsPerBlock = 0;
  int maxSharedBytes = 0;
  bool clusterLaunch = false;
};

/** Throws TK_NO_DEVICE where there is no such device. */
DeviceProperties PropertiesOf(const Driver& driver, int ordinal);

class Memory;
class Stream;

class Context {
 public:
  /** Retains the primary context of device `ordinal`. */
  explicit Context(int ordinal);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  const Driver& driver;
  const DeviceProperties properties;
  CUcontext handle = nullptr;
  /** One object for all who use it (Stream::Default); weak, because a stream holds its context. */
  std::weak_ptr<Stream> defaultStream;

  /**
   * The allocation of this context's handles that holds an address, or null for an address that others own. Throws TK_ARGUMENT where
   * it does and `bytes` run past its end.
   */
  std::shared_ptr<Memory> AllocationAt(CUdeviceptr address, std::size_t bytes, const char* name) const;

 private:
  friend class Memory;
  std::map<CUdeviceptr, std::weak_ptr<Memory>> allocations_;
};

/**
 * Makes a context current on this thread for a scope. Another library's context is put back at its end; where there was none, ours stays,
 * so that the next call finds it.
 */
class Current {
 public:
  explicit Current(const Context& context);
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;
  ~Current() {
    if (previous_ != nullptr) driver_.cuCtxSetCurrent(previous_);
  }

 private:
  const Driver& driver_;
  CUcontext previous_ = nullptr;
};

/** Runs what frees something, with its context current. Nothing can be done about a failure there, and none may leave a destructor. */
template <class F>
void Quietly(const Context& context, F release) noexcept {
  try {
    const Current current(context);
    release(context.driver);
  } catch (const Failure&) {
  }
}

/** Throws TK_HANDLE where two handles are of different devices. */
void RequireSameDevice(const Context& mine, const Context& other, const char* what);

/** Device memory. */
class Memory final : public Resource {
 public:
  static constexpr const char* kName = "NativeMemory";
  static constexpr napi_type_tag kTag = {0x6f1d2c5be0914a37, 0x9a64d7b3c20e58f1};
  static constexpr std::size_t kIndex = 1;

  static std::shared_ptr<Memory> Allocate(std::shared_ptr<Context> context, std::size_t bytes);
  Memory(std::shared_ptr<Context> context, CUdeviceptr pointer, std::size_t bytes) : context(std::move(context)), pointer(pointer), bytes(bytes) {}
  ~Memory() override;

  const std::shared_ptr<Context> context;
  const CUdeviceptr pointer;
  const std::size_t bytes;

  static void Define(Napi::Env env);
};

}  // namespace topkit
