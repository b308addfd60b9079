#include "words.h"

#include <algorithm>
#include <array>
#include <functional>

#include "scan.h"

namespace topkit::cpu {

namespace {

// From about here eight linear passes beat n log n mispredicted branches.
constexpr size_t kRadixFrom = 1024;

// Least significant digit first, bytes that are the same in all words skipped.
void radix_sort(uint64_t* words, size_t count, std::vector<uint64_t>& spare) {
  spare.resize(count);
  uint64_t varying = 0;
  for (size_t i = 1; i < count; i++) varying |= words[i] ^ words[0];
  uint64_t* from = words;
  uint64_t* to = spare.data();
  for (int shift = 0; shift < 64; shift += 8) {
    if ((varying >> shift & 0xff) == 0) continue;
    std::array<size_t, 256> places{};
    for (size_t i = 0; i < count; i++) places[from[i] >> shift & 0xff]++;
    size_t place = 0;
    for (size_t digit = 256; digit-- > 0;) {
      const size_t words_of_digit = places[digit];
      places[digit] = place;
      place += words_of_digit;
    }
    for (size_t i = 0; i < count; i++) to[places[from[i] >> shift & 0xff]++] = from[i];
    std::swap(from, to);
  }
  if (from != words) std::copy(from, from + count, words);
}

}  // namespace

void select_best(uint64_t* words, size_t count, size_t k) {
  if (k < count) std::nth_element(words, words + (k - 1), words + count, std::greater<>());
}

void sort_best(uint64_t* words, size_t count, size_t k, std::vector<uint64_t>& spare) {
  const Kernels& isa = kernels();
  // ranking is quadratic: worth it for few words more than the answer has
  if (count > isa.rank_limit || count > k + k / 4 + 32) {
    select_best(words, count, k);
    count = k;
  }
  if (count <= isa.rank_limit) {
    isa.rank(words, count, k);
  } else if (count < kRadixFrom) {
    std::sort(words, words + count, std::greater<>());
  } else {
    radix_sort(words, count, spare);
  }
}

}  // namespace topkit::cpu
