// Reading arguments. Each function throws TK_ARGUMENT with what was given, what is allowed and what to do.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>

#include "failure.h"

namespace topkit {

/** An integer from `low` to `high`, both at most 2^53. */
std::int64_t Integer(Napi::Value value, const char* name, std::int64_t low, std::int64_t high);

/** Bytes, 0 to 2^53-1. */
std::size_t ByteCount(Napi::Value value, const char* name);

/** A bigint of 0 to 2^64-1: an address or a kernel parameter. */
std::uint64_t Unsigned64(napi_env env, napi_value value, const char* name);

/** A string without NUL characters. */
std::string CString(Napi::Value value, const char* name);

bool Boolean(Napi::Value value, const char* name);

Napi::Object ObjectOf(Napi::Value value, const char* name);

Napi::Array ArrayOf(Napi::Value value, const char* name);

struct View {
  void* data;
  std::size_t bytes;
  /** The ArrayBuffer or SharedArrayBuffer behind it. */
  napi_value buffer;
  /** PinMemory() of it. */
  std::shared_ptr<void> pin;
};

/** The memory of a typed array, Buffer or DataView of fixed length that is not detached. Runs no JavaScript of the caller's. */
View ViewOf(Napi::Value value, const char* name);

bool IsDetached(napi_env env, napi_value buffer);

}  // namespace topkit
