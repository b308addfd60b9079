// Reading the sizes and buffers of a job object, each checked as it is read.
#pragma once

#include <napi.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "../arguments.h"

namespace topkit::cpu {

// Products of three sizes below 2^53 need more than 64 bits.
using Wide = unsigned __int128;

constexpr std::int64_t kMaxRows = INT32_MAX;
constexpr std::int64_t kMaxCols = INT32_MAX;
constexpr std::int64_t kMaxThreads = 1024;

// Name and view of each memory that JavaScript owns. Their buffers are handles of the current scope.
using NamedViews = std::vector<std::pair<std::string, View>>;

// A part of memory that a job reads or writes.
struct Span {
  const char* name;
  unsigned char* begin;
  Wide bytes;
};

// Everything here throws TK_ARGUMENT with what was given and what is allowed.
class JobReader {
 public:
  JobReader(Napi::Object object, NamedViews& views) : object_(object), views_(views) {}

  std::int64_t integer(const char* name, std::int64_t low, std::int64_t high) { return Integer(object_.Get(name), name, low, high); }

  template <typename T>
  T one_of(const char* name, std::initializer_list<std::pair<const char*, T>> choices) {
    const Napi::Value value = object_.Get(name);
    const std::string given = value.IsString() ? value.As<Napi::String>().Utf8Value() : "not a string";
    std::string allowed;
    for (const auto& [text, meaning] : choices) {
      if (value.IsString() && given == text) return meaning;
      allowed += (allowed.empty() ? "\"" : ", \"") + std::string(text) + "\"";
    }
    throw ArgumentFailure(std::string(name) + " is " + (value.IsString() ? "\"" + given + "\"" : given) + "; allowed: " + allowed);
  }

  // `size` says in words what `needed` bytes are.
  Span memory(const char* name, Wide needed, const std::string& size) { return memory(object_.Get(name), name, needed, size); }

  // An empty span at null where the job says null.
  Span memory_or_null(const char* name, Wide needed, const std::string& size);

 private:
  Span memory(Napi::Value value, const char* name, Wide needed, const std::string& size);

  const Napi::Object object_;
  NamedViews& views_;
};

// An output that shares memory with another buffer would be overwritten, or overwrite the input, while others still read it.
void require_apart(const std::vector<Span>& inputs, const std::vector<Span>& outputs);

}  // namespace topkit::cpu
