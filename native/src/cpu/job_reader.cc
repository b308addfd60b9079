#include "job_reader.h"

namespace topkit::cpu {

namespace {

std::string shown(Wide bytes) { return bytes >> 63 ? "more than 2^63" : std::to_string(static_cast<std::uint64_t>(bytes)); }

void require_apart(const Span& output, const Span& other) {
  const auto a = reinterpret_cast<std::uintptr_t>(output.begin);
  const auto b = reinterpret_cast<std::uintptr_t>(other.begin);
  if (output.bytes > 0 && other.bytes > 0 && a < b + other.bytes && b < a + output.bytes) {
    throw ArgumentFailure(std::string(output.name) + " and " + other.name + " overlap in memory; pass buffers that lie apart");
  }
}

}  // namespace

Span JobReader::memory_or_null(const char* name, Wide needed, const std::string& size) {
  const Napi::Value value = object_.Get(name);
  return value.IsNull() ? Span{name, nullptr, 0} : memory(value, name, needed, size);
}

Span JobReader::memory(Napi::Value value, const char* name, Wide needed, const std::string& size) {
  void* data = nullptr;
  std::size_t bytes = 0;
  if (value.IsTypedArray() || value.IsDataView() || !value.IsObject()) {
    const View view = ViewOf(value, name);
    data = view.data;
    bytes = view.bytes;
    views_.emplace_back(name, view);
  } else {
    const Napi::Object owned = value.As<Napi::Object>();
    data = reinterpret_cast<void*>(static_cast<std::uintptr_t>(Unsigned64(owned.Env(), owned.Get("pointer"), name)));
    bytes = ByteCount(owned.Get("bytes"), name);
    if (data == nullptr && bytes > 0) {
      throw ArgumentFailure(std::string(name) + " is the null pointer with " + std::to_string(bytes) + " bytes; pass an address");
    }
  }
  if (needed > bytes) {
    throw ArgumentFailure(std::string(name) + " has " + std::to_string(bytes) + " bytes; it needs " + shown(needed) + " bytes, " + size);
  }
  return {name, static_cast<unsigned char*>(data), needed};
}

void require_apart(const std::vector<Span>& inputs, const std::vector<Span>& outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (const Span& input : inputs) require_apart(outputs[i], input);
    for (std::size_t j = 0; j < i; ++j) require_apart(outputs[j], outputs[i]);
  }
}

}  // namespace topkit::cpu
