#include "arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "race.h"
#include "report.h"

namespace topkit_emulator {

namespace {
constexpr std::size_t GUARD = 64 * 1024;
constexpr std::size_t PAGE = 16 * 1024;  // a multiple of the page size of every platform
constexpr std::size_t ORDERS_PAGES = PAGE;
static_assert(Arena::ORDERS <= ORDERS_PAGES, "one byte each");
constexpr std::size_t round_up(std::size_t value, std::size_t multiple) { return (value + multiple - 1) / multiple * multiple; }
}  // namespace

Arena::~Arena() {
  if (mapping_) munmap(mapping_, mappingBytes_);
}

bool Arena::map(std::uint32_t dynamicBytes, std::uint32_t staticBytes, bool checked) {
  dynamicBytes_ = dynamicBytes;
  staticBytes_ = staticBytes;
  staticOffset_ = static_cast<std::uint32_t>(round_up(dynamicBytes + REDZONE, 128));
  bytes_ = staticOffset_ + staticBytes;
  pages_ = round_up(bytes_, PAGE);
  mappingBytes_ = pages_ + 2 * GUARD + (race::ENABLED ? ORDERS_PAGES : 0);
  void* memory = mmap(nullptr, mappingBytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  mapping_ = static_cast<unsigned char*>(memory);
  base_ = mapping_ + GUARD;
  if (mprotect(base_, pages_, PROT_READ | PROT_WRITE) != 0) return false;
  if (checked) initialised_.resize(bytes_);
  return true;
}

void Arena::reset(unsigned char poison) {
  race::forget(base_, pages_ + ORDERS_PAGES);
  poison_ = poison;
  std::memset(base_, poison, bytes_);
  std::fill(initialised_.begin(), initialised_.end(), 0);
}

bool Arena::in_bounds(std::size_t at, std::size_t size) const {
  if (at + size <= dynamicBytes_) return true;
  return at >= staticOffset_ && at + size <= bytes_;
}

bool Arena::holds(const void* address, std::size_t size) const {
  return contains(address) && static_cast<const unsigned char*>(address) >= base_ && in_bounds(offset(address), size);
}

Objection Arena::check(const void* address, std::size_t size, Access access) {
  if (!holds(address, size)) {
    const auto* at = static_cast<const unsigned char*>(address);
    if (at < base_) return {"out of bounds", text("it lies %zu bytes before the block's shared memory", static_cast<std::size_t>(base_ - at))};
    return {"out of bounds", text("it lies at byte %zu of %u bytes of dynamic shared memory", offset(address), dynamicBytes_)};
  }
  if (initialised_.empty()) return {};
  unsigned char* known = initialised_.data() + offset(address);
  if (access != Access::write) {
    if (const void* unknown = std::memchr(known, 0, size)) {
      const std::size_t byte = offset(address) + static_cast<std::size_t>(static_cast<const unsigned char*>(unknown) - known);
      const bool isStatic = byte >= staticOffset_;
      return {"uninitialised", text("byte %zu of %s shared memory was not written, or a copy to it is under way", byte - (isStatic ? staticOffset_ : 0),
                                    isStatic ? "static" : "dynamic")};
    }
  }
  if (access != Access::read) std::memset(known, 1, size);
  return {};
}

void Arena::mark(const void* address, std::size_t size, bool initialised) {
  if (!initialised_.empty()) std::memset(initialised_.data() + offset(address), initialised, size);
}

bool Arena::red_zone_written() const {
  return std::any_of(base_ + dynamicBytes_, base_ + staticOffset_, [this](unsigned char byte) { return byte != poison_; });
}

}  // namespace topkit_emulator
