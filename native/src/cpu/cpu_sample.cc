#include "cpu_sample.h"

#include <string>
#include <utility>

#include "cpu_task.h"
#include "sample_core.h"

namespace topkit {
namespace {

cpu::SampleJob ParseJob(Napi::Value value, cpu::NamedViews& views) {
  using cpu::Dtype;
  using cpu::Span;
  cpu::JobReader read(ObjectOf(value, "job"), views);
  cpu::SampleJob job{};
  job.rows = static_cast<std::uint64_t>(read.integer("rows", 0, cpu::kMaxRows));
  job.k = static_cast<std::uint64_t>(read.integer("k", 1, cpu::kMaxCols));
  job.dtype = read.one_of<Dtype>("dtype", {{"f32", Dtype::f32}, {"f16", Dtype::f16}, {"bf16", Dtype::bf16}});
  job.threads = static_cast<unsigned>(read.integer("threads", 0, cpu::kMaxThreads));

  const unsigned element = element_bytes(job.dtype);
  const cpu::Wide rows = job.rows, all = rows * job.k;
  const Span values = read.memory("values", all * element, "rows * k elements of " + std::to_string(element));
  const Span indices = read.memory("indices", all * 4, "rows * k indices of 4");
  const Span temperature = read.memory_or_null("temperature", rows * 4, "rows numbers of 4");
  const Span top_p = read.memory_or_null("topP", rows * 4, "rows numbers of 4");
  const Span min_p = read.memory_or_null("minP", rows * 4, "rows numbers of 4");
  const Span seeds = read.memory("seeds", rows * 8, "rows integers of 8");
  const Span offsets = read.memory("offsets", rows * 8, "rows integers of 8");
  const Span tokens = read.memory("tokens", rows * 4, "rows integers of 4");
  const Span logprobs = read.memory_or_null("logprobs", rows * 4, "rows numbers of 4");
  const Span kept = read.memory_or_null("kept", rows * 4, "rows integers of 4");
  const Span candidate_logprobs = read.memory_or_null("candidateLogprobs", all * 4, "rows * k numbers of 4");
  cpu::require_apart({values, indices, temperature, top_p, min_p, seeds, offsets}, {tokens, logprobs, kept, candidate_logprobs});

  job.values = values.begin;
  job.indices = indices.begin;
  job.temperature = temperature.begin;
  job.top_p = top_p.begin;
  job.min_p = min_p.begin;
  job.seeds = seeds.begin;
  job.offsets = offsets.begin;
  job.tokens = tokens.begin;
  job.logprobs = logprobs.begin;
  job.kept = kept.begin;
  job.candidate_logprobs = candidate_logprobs.begin;
  return job;
}

}  // namespace

Napi::Value CpuSample(const Napi::CallbackInfo& info) {
  cpu::NamedViews views;
  const cpu::SampleJob job = ParseJob(info[0], views);
  return StartCpuTask(info.Env(), "topkit.cpuSample", "sampling", std::move(views), [job] { cpu::sample_rows(job); });
}

}  // namespace topkit
