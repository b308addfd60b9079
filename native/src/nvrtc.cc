#include "nvrtc.h"

#include <dlfcn.h>

#include <cstdlib>

#include "arguments.h"
#include "nvrtc_signals.h"

namespace topkit {
namespace {

std::string LoaderError() {
  const char* text = dlerror();
  return text != nullptr ? text : "the loader gave no reason";
}

std::string FileOf(void* symbol, const std::string& name) {
  Dl_info where{};
  if (dladdr(symbol, &where) == 0 || where.dli_fname == nullptr) return name;
  char* resolved = realpath(where.dli_fname, nullptr);
  std::string path = resolved != nullptr ? resolved : where.dli_fname;
  std::free(resolved);
  return path;
}

/**
 * NVRTC opens libnvrtc-builtins by itself, at the first compilation. Opening it here tells early where it is missing, and lets NVRTC
 * find it by its name even if it would not have looked beside itself.
 */
bool OpenBuiltins(const Nvrtc& nvrtc) {
  const std::string file = "libnvrtc-builtins.so." + nvrtc.Version();
  const std::string folder = nvrtc.path.substr(0, nvrtc.path.rfind('/') + 1);
  return dlopen((folder + file).c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr || dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr;
}

}  // namespace

std::shared_ptr<Nvrtc> OpenNvrtc(const std::string& name, std::string& outcome) {
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    outcome = LoaderError();
    return nullptr;
  }
  auto nvrtc = std::make_shared<Nvrtc>();
  const char* missing = nullptr;
#define TOPKIT_RESOLVE(call, parameters)                                                       \
  nvrtc->call = reinterpret_cast<nvrtcResult(*) parameters>(dlsym(library, #call));            \
  if (nvrtc->call == nullptr && missing == nullptr) missing = #call;
  TOPKIT_NVRTC_CALLS(TOPKIT_RESOLVE)
#undef TOPKIT_RESOLVE
  nvrtc->nvrtcGetErrorString = reinterpret_cast<const char* (*)(nvrtcResult)>(dlsym(library, "nvrtcGetErrorString"));
  if (nvrtc->nvrtcGetErrorString == nullptr && missing == nullptr) missing = "nvrtcGetErrorString";
  if (missing != nullptr) {
    outcome = std::string("too old (before 11.2), or not NVRTC: it lacks ") + missing;
    return nullptr;
  }
  int count = 0;
  if (nvrtc->nvrtcVersion(&nvrtc->major, &nvrtc->minor) != 0 || nvrtc->nvrtcGetNumSupportedArchs(&count) != 0 || count < 0) {
    outcome = "it does not tell its version";
    return nullptr;
  }
  nvrtc->arches.resize(static_cast<std::size_t>(count));
  if (count > 0 && nvrtc->nvrtcGetSupportedArchs(nvrtc->arches.data()) != 0) nvrtc->arches.clear();
  nvrtc->path = FileOf(reinterpret_cast<void*>(nvrtc->nvrtcVersion), name);
  if (!OpenBuiltins(*nvrtc)) {
    outcome = "version " + nvrtc->Version() + ", but libnvrtc-builtins.so." + nvrtc->Version() + " is not beside it: it cannot compile";
    return nullptr;
  }
  KeepSignalsFrom(reinterpret_cast<const void*>(nvrtc->nvrtcVersion));
  outcome = "version " + nvrtc->Version();
  return nvrtc;
}

Napi::Value NvrtcInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const NvrtcSearch search = FindNvrtc(!info[0].IsUndefined() && Boolean(info[0], "refresh"));
  Napi::Object result = Napi::Object::New(env);
  result.Set("ok", search.found != nullptr);
  if (search.found) {
    Napi::Array version = Napi::Array::New(env);
    version.Set(0u, search.found->major);
    version.Set(1u, search.found->minor);
    Napi::Array arches = Napi::Array::New(env);
    for (std::size_t i = 0; i < search.found->arches.size(); ++i) arches.Set(static_cast<std::uint32_t>(i), search.found->arches[i]);
    result.Set("version", version);
    result.Set("path", search.found->path);
    result.Set("arches", arches);
  } else {
    result.Set("reason", search.reason);
  }
  result.Set("trail", Napi::Value(env, ToArray(env, search.trail)));
  return result;
}

}  // namespace topkit
