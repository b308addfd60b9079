#include "pin.h"

#include <dlfcn.h>

namespace v8 {
class BackingStore;
}

namespace topkit {
namespace {

/**
 * v8::ArrayBuffer::GetBackingStore() const, under the name that every Node since 14 exports. Looked up by that name, so that the addon is
 * linked to no version of V8. A member function takes its object as a free one takes its first argument; a napi_value is the pointer
 * that a v8::Local holds (node's js_native_api_v8.h).
 */
using GetBackingStore = std::shared_ptr<v8::BackingStore> (*)(napi_value buffer);

GetBackingStore Find() { return reinterpret_cast<GetBackingStore>(dlsym(RTLD_DEFAULT, "_ZN2v811ArrayBuffer15GetBackingStoreEv")); }

}  // namespace

std::shared_ptr<void> PinMemory(napi_env env, napi_value buffer) {
  static const GetBackingStore get = Find();
  bool plain = false;
  if (get == nullptr || napi_is_arraybuffer(env, buffer, &plain) != napi_ok || !plain) return nullptr;
  return get(buffer);
}

}  // namespace topkit
