// Keeping the memory of an ArrayBuffer, where Node-API can keep only the ArrayBuffer.
#pragma once

#include <node_api.h>

#include <memory>

namespace topkit {

/**
 * A share in the memory of an ArrayBuffer, which then stays even if the buffer is detached and its new owner collected. Null for shared
 * memory, which is never detached, and where the engine is not a V8 that shares: there nothing but the caller's care keeps it.
 */
std::shared_ptr<void> PinMemory(napi_env env, napi_value buffer);

}  // namespace topkit
