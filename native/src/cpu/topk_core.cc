#include "topk_core.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "parallel.h"
#include "scan.h"
#include "words.h"

namespace topkit::cpu {

namespace {

// Work is counted in elements streamed, about 0.2 ns each. Sorting a row's answer costs as much as streaming some more.
constexpr uint64_t row_work(uint64_t cols, uint64_t k) { return cols + 64 * k + 1024; }

// Making a thread takes some 50 us.
constexpr uint64_t kThreadWork = 262144;

// A task is at least so much, so that taking one costs nothing beside it.
constexpr uint64_t kTaskWork = 32768;

// Tasks a thread, so that one that is late does not hold up all.
constexpr uint64_t kTasksPerThread = 4;

// How the matrix is cut: either whole rows, several a task, or parts of a row, of which the last to end makes the row's answer.
struct Division {
  uint64_t threads;
  uint64_t rows_per_task = 1;
  uint64_t parts_per_row = 1;
  uint64_t part_columns;
  uint64_t tasks;

  explicit Division(const TopkJob& job) {
    const uint64_t each = row_work(job.cols, job.k);
    const uint64_t most = job.threads > 0 ? job.threads : core_count();
    threads = std::clamp<uint64_t>(job.rows * each / kThreadWork, 1, most);
    const uint64_t wanted = threads == 1 ? 1 : threads * kTasksPerThread;
    if (job.rows > 0 && job.rows < wanted) {
      // a part gives up to k words, which its row has to sort through again
      const uint64_t least = std::max(kTaskWork, 8 * job.k);
      parts_per_row = std::clamp<uint64_t>(job.cols / least, 1, (wanted + job.rows - 1) / job.rows);
    } else {
      rows_per_task = std::max({job.rows / wanted / 4, kTaskWork / each, uint64_t{1}});
    }
    part_columns = (job.cols + parts_per_row - 1) / parts_per_row;
    tasks = (job.rows + rows_per_task - 1) / rows_per_task * parts_per_row;
  }
};

// Memory whose pages are not touched before they are needed.
template <typename T>
using Buffer = std::unique_ptr<T[]>;

// What one thread needs for any of its ranges.
class Scratch {
 public:
  // `columns`: the longest range.
  Scratch(const TopkJob& job, uint64_t columns)
      // room to fill between two selections, so that a word is selected from a bounded number of times
      : capacity_(std::min(columns, 3 * job.k + 1024) + kMaxBlock + 1),
        words_(new uint64_t[capacity_]),
        maxima_(new unsigned char[2 * group_limit(job.k, columns) * element_bytes(job.dtype) + 1]),
        hits_(new uint32_t[group_limit(job.k, columns) / kMinLanes + 1]) {}

  Workspace workspace() { return {words_.get(), capacity_, maxima_.get(), hits_.get()}; }
  uint64_t* words() { return words_.get(); }
  std::vector<uint64_t>& spare() { return spare_; }

 private:
  const size_t capacity_;
  const Buffer<uint64_t> words_;
  const Buffer<unsigned char> maxima_;
  const Buffer<uint32_t> hits_;
  std::vector<uint64_t> spare_;
};

// The words that the parts of one row left.
struct SplitRow {
  std::vector<std::vector<uint64_t>> parts;
  std::atomic<uint64_t> unfinished{0};
};

class Run {
 public:
  Run(const TopkJob& job, const Division& division)
      : job_(job), division_(division), code_(key_code(job.dtype, job.order)), scan_(job.dtype == Dtype::f32 ? kernels().scan32 : kernels().scan16) {
    if (division.parts_per_row == 1) return;
    split_ = std::make_unique<SplitRow[]>(job.rows);
    for (uint64_t row = 0; row < job.rows; row++) {
      split_[row].parts.resize(division.parts_per_row);
      split_[row].unfinished = division.parts_per_row;
    }
  }

