// NVRTC, NVIDIA's run-time compiler: found by nvrtc_search.cc, opened at the first use and never closed.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "failure.h"

namespace topkit {

using nvrtcResult = int;
using nvrtcProgram = struct _nvrtcProgram*;

// clang-format off
#define TOPKIT_NVRTC_CALLS(X)                                                                                                     \
  X(nvrtcVersion, (int* major, int* minor))                                                                                       \
  X(nvrtcGetNumSupportedArchs, (int* count))                                                                                      \
  X(nvrtcGetSupportedArchs, (int* arches))                                                                                        \
  X(nvrtcCreateProgram, (nvrtcProgram* program, const char* source, const char* name, int headers, const char* const* texts,      \
                         const char* const* includeNames))                                                                        \
  X(nvrtcDestroyProgram, (nvrtcProgram* program))                                                                                 \
  X(nvrtcCompileProgram, (nvrtcProgram program, int count, const char* const* options))                                           \
  X(nvrtcGetProgramLogSize, (nvrtcProgram program, std::size_t* bytes))                                                           \
  X(nvrtcGetProgramLog, (nvrtcProgram program, char* log))                                                                        \
  X(nvrtcGetCUBINSize, (nvrtcProgram program, std::size_t* bytes))                                                                \
  X(nvrtcGetCUBIN, (nvrtcProgram program, char* cubin))                                                                           \
  X(nvrtcGetPTXSize, (nvrtcProgram program, std::size_t* bytes))                                                                  \
  X(nvrtcGetPTX, (nvrtcProgram program, char* ptx))
// clang-format on

struct Nvrtc {
#define TOPKIT_DECLARE(name, parameters) nvrtcResult(*name) parameters = nullptr;
  TOPKIT_NVRTC_CALLS(TOPKIT_DECLARE)
#undef TOPKIT_DECLARE
  const char* (*nvrtcGetErrorString)(nvrtcResult status) = nullptr;

  int major = 0;
  int minor = 0;
  std::vector<int> arches;
  std::string path;

  /** The Hopper kernels need the PTX of 12.8; older compilers serve what they can. */
  bool IsRecent() const { return major > 12 || (major == 12 && minor >= 8); }
  bool IsNewerThan(const Nvrtc& other) const { return major > other.major || (major == other.major && minor > other.minor); }
  std::string Version() const { return std::to_string(major) + "." + std::to_string(minor); }
};

struct NvrtcSearch {
  /** Null where none was found. */
  std::shared_ptr<const Nvrtc> found;
  Trail trail;
  /** Why, where none was found. */
  std::string reason;
};

/** Opens a library by path or by the loader's name. Returns null and says why in `outcome`; otherwise `outcome` is its version. */
std::shared_ptr<Nvrtc> OpenNvrtc(const std::string& name, std::string& outcome);

/** Searches once a process, or again. Any thread. */
NvrtcSearch FindNvrtc(bool refresh);

/** nvrtcInfo(refresh) */
Napi::Value NvrtcInfo(const Napi::CallbackInfo& info);

/** compile(source, name, arch, options) */
Napi::Value Compile(const Napi::CallbackInfo& info);

}  // namespace topkit
