// Exact top-k of the rows of a matrix, on the CPU, bit for bit as docs/contract.md has it. No Node in here.
#pragma once
#include <cstdint>

#include "key.h"

namespace topkit::cpu {

// Sizes are already checked: 1 <= k <= cols <= rowStride, cols < 2^31. Addresses need no alignment.
struct TopkJob {
  const unsigned char* input;    // (rows - 1) * row_stride + cols elements
  unsigned char* values;         // rows x k elements
  unsigned char* indices;        // rows x k signed integers of index_bytes bytes
  const unsigned char* lengths;  // rows int32, or null
  uint64_t rows;
  uint64_t cols;
  uint64_t k;
  uint64_t row_stride;  // elements
  Dtype dtype;
  Order order;
  unsigned index_bytes;  // 4 or 8
  unsigned threads;      // 0: all cores
};

// Blocks until done. Throws std::bad_alloc; the outputs are then undefined.
void topk_rows(const TopkJob& job);

}  // namespace topkit::cpu