  void task(uint64_t number, Scratch& scratch) {
    if (split_) {
      part(number / division_.parts_per_row, number % division_.parts_per_row, scratch);
      return;
    }
    const uint64_t first = number * division_.rows_per_task;
    for (uint64_t row = first; row < std::min(first + division_.rows_per_task, job_.rows); row++) {
      const size_t count = scan_(range(row, 0, length(row)), scratch.workspace());
      finish(row, scratch.words(), count, scratch);
    }
  }

 private:
  uint32_t length(uint64_t row) const {
    if (job_.lengths == nullptr) return static_cast<uint32_t>(job_.cols);
    const int64_t given = load<int32_t>(job_.lengths + row * sizeof(int32_t));
    return static_cast<uint32_t>(std::clamp<int64_t>(given, 0, static_cast<int64_t>(job_.cols)));
  }

  Range range(uint64_t row, uint32_t begin, uint32_t end) const {
    return {job_.input + row * job_.row_stride * element_bytes(job_.dtype), begin, end, static_cast<uint32_t>(job_.k), code_};
  }

  void part(uint64_t row, uint64_t number, Scratch& scratch) {
    const uint64_t columns = length(row);
    const uint64_t begin = std::min(number * division_.part_columns, columns);
    const uint64_t end = std::min(begin + division_.part_columns, columns);
    size_t count = scan_(range(row, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)), scratch.workspace());
    if (count > job_.k) {
      select_best(scratch.words(), count, job_.k);
      count = job_.k;
    }
    SplitRow& split = split_[row];
    split.parts[number].assign(scratch.words(), scratch.words() + count);
    if (split.unfinished.fetch_sub(1, std::memory_order_acq_rel) != 1) return;

    std::vector<uint64_t> all;
    all.reserve(division_.parts_per_row * job_.k);
    for (std::vector<uint64_t>& words : split.parts) {
      all.insert(all.end(), words.begin(), words.end());
      std::vector<uint64_t>().swap(words);
    }
    finish(row, all.data(), all.size(), scratch);
  }

  void finish(uint64_t row, uint64_t* words, size_t count, Scratch& scratch) {
    const size_t found = std::min<size_t>(count, job_.k);
    if (found > 0) sort_best(words, count, found, scratch.spare());
    if (job_.dtype == Dtype::f32) {
      write<int32_t>(row, words, found);
    } else {
      write<int16_t>(row, words, found);
    }
  }

  template <typename K>
  void write(uint64_t row, const uint64_t* words, size_t found) {
    unsigned char* values = job_.values + row * job_.k * sizeof(K);
    for (size_t i = 0; i < found; i++) store<K>(values + i * sizeof(K), bits_of_key<K>(key_of_word<K>(words[i]), code_));
    const K padding = static_cast<K>(padding_bits(job_.dtype, job_.order));
    for (size_t i = found; i < job_.k; i++) store<K>(values + i * sizeof(K), padding);
    if (job_.index_bytes == 8) {
      write_indices<int64_t>(row, words, found);
    } else {
      write_indices<int32_t>(row, words, found);
    }
  }

  template <typename I>
  void write_indices(uint64_t row, const uint64_t* words, size_t found) {
    unsigned char* indices = job_.indices + row * job_.k * sizeof(I);
    for (size_t i = 0; i < found; i++) store<I>(indices + i * sizeof(I), static_cast<I>(column_of_word(words[i])));
    for (size_t i = found; i < job_.k; i++) store<I>(indices + i * sizeof(I), I{-1});
  }

  const TopkJob& job_;
  const Division& division_;
  const KeyCode code_;
  const ScanFn scan_;
  std::unique_ptr<SplitRow[]> split_;
};

}  // namespace

void topk_rows(const TopkJob& job) {
  const Division division(job);
  Run run(job, division);
  parallel_tasks(division.threads, division.tasks, [&](const std::function<size_t()>& next) {
    size_t number = next();
    if (number == division.tasks) return;
    Scratch scratch(job, division.part_columns);
    for (; number != division.tasks; number = next()) run.task(number, scratch);
  });
}

}  // namespace topkit::cpu
