// Scanning a range of a row for its k best elements; compiled once for each instruction set, chosen at run time.
#pragma once
#include <cstddef>
#include <cstdint>

#include "key.h"

namespace topkit::cpu {

// Columns [begin, end) of a row; indices count from the row's start.
struct Range {
  const unsigned char* row;
  uint32_t begin;
  uint32_t end;
  uint32_t k;
  KeyCode code;
};

// Memory that one thread reuses for all its ranges; laid out by Scratch in topk_core.cc.
struct Workspace {
  uint64_t* words;        // candidates
  size_t capacity;        // words that fit: more than min(columns, k) + kMaxBlock
  unsigned char* maxima;  // keys of a chunk's groups, fine and coarse: 2 * group_limit() elements
  uint32_t* hits;         // numbers of a chunk's blocks: group_limit() / kMinLanes
};

// Elements that a block of a chunk holds at most, in every instruction set: 8 vectors of 16.
constexpr uint32_t kMaxBlock = 128;

// Elements that a vector holds at least.
constexpr uint32_t kMinLanes = 4;

// Vectors are folded to groups of 8, 4 or 1 elements: the largest that leaves 4k groups (2k for single elements).
constexpr uint64_t least_columns(uint64_t k, int fold) { return (fold == 1 ? 2 : 4 * fold) * k; }

// A chunk stays in the second-level cache between its two passes.
constexpr uint64_t chunk_columns(uint64_t k) {
  const uint64_t least = least_columns(k, 8) > 32768 ? least_columns(k, 8) : 32768;
  return (least + kMaxBlock - 1) / kMaxBlock * kMaxBlock;
}

// Groups that a chunk of at most `columns` elements has at most.
constexpr uint64_t group_limit(uint64_t k, uint64_t columns) {
  const uint64_t chunk = chunk_columns(k) < columns ? chunk_columns(k) : columns;
  const uint64_t most = chunk / 8 > least_columns(k, 4) ? chunk / 8 : least_columns(k, 4);
  return most < chunk ? most : chunk;
}

// Writes to workspace.words, in no order, a superset of the range's best min(k, columns) elements, and returns how many words it wrote.
using ScanFn = size_t (*)(const Range&, const Workspace&);

struct Kernels {
  ScanFn scan16;
  ScanFn scan32;
  // Puts the best min(k, count) of `count` <= rank_limit words in front, best first. Without branches: O(count^2) vector compares.
  void (*rank)(uint64_t* words, size_t count, size_t k);
  size_t rank_limit;
};

// The widest the processor has. TOPKIT_CPU_ISA=baseline turns the wider ones off.
const Kernels& kernels();

// Null where the compiler or the architecture has none.
extern const Kernels* const kAvx2Kernels;

}  // namespace topkit::cpu
