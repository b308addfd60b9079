// Copies between host and device, and waits: all on the thread pool, each settled when the device is done.
#pragma once

#include "arguments.h"
#include "stream.h"

namespace topkit {

/** `bytes` of the host view `array`, named in errors, to or from a device address. */
Napi::Value Upload(const std::shared_ptr<Stream>& stream, CUdeviceptr destination, Napi::Value array);
Napi::Value Download(const std::shared_ptr<Stream>& stream, Napi::Value array, CUdeviceptr source);

Napi::Value Fill(Napi::Env env, const std::shared_ptr<Stream>& stream, CUdeviceptr destination, unsigned char byte, std::size_t bytes);

Napi::Value SynchronizeStream(Napi::Env env, const std::shared_ptr<Stream>& stream);

/** Waits for all of the context's streams. */
Napi::Value SynchronizeContext(Napi::Env env, const std::shared_ptr<Context>& context);

}  // namespace topkit
