// Host memory with an address that JavaScript may pass on, of any size: an ArrayBuffer stops at 4 GiB.
#pragma once

#include "handle.h"

namespace topkit {

class HostMemory final : public Resource {
 public:
  static constexpr const char* kName = "HostMemory";
  static constexpr napi_type_tag kTag = {0x2f81d5b60ca34e97, 0x8c6be90f41d7a352};
  static constexpr std::size_t kIndex = 8;

  /** Zeroed; throws TK_MEMORY. */
  explicit HostMemory(std::size_t bytes);
  ~HostMemory() override;

  const std::size_t bytes;
  /** Aligned to 64 bytes. */
  void* data() const { return data_; }

  static void Define(Napi::Env env);

 private:
  void* allocation_ = nullptr;
  void* data_ = nullptr;
};

/** allocateHost(bytes) */
Napi::Value AllocateHost(const Napi::CallbackInfo& info);

}  // namespace topkit
