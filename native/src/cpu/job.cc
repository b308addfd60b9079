#include "job.h"

#include <cstdint>
#include <initializer_list>
#include <string>

namespace topkit::cpu {

namespace {

constexpr std::int64_t kMaxRows = INT32_MAX;
constexpr std::int64_t kMaxCols = INT32_MAX;
constexpr std::int64_t kMaxStride = (std::int64_t{1} << 53) - 1;
constexpr std::int64_t kMaxThreads = 1024;

// Products of three such sizes stay below 2^128.
using Wide = unsigned __int128;

std::string shown(Wide bytes) { return bytes >> 63 ? "more than 2^63" : std::to_string(static_cast<std::uint64_t>(bytes)); }

template <typename T>
T choice(Napi::Value value, const char* name, std::initializer_list<std::pair<const char*, T>> choices) {
  const std::string given = value.IsString() ? value.As<Napi::String>().Utf8Value() : "not a string";
  std::string allowed;
  for (const auto& [text, meaning] : choices) {
    if (value.IsString() && given == text) return meaning;
    allowed += (allowed.empty() ? "\"" : ", \"") + std::string(text) + "\"";
  }
  throw ArgumentFailure(std::string(name) + " is " + (value.IsString() ? "\"" + given + "\"" : given) + "; allowed: " + allowed);
}

class Reader {
 public:
  Reader(Napi::Object object, ParsedJob& parsed) : object_(object), parsed_(parsed) {}

  std::int64_t integer(const char* name, std::int64_t low, std::int64_t high) { return Integer(object_.Get(name), name, low, high); }

  template <typename T>
  T one_of(const char* name, std::initializer_list<std::pair<const char*, T>> choices) {
    return choice<T>(object_.Get(name), name, choices);
  }

  // `size` says in words what `needed` bytes are.
  unsigned char* memory(const char* name, Wide needed, const std::string& size) { return memory(object_.Get(name), name, needed, size); }

  unsigned char* memory_or_null(const char* name, Wide needed, const std::string& size) {
    const Napi::Value value = object_.Get(name);
    return value.IsNull() ? nullptr : memory(value, name, needed, size);
  }

 private:
  unsigned char* memory(Napi::Value value, const char* name, Wide needed, const std::string& size) {
    void* data = nullptr;
    std::size_t bytes = 0;
    if (value.IsTypedArray() || value.IsDataView() || !value.IsObject()) {
      const View view = ViewOf(value, name);
      data = view.data;
      bytes = view.bytes;
      parsed_.buffers.emplace_back(name, view);
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
    return static_cast<unsigned char*>(data);
  }

  const Napi::Object object_;
  ParsedJob& parsed_;
};

struct Span {
  const char* name;
  const unsigned char* begin;
  Wide bytes;
};

// An output that shares memory with another buffer would be overwritten, or overwrite the input, while others still read it.
void require_apart(const Span& output, const Span& other) {
  const auto a = reinterpret_cast<std::uintptr_t>(output.begin);
  const auto b = reinterpret_cast<std::uintptr_t>(other.begin);
  if (output.bytes > 0 && other.bytes > 0 && a < b + other.bytes && b < a + output.bytes) {
    throw ArgumentFailure(std::string(output.name) + " and " + other.name + " overlap in memory; pass buffers that lie apart");
  }
}

}  // namespace

ParsedJob parse_job(Napi::Value value) {
  ParsedJob parsed{};
  Reader read(ObjectOf(value, "job"), parsed);
  TopkJob& job = parsed.job;
  job.rows = static_cast<std::uint64_t>(read.integer("rows", 0, kMaxRows));
  job.cols = static_cast<std::uint64_t>(read.integer("cols", 1, kMaxCols));
  job.k = static_cast<std::uint64_t>(read.integer("k", 1, static_cast<std::int64_t>(job.cols)));
  job.row_stride = static_cast<std::uint64_t>(read.integer("rowStride", static_cast<std::int64_t>(job.cols), kMaxStride));
  job.dtype = read.one_of<Dtype>("dtype", {{"f32", Dtype::f32}, {"f16", Dtype::f16}, {"bf16", Dtype::bf16}});
  job.order = read.one_of<Order>("order", {{"largest", Order::largest}, {"smallest", Order::smallest}});
  job.index_bytes = static_cast<unsigned>(read.integer("indexBytes", 4, 8));
  if (job.index_bytes != 4 && job.index_bytes != 8) throw ArgumentFailure("indexBytes is " + std::to_string(job.index_bytes) + "; allowed: 4, 8");
  job.threads = static_cast<unsigned>(read.integer("threads", 0, kMaxThreads));

  const unsigned element = element_bytes(job.dtype);
  const Wide input_bytes = job.rows == 0 ? 0 : (static_cast<Wide>(job.rows - 1) * job.row_stride + job.cols) * element;
  const Wide outputs = static_cast<Wide>(job.rows) * job.k;
  job.input = read.memory("input", input_bytes, "((rows - 1) * rowStride + cols) elements of " + std::to_string(element));
  job.values = read.memory("values", outputs * element, "rows * k elements of " + std::to_string(element));
  job.indices = read.memory("indices", outputs * job.index_bytes, "rows * k indices of " + std::to_string(job.index_bytes));
  job.lengths = read.memory_or_null("lengths", static_cast<Wide>(job.rows) * 4, "rows integers of 4");

  const Span input{"input", job.input, input_bytes};
  const Span values{"values", job.values, outputs * element};
  const Span indices{"indices", job.indices, outputs * job.index_bytes};
  const Span lengths{"lengths", job.lengths, job.lengths == nullptr ? 0 : static_cast<Wide>(job.rows) * 4};
  for (const Span& output : {values, indices}) {
    require_apart(output, input);
    require_apart(output, lengths);
  }
  require_apart(values, indices);
  return parsed;
}

}  // namespace topkit::cpu
