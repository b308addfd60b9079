// Drawing a token from each row of a top-k's answer, on the CPU, bit for bit as docs/contract.md has it ("Sampling"). No Node in here.
#pragma once
#include <cstdint>

#include "key.h"

namespace topkit::cpu {

// Addresses need no alignment. Those that may be null say so.
struct SampleJob {
  const unsigned char* values;       // rows x k elements, greatest first
  const unsigned char* indices;      // rows x k int32
  const unsigned char* temperature;  // rows f32; null: 1
  const unsigned char* top_p;        // rows f32; null: 1
  const unsigned char* min_p;        // rows f32; null: 0
  const unsigned char* seeds;        // rows u64
  const unsigned char* offsets;      // rows u64
  unsigned char* tokens;             // rows int32
  unsigned char* logprobs;           // rows f32, or null
  unsigned char* kept;               // rows int32, or null
  unsigned char* candidate_logprobs; // rows x k f32, or null
  uint64_t rows;
  uint64_t k;
  Dtype dtype;
  unsigned threads;  // 0: all cores
};

// Blocks until done. Throws std::bad_alloc; the outputs are then undefined.
void sample_rows(const SampleJob& job);

}  // namespace topkit::cpu
