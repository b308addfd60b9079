// A kernel compiled for the emulator (native/emulator), loaded with the emulator's runtime into this process.
#pragma once

#include <string>

#include "handle.h"

namespace topkit {

struct EmulatorRuntime;

class EmulatedKernel final : public Resource {
 public:
  static constexpr const char* kName = "EmulatedKernel";
  static constexpr napi_type_tag kTag = {0x5b07c1e2d94f4a68, 0xb1f36a0987e24dc5};
  static constexpr std::size_t kIndex = 9;

  /** Loads the kernel's object; throws TK_EMULATOR. */
  EmulatedKernel(const EmulatorRuntime& runtime, const std::string& file, std::string symbol);
  ~EmulatedKernel() override;

  const EmulatorRuntime& runtime;
  const std::string symbol;
  void* function() const { return function_; }
  unsigned staticBytes() const { return static_bytes_; }

  static void Define(Napi::Env env);

 private:
  void* object_ = nullptr;
  void* function_ = nullptr;
  unsigned static_bytes_ = 0;
};

/** loadEmulatedKernel(runtime, object, symbol) */
Napi::Value LoadEmulatedKernel(const Napi::CallbackInfo& info);

}  // namespace topkit
