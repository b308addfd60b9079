// The one error type of the C++ side. It is thrown by code of any thread, holds no JavaScript value, and becomes a NativeError
// (native/types.ts) where C++ returns to JavaScript.
#pragma once

#include <node_api.h>

#include <string>
#include <vector>

namespace topkit {

struct Failure {
  /** One of NativeError's codes; a literal. */
  const char* code;
  std::string message;
  /** Of a driver or NVRTC call that failed; empty otherwise. */
  std::string call = {};
  int status = 0;
  std::string statusName = {};
  /** The compiler's log, for TK_COMPILE. */
  std::string log = {};
};

inline Failure ArgumentFailure(std::string message) { return {"TK_ARGUMENT", std::move(message)}; }
inline Failure HandleFailure(std::string message) { return {"TK_HANDLE", std::move(message)}; }

/** The JavaScript Error; null where the environment can make none any more (it is being torn down). */
napi_value ToError(napi_env env, const Failure& failure);

/** What was looked for, where, and what came of it. */
struct TrailEntry {
  std::string source;
  std::string path;
  std::string outcome;
};
using Trail = std::vector<TrailEntry>;

napi_value ToArray(napi_env env, const Trail& trail);

}  // namespace topkit
