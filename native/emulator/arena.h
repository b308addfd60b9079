// The shared memory of one block: dynamic, then static, between guard pages, with a shadow that knows which bytes were written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace topkit_emulator {

// Bytes behind dynamic shared memory that nobody may touch.
constexpr std::uint32_t REDZONE = 256;
// Shared addresses have 24 bits of offset: cluster.cc.
constexpr std::uint32_t MAX_ARENA = 1u << 24;

enum class Access { read, write, atomic };

// What is wrong with an access: a kind to look for in a report, and the rest of the sentence. An empty kind: nothing.
struct Objection {
  std::string kind, why;
  explicit operator bool() const { return !kind.empty(); }
};

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // False where there is no memory.
  bool map(std::uint32_t dynamicBytes, std::uint32_t staticBytes, bool checked);
  // For a new block: nothing is initialised.
  void reset(unsigned char poison);

  // Race mode: addresses that stand for orders of this block; new ones, to ThreadSanitizer, for each block.
  static constexpr std::size_t ORDERS = 4096;
  char* order(std::size_t which) const { return reinterpret_cast<char*>(base_ + pages_) + which; }

  unsigned char* dynamic() const { return base_; }
  unsigned char* fixed() const { return base_ + staticOffset_; }
  std::uint32_t bytes() const { return bytes_; }
  bool contains(const void* address) const {
    const auto* at = static_cast<const unsigned char*>(address);
    return at >= mapping_ && at < mapping_ + mappingBytes_;
  }
  // Whether all bytes are in bounds.
  bool holds(const void* address, std::size_t size) const;
  // For an address in contains(). Marks what is written.
  Objection check(const void* address, std::size_t size, Access access);
  // Whether bytes in bounds are initialised from now on.
  void mark(const void* address, std::size_t size, bool initialised);
  // Whether somebody wrote into the red zone (found when the block ends, in unchecked mode).
  bool red_zone_written() const;

 private:
  std::size_t offset(const void* address) const { return static_cast<std::size_t>(static_cast<const unsigned char*>(address) - base_); }
  bool in_bounds(std::size_t at, std::size_t size) const;

  unsigned char* mapping_ = nullptr;
  std::size_t mappingBytes_ = 0, pages_ = 0;
  unsigned char* base_ = nullptr;
  std::uint32_t dynamicBytes_ = 0, staticOffset_ = 0, staticBytes_ = 0, bytes_ = 0;
  unsigned char poison_ = 0;
  std::vector<unsigned char> initialised_;  // a byte for each, in checked mode
};

}  // namespace topkit_emulator
