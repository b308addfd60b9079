// Measures topk_rows() and partial_sort_rows() on one shape after another, in turns, all cores.
//
// stdin: shapes, one a line: FILE rows cols k dtype, where FILE holds rows x cols elements.
// stdout: for each a line: microseconds "topkit median min max", "partial_sort median min max", and whether the two agree in all bits (yes|no).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "../../native/src/cpu/topk_core.h"
#include "partial_sort.h"

namespace {

using namespace topkit;
using topkit::cpu::Dtype;

// Until both have run for so long, but at least so often.
constexpr double kLeastSeconds = 0.6;
constexpr size_t kLeastRuns = 9;

struct Outputs {
  std::vector<unsigned char> values, indices;
};

double microseconds_of(void (*run)(const cpu::TopkJob&), cpu::TopkJob job, Outputs& out) {
  job.values = out.values.data();
  job.indices = out.indices.data();
  const auto start = std::chrono::steady_clock::now();
  run(job);
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

void print(std::vector<double>& times) {
  std::sort(times.begin(), times.end());
  std::printf("%.2f %.2f %.2f ", times[times.size() / 2], times.front(), times.back());
}

int fail(const std::string& why) {
  std::fprintf(stderr, "bench/cpu: %s\n", why.c_str());
  return 1;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream fields(line);
    std::string path, dtype;
    cpu::TopkJob job{};
    if (!(fields >> path >> job.rows >> job.cols >> job.k >> dtype)) return fail("\"" + line + "\" is not FILE rows cols k dtype");
    job.dtype = dtype == "f32" ? Dtype::f32 : dtype == "f16" ? Dtype::f16 : Dtype::bf16;
    job.order = cpu::Order::largest;
    job.row_stride = job.cols;
    job.index_bytes = 4;
    const size_t element = element_bytes(job.dtype);

    std::ifstream file(path, std::ios::binary);
    const std::vector<unsigned char> input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (input.size() != job.rows * job.cols * element) return fail(path + " has not the bytes of its shape");
    job.input = input.data();

    Outputs ours{std::vector<unsigned char>(job.rows * job.k * element), std::vector<unsigned char>(job.rows * job.k * 4)};
    Outputs theirs = ours;
    microseconds_of(cpu::topk_rows, job, ours);
    microseconds_of(bench::partial_sort_rows, job, theirs);
    const bool exact = ours.values == theirs.values && ours.indices == theirs.indices;

    std::vector<double> our_times, their_times;
    for (double spent = 0; spent < kLeastSeconds * 1e6 || our_times.size() < kLeastRuns; spent += our_times.back() + their_times.back()) {
      our_times.push_back(microseconds_of(cpu::topk_rows, job, ours));
      their_times.push_back(microseconds_of(bench::partial_sort_rows, job, theirs));
    }
    print(our_times);
    print(their_times);
    std::printf("%s\n", exact ? "yes" : "no");
    std::fflush(stdout);
  }
  return 0;
}
