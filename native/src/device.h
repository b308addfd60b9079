// The device handle: what everything else of a GPU is made from.
#pragma once

#include "stream.h"

namespace topkit {

/** The plain object that native/types.ts calls DeviceInfo. */
Napi::Object Describe(Napi::Env env, const DeviceProperties& properties);

class Device final : public Resource {
 public:
  static constexpr const char* kName = "NativeDevice";
  static constexpr napi_type_tag kTag = {0x90c2f47d3e1b4865, 0xbd53a0e8741f9c26};
  static constexpr std::size_t kIndex = 0;

  explicit Device(int ordinal) : context(std::make_shared<Context>(ordinal)), defaultStream(Stream::Default(context)) {}

  const std::shared_ptr<Context> context;
  const std::shared_ptr<Stream> defaultStream;

  static void Define(Napi::Env env);
};

/** openDevice(ordinal) */
Napi::Value OpenDevice(const Napi::CallbackInfo& info);

/** driverInfo(): what there is, or why there is nothing; never throws for a missing driver. */
Napi::Value DriverInfo(const Napi::CallbackInfo& info);

}  // namespace topkit
