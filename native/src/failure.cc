#include "failure.h"

namespace topkit {
namespace {

napi_value Text(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

void Set(napi_env env, napi_value object, const char* name, const std::string& text) {
  napi_set_named_property(env, object, name, Text(env, text));
}

}  // namespace

// Plain Node-API and no check of its statuses: this also runs while a worker thread is torn down, where each call may refuse.
napi_value ToError(napi_env env, const Failure& failure) {
  napi_value error = nullptr;
  if (napi_create_error(env, Text(env, failure.code), Text(env, failure.message), &error) != napi_ok) return nullptr;
  if (!failure.call.empty()) {
    napi_value status = nullptr;
    napi_create_int32(env, failure.status, &status);
    Set(env, error, "call", failure.call);
    napi_set_named_property(env, error, "status", status);
    Set(env, error, "statusName", failure.statusName);
  }
  if (!failure.log.empty()) Set(env, error, "log", failure.log);
  return error;
}

napi_value ToArray(napi_env env, const Trail& trail) {
  napi_value array = nullptr;
  napi_create_array_with_length(env, trail.size(), &array);
  for (std::size_t i = 0; i < trail.size(); ++i) {
    napi_value entry = nullptr;
    napi_create_object(env, &entry);
    Set(env, entry, "source", trail[i].source);
    Set(env, entry, "path", trail[i].path);
    Set(env, entry, "outcome", trail[i].outcome);
    napi_set_element(env, array, static_cast<std::uint32_t>(i), entry);
  }
  return array;
}

}  // namespace topkit
