// Keys and words: the total order of docs/contract.md on raw bits, and the way back.
//
// A key is a signed integer as wide as an element (16 or 32 bits): the contract's unsigned key with its top bit flipped, since SIMD compares
// are signed. A word is 64 bits, the unsigned key above the complement of the column: a greater word is a better element, and all words differ.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace topkit::cpu {

enum class Dtype { f32, f16, bf16 };
enum class Order { largest, smallest };

constexpr unsigned element_bytes(Dtype dtype) { return dtype == Dtype::f32 ? 4 : 2; }

// key = (mirrored ^ flip) - bias, modulo the key's width. One formula for every dtype and order, so that kernels are compiled for a width only.
struct KeyCode {
  uint32_t bias;  // turns the negative NaNs, the lowest bit patterns below -inf, to the top
  uint32_t flip;  // complements for `smallest`: ~(m - bias) == ~m - (-bias)
};

constexpr KeyCode key_code(Dtype dtype, Order order) {
  const uint32_t negative_nans = dtype == Dtype::f32 ? 0x7fffffu : dtype == Dtype::f16 ? 0x3ffu : 0x7fu;
  return order == Order::largest ? KeyCode{negative_nans, 0} : KeyCode{0u - negative_nans, ~0u};
}

// Signed integers in the order of the values: negative floats have their magnitude bits flipped. Its own inverse.
template <typename K>
constexpr K mirrored(K bits) {
  using U = std::make_unsigned_t<K>;
  const U magnitude = static_cast<U>(~U{0}) >> 1;
  return static_cast<K>(static_cast<U>(bits) ^ (bits < 0 ? magnitude : U{0}));
}

template <typename K>
constexpr K key_of_bits(K bits, KeyCode code) {
  using U = std::make_unsigned_t<K>;
  return static_cast<K>(static_cast<U>((static_cast<U>(mirrored(bits)) ^ static_cast<U>(code.flip)) - static_cast<U>(code.bias)));
}

template <typename K>
constexpr K bits_of_key(K key, KeyCode code) {
  using U = std::make_unsigned_t<K>;
  return mirrored(static_cast<K>(static_cast<U>(static_cast<U>(static_cast<U>(key) + static_cast<U>(code.bias)) ^ static_cast<U>(code.flip))));
}

template <typename K>
constexpr uint64_t word_of(K key, uint32_t column) {
  using U = std::make_unsigned_t<K>;
  const U top = static_cast<U>(U{1} << (8 * sizeof(K) - 1));
  return static_cast<uint64_t>(static_cast<U>(static_cast<U>(key) ^ top)) << 32 | static_cast<uint32_t>(~column);
}

template <typename K>
constexpr K key_of_word(uint64_t word) {
  using U = std::make_unsigned_t<K>;
  const U top = static_cast<U>(U{1} << (8 * sizeof(K) - 1));
  return static_cast<K>(static_cast<U>(static_cast<U>(word >> 32) ^ top));
}

constexpr uint32_t column_of_word(uint64_t word) { return ~static_cast<uint32_t>(word); }

// What fills the places that a short row leaves: -inf, or +inf for `smallest`.
constexpr uint32_t padding_bits(Dtype dtype, Order order) {
  const uint32_t infinity = dtype == Dtype::f32 ? 0x7f800000u : dtype == Dtype::f16 ? 0x7c00u : 0x7f80u;
  const uint32_t sign = dtype == Dtype::f32 ? 0x80000000u : 0x8000u;
  return order == Order::largest ? infinity | sign : infinity;
}

// Buffers may lie anywhere: an element is never read or written through a typed pointer.
template <typename T>
inline T load(const unsigned char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
inline void store(unsigned char* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

}  // namespace topkit::cpu
