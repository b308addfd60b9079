#include "partial_sort.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "../../native/src/cpu/parallel.h"

namespace topkit::bench {

namespace {

using namespace cpu;

// Keys are made once a row, since a comparator that decoded both sides would do it anew at each comparison.
template <typename K>
void rows_of(const TopkJob& job, KeyCode code, const std::function<size_t()>& next) {
  std::vector<K> keys(job.cols);
  std::vector<int32_t> columns(job.cols);
  for (size_t row = next(); row != job.rows; row = next()) {
    const unsigned char* x = job.input + row * job.row_stride * sizeof(K);
    for (size_t i = 0; i < job.cols; i++) keys[i] = key_of_bits<K>(load<K>(x + i * sizeof(K)), code);
    std::iota(columns.begin(), columns.end(), 0);
    const auto before = [&](int32_t a, int32_t b) {
      const K left = keys[static_cast<size_t>(a)];
      const K right = keys[static_cast<size_t>(b)];
      return left != right ? left > right : a < b;
    };
    std::partial_sort(columns.begin(), columns.begin() + static_cast<ptrdiff_t>(job.k), columns.end(), before);
    for (size_t i = 0; i < job.k; i++) {
      const size_t place = row * job.k + i;
      store<K>(job.values + place * sizeof(K), load<K>(x + static_cast<size_t>(columns[i]) * sizeof(K)));
      store<int32_t>(job.indices + place * 4, columns[i]);
    }
  }
}

}  // namespace

void partial_sort_rows(const TopkJob& job) {
  const size_t threads = job.threads > 0 ? job.threads : core_count();
  const KeyCode code = key_code(job.dtype, job.order);
  parallel_tasks(threads, job.rows, [&](const std::function<size_t()>& next) {
    if (job.dtype == Dtype::f32) {
      rows_of<int32_t>(job, code, next);
    } else {
      rows_of<int16_t>(job, code, next);
    }
  });
}

}  // namespace topkit::bench
