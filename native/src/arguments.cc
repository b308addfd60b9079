#include "arguments.h"

#include <cmath>

#include "handle.h"
#include "pin.h"

namespace topkit {
namespace {

constexpr std::int64_t kMaxSafe = (std::int64_t{1} << 53) - 1;

std::string Shown(Napi::Value value) {
  switch (value.Type()) {
    case napi_number:
    case napi_boolean:
    case napi_undefined:
    case napi_null:
      return value.ToString().Utf8Value();
    case napi_bigint:
      return value.ToString().Utf8Value() + "n";
    case napi_string:
      return "the string \"" + value.As<Napi::String>().Utf8Value().substr(0, 60) + "\"";
    case napi_function:
      return "a function";
    case napi_symbol:
      return "a symbol";
    default:
      return value.IsArray() ? "an array" : "an object";
  }
}

Failure Wrong(Napi::Value value, const char* name, const std::string& allowed) {
  return ArgumentFailure(std::string(name) + " is " + Shown(value) + "; allowed: " + allowed);
}

/** Bytes an element; 0 for a kind this code does not know. */
std::size_t ElementBytes(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
    default:
      return 0;
  }
}

/** Asks V8's own getter: a property of that name on the buffer itself may say anything, and do anything. */
bool IsResizable(Napi::Env env, napi_value buffer) {
  bool plain = false;
  // shared memory grows only
  if (napi_is_arraybuffer(env, buffer, &plain) != napi_ok || !plain) return false;
  napi_value getter = nullptr;
  napi_value answer = nullptr;
  bool resizable = false;
  const napi_ref reference = env.GetInstanceData<EnvironmentData>()->resizable;
  if (reference == nullptr) return false;
  if (napi_get_reference_value(env, reference, &getter) != napi_ok || napi_call_function(env, buffer, getter, 0, nullptr, &answer) != napi_ok ||
      napi_get_value_bool(env, answer, &resizable) != napi_ok) {
    throw Napi::Error::New(env);
  }
  return resizable;
}

}  // namespace

std::int64_t Integer(Napi::Value value, const char* name, std::int64_t low, std::int64_t high) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high)) || number != std::floor(number)) {
    throw Wrong(value, name, "an integer from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<std::int64_t>(number);
}

std::size_t ByteCount(Napi::Value value, const char* name) { return static_cast<std::size_t>(Integer(value, name, 0, kMaxSafe)); }

std::uint64_t Unsigned64(napi_env env, napi_value value, const char* name) {
  std::uint64_t word = 0;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env, value, &word, &lossless) != napi_ok || !lossless) {
    throw Wrong(Napi::Value(env, value), name, "a bigint from 0n to 2n ** 64n - 1n");
  }
  return word;
}

std::string CString(Napi::Value value, const char* name) {
  if (!value.IsString()) throw Wrong(value, name, "a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) throw ArgumentFailure(std::string(name) + " holds a NUL character, which would end it; remove it");
  return text;
}

bool Boolean(Napi::Value value, const char* name) {
  if (!value.IsBoolean()) throw Wrong(value, name, "true or false");
  return value.As<Napi::Boolean>().Value();
}

Napi::Object ObjectOf(Napi::Value value, const char* name) {
  if (!value.IsObject()) throw Wrong(value, name, "an object");
  return value.As<Napi::Object>();
}

Napi::Array ArrayOf(Napi::Value value, const char* name) {
  if (!value.IsArray()) throw Wrong(value, name, "an array");
  return value.As<Napi::Array>();
}

bool IsDetached(napi_env env, napi_value buffer) {
  bool detached = false;
  return napi_is_detached_arraybuffer(env, buffer, &detached) == napi_ok && detached;
}

View ViewOf(Napi::Value value, const char* name) {
  const char* allowed = "a typed array, Buffer or DataView over memory of fixed length";
  const napi_env env = value.Env();
  View view{};
  std::size_t offset = 0;
  if (value.IsTypedArray()) {
    napi_typedarray_type type{};
    std::size_t length = 0;
    if (napi_get_typedarray_info(env, value, &type, &length, &view.data, &view.buffer, &offset) != napi_ok || ElementBytes(type) == 0) {
      throw Wrong(value, name, allowed);
    }
    view.bytes = length * ElementBytes(type);
  } else if (value.IsDataView()) {
    if (napi_get_dataview_info(env, value, &view.bytes, &view.data, &view.buffer, &offset) != napi_ok) throw Wrong(value, name, allowed);
  } else {
    throw Wrong(value, name, allowed);
  }
  if (IsDetached(env, view.buffer)) {
    throw ArgumentFailure(std::string(name) + " is detached: its memory was transferred to another thread or object; pass an array that holds its data");
  }
  // Shrinking a resizable buffer takes pages away under a transfer that is under way.
  if (IsResizable(env, view.buffer)) throw Wrong(value, name, allowed);
  view.pin = PinMemory(env, view.buffer);
  return view;
}

}  // namespace topkit
