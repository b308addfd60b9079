// Selecting and sorting words. All words of a list differ.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace topkit::cpu {

// Moves the best k of count words to the front, in no order, the k-th best at k-1. 1 <= k <= count.
void select_best(uint64_t* words, size_t count, size_t k);

// Puts the best k of count words in front, best first; what lies behind them is lost. 1 <= k <= count. `spare` is working memory.
void sort_best(uint64_t* words, size_t count, size_t k, std::vector<uint64_t>& spare);

}  // namespace topkit::cpu
