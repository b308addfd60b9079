#include "job.h"

#include <cstdint>
#include <string>

namespace topkit::cpu {

namespace {

constexpr std::int64_t kMaxStride = (std::int64_t{1} << 53) - 1;

}  // namespace

ParsedJob parse_job(Napi::Value value) {
  ParsedJob parsed{};
  JobReader read(ObjectOf(value, "job"), parsed.views);
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
  const Span input = read.memory("input", input_bytes, "((rows - 1) * rowStride + cols) elements of " + std::to_string(element));
  const Span values = read.memory("values", outputs * element, "rows * k elements of " + std::to_string(element));
  const Span indices = read.memory("indices", outputs * job.index_bytes, "rows * k indices of " + std::to_string(job.index_bytes));
  const Span lengths = read.memory_or_null("lengths", static_cast<Wide>(job.rows) * 4, "rows integers of 4");
  require_apart({input, lengths}, {values, indices});

  job.input = input.begin;
  job.values = values.begin;
  job.indices = indices.begin;
  job.lengths = lengths.begin;
  return parsed;
}

}  // namespace topkit::cpu
