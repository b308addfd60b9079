#include "sample_core.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "device_code.h"
#include "parallel.h"

namespace topkit::cpu {

#include "../../../templates/device/exp_log.cuh"
#include "../../../templates/device/philox.cuh"
#include "../../../templates/device/sample.cuh"

namespace {

// Work is counted in candidates, about 10 ns each; making a thread takes some 50 us.
constexpr uint64_t kThreadWork = 8192;
constexpr uint64_t kTaskWork = 1024;

class Sampler {
 public:
  explicit Sampler(const SampleJob& job) : job_(job), scores_(job.k), masses_(job.k) {}

  void draw(uint64_t row) {
    const float temperature = parameter(job_.temperature, row, 1.0f);
    const float top_p = parameter(job_.top_p, row, 1.0f);
    const float min_p = parameter(job_.min_p, row, 0.0f);
    const float best = value(row, 0);
    if (!in_range(temperature, top_p, min_p) || !can_be_best(best)) {
      write(row, -1, __uint_as_float(CANONICAL_NAN), 0, 0.0f);
      return;
    }
    const uint64_t above = weigh(row, best, temperature, min_p);
    // the best is always kept
    const uint64_t kept = std::max<uint64_t>(cut(above, temperature == 0.0f ? 0 : mass_wanted(total_, top_p_of(top_p))), 1);

    u64 mass = 0;
    for (uint64_t place = 0; place < kept; place++) mass += masses_[place];
    const u64 target = draw_target(draw_bits(load<u64>(job_.seeds + row * 8), load<u64>(job_.offsets + row * 8)), mass);
    uint64_t place = 0;
    for (u64 through = masses_[0]; through <= target; through += masses_[place]) place++;
    const float log_total = log_mass(mass);
    write(row, load<int32_t>(job_.indices + (row * job_.k + place) * 4), scores_[place] - log_total, kept, log_total);
  }

 private:
  static float parameter(const unsigned char* of_rows, uint64_t row, float otherwise) {
    return of_rows == nullptr ? otherwise : load<float>(of_rows + row * 4);
  }

  float value(uint64_t row, uint64_t place) const {
    const uint64_t at = row * job_.k + place;
    if (job_.dtype == Dtype::f32) return load<float>(job_.values + at * 4);
    const uint16_t bits = load<uint16_t>(job_.values + at * 2);
    return job_.dtype == Dtype::f16 ? widen_f16(bits) : widen_bf16(bits);
  }

  // Scores and masses of a row up to the first without mass, which all behind it are too; the sum of all. Returns how many reach min_p.
  uint64_t weigh(uint64_t row, float best, float temperature, float min_p) {
    uint64_t above = 0;
    total_ = 0;
    for (uint64_t place = 0; place < job_.k; place++) {
      scores_[place] = score_of(value(row, place), best, temperature);
      const float weight = exact_exp(scores_[place]);
      masses_[place] = mass_of(weight);
      if (masses_[place] == 0) break;
      above += weight >= min_p;
      total_ += masses_[place];
    }
    return above;
  }

  // How many of `above` have less than `wanted` before them.
  uint64_t cut(uint64_t above, u64 wanted) const {
    uint64_t kept = 0;
    for (u64 before = 0; kept < above && before < wanted; kept++) before += masses_[kept];
    return kept;
  }

  void write(uint64_t row, int32_t token, float logprob, uint64_t kept, float log_total) {
    store<int32_t>(job_.tokens + row * 4, token);
    if (job_.logprobs != nullptr) store<float>(job_.logprobs + row * 4, logprob);
    if (job_.kept != nullptr) store<int32_t>(job_.kept + row * 4, static_cast<int32_t>(kept));
    if (job_.candidate_logprobs == nullptr) return;
    unsigned char* logprobs = job_.candidate_logprobs + row * job_.k * 4;
    for (uint64_t place = 0; place < kept; place++) store<float>(logprobs + place * 4, scores_[place] - log_total);
    for (uint64_t place = kept; place < job_.k; place++) store<float>(logprobs + place * 4, -std::numeric_limits<float>::infinity());
  }

  const SampleJob& job_;
  std::vector<float> scores_;
  std::vector<u64> masses_;
  u64 total_ = 0;
};

}  // namespace

void sample_rows(const SampleJob& job) {
  const uint64_t each = job.k + 16;
  const uint64_t rows_per_task = std::max<uint64_t>(1, kTaskWork / each);
  const uint64_t tasks = (job.rows + rows_per_task - 1) / rows_per_task;
  const uint64_t most = job.threads > 0 ? job.threads : core_count();
  const uint64_t threads = std::clamp<uint64_t>(job.rows * each / kThreadWork, 1, most);
  parallel_tasks(threads, tasks, [&](const std::function<size_t()>& next) {
    size_t number = next();
    if (number == tasks) return;
    Sampler sampler(job);
    for (; number != tasks; number = next()) {
      const uint64_t first = number * rows_per_task;
      for (uint64_t row = first; row < std::min(first + rows_per_task, job.rows); row++) sampler.draw(row);
    }
  });
}

}  // namespace topkit::cpu
