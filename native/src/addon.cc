// The addon's entry: native/types.ts, NativeAddon. Loaded once for each environment; what a process has once (the driver, NVRTC) is
// behind mutexes, everything else belongs to the environment that made it.
#include <napi.h>

#include "cpu/cpu_sample.h"
#include "cpu/cpu_topk.h"
#include "device.h"
#include "emulated_kernel.h"
#include "event.h"
#include "graph.h"
#include "host_memory.h"
#include "nvrtc.h"

namespace topkit {
namespace {

using Body = Napi::Value (*)(const Napi::CallbackInfo&);

template <Body body>
napi_value Sync(napi_env env, napi_callback_info raw) {
  return Guard(env, [&]() -> napi_value { return body(Napi::CallbackInfo(env, raw)); });
}

template <Body body>
napi_value Async(napi_env env, napi_callback_info raw) {
  return GuardAsync(env, [&]() -> napi_value { return body(Napi::CallbackInfo(env, raw)); });
}

void Export(Napi::Env env, Napi::Object exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) != napi_ok) throw Napi::Error::New(env);
  exports.Set(name, Napi::Value(env, function));
}

/** Before any code of the caller's can change it. */
napi_ref ResizableGetter(Napi::Env env) {
  const Napi::Object global = env.Global();
  const Napi::Object prototype = global.Get("ArrayBuffer").As<Napi::Object>().Get("prototype").As<Napi::Object>();
  const Napi::Function describe = global.Get("Object").As<Napi::Object>().Get("getOwnPropertyDescriptor").As<Napi::Function>();
  const Napi::Value found = describe.Call({prototype, Napi::String::New(env, "resizable")});
  napi_ref reference = nullptr;
  if (found.IsObject() && napi_create_reference(env, found.As<Napi::Object>().Get("get"), 1, &reference) != napi_ok) throw Napi::Error::New(env);
  return reference;
}

Napi::Object Initialise(Napi::Env env, Napi::Object exports) {
  auto* data = new EnvironmentData;
  env.SetInstanceData<EnvironmentData>(data);
  data->resizable = ResizableGetter(env);
  Device::Define(env);
  Memory::Define(env);
  Stream::Define(env);
  Event::Define(env);
  Module::Define(env);
  Function::Define(env);
  LaunchList::Define(env);
  Graph::Define(env);
  HostMemory::Define(env);
  EmulatedKernel::Define(env);

  exports.Set("version", TOPKIT_VERSION);
  Export(env, exports, "driverInfo", Sync<DriverInfo>);
  Export(env, exports, "nvrtcInfo", Sync<NvrtcInfo>);
  Export(env, exports, "openDevice", Sync<OpenDevice>);
  Export(env, exports, "compile", Async<Compile>);
  Export(env, exports, "allocateHost", Sync<AllocateHost>);
  Export(env, exports, "cpuTopk", Async<CpuTopk>);
  Export(env, exports, "cpuSample", Async<CpuSample>);
  Export(env, exports, "loadEmulatedKernel", Sync<LoadEmulatedKernel>);
  return exports;
}

}  // namespace
}  // namespace topkit

static Napi::Object Initialise(Napi::Env env, Napi::Object exports) { return topkit::Initialise(env, exports); }

NODE_API_MODULE(topkit, Initialise)
