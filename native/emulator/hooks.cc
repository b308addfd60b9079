// Checked mode: the callbacks that a compiler inserts for -fsanitize=thread, answered here instead of by ThreadSanitizer. They tell the
// address and size of each access to memory that is not provably a thread's own. Not part of race mode, where libtsan has them.
#include <cstdint>
#include <cstring>

#include "memory.h"

using topkit_emulator::Access;
using topkit_emulator::check_access;

// The call's return address is behind it, maybe on the next line.
#define INSTRUCTION (static_cast<const char*>(__builtin_return_address(0)) - 1)

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

#define ACCESSES(bytes)                                                                                                                 \
  void __tsan_read##bytes(void* address) { check_access(address, bytes, bytes, Access::read, INSTRUCTION); }                            \
  void __tsan_write##bytes(void* address) { check_access(address, bytes, bytes, Access::write, INSTRUCTION); }                          \
  void __tsan_unaligned_read##bytes(void* address) { check_access(address, bytes, 1, Access::read, INSTRUCTION); }                      \
  void __tsan_unaligned_write##bytes(void* address) { check_access(address, bytes, 1, Access::write, INSTRUCTION); }                    \
  void __tsan_volatile_read##bytes(void* address) { check_access(address, bytes, bytes, Access::read, INSTRUCTION); }                   \
  void __tsan_volatile_write##bytes(void* address) { check_access(address, bytes, bytes, Access::write, INSTRUCTION); }                 \
  void __tsan_read_write##bytes(void* address) { check_access(address, bytes, bytes, Access::atomic, INSTRUCTION); }                    \
  void __tsan_unaligned_volatile_read##bytes(void* address) { check_access(address, bytes, 1, Access::read, INSTRUCTION); }             \
  void __tsan_unaligned_volatile_write##bytes(void* address) { check_access(address, bytes, 1, Access::write, INSTRUCTION); }
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(void* address, unsigned long bytes) { check_access(address, bytes, 1, Access::read, INSTRUCTION); }
void __tsan_write_range(void* address, unsigned long bytes) { check_access(address, bytes, 1, Access::write, INSTRUCTION); }
void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) {
  check_access(from, bytes, 1, Access::read, INSTRUCTION);
  check_access(to, bytes, 1, Access::write, INSTRUCTION);
  return std::memcpy(to, from, bytes);
}
void* __tsan_memset(void* to, int value, std::size_t bytes) {
  check_access(to, bytes, 1, Access::write, INSTRUCTION);
  return std::memset(to, value, bytes);
}

// CUDA's atomics are relaxed, whatever order is passed.
#define ATOMICS(bits)                                                                                                                    \
  typedef std::uint##bits##_t U##bits;                                                                                                   \
  U##bits __tsan_atomic##bits##_load(const volatile void* address, int) {                                                                \
    check_access(const_cast<const void*>(address), bits / 8, bits / 8, Access::read, INSTRUCTION);                                       \
    return __atomic_load_n(static_cast<const volatile U##bits*>(address), __ATOMIC_RELAXED);                                             \
  }                                                                                                                                      \
  void __tsan_atomic##bits##_store(volatile void* address, U##bits value, int) {                                                         \
    check_access(const_cast<const void*>(address), bits / 8, bits / 8, Access::write, INSTRUCTION);                                      \
    __atomic_store_n(static_cast<volatile U##bits*>(address), value, __ATOMIC_RELAXED);                                                  \
  }                                                                                                                                      \
  UPDATE(bits, exchange, __atomic_exchange_n)                                                                                            \
  UPDATE(bits, fetch_add, __atomic_fetch_add)                                                                                            \
  UPDATE(bits, fetch_sub, __atomic_fetch_sub)                                                                                            \
  UPDATE(bits, fetch_and, __atomic_fetch_and)                                                                                            \
  UPDATE(bits, fetch_or, __atomic_fetch_or)                                                                                              \
  UPDATE(bits, fetch_xor, __atomic_fetch_xor)                                                                                            \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile void* address, void* expected, U##bits desired, int, int) {                 \
    check_access(const_cast<const void*>(address), bits / 8, bits / 8, Access::atomic, INSTRUCTION);                                     \
    return __atomic_compare_exchange_n(static_cast<volatile U##bits*>(address), static_cast<U##bits*>(expected), desired, false,         \
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);                                                              \
  }
#define UPDATE(bits, name, builtin)                                                                     \
  U##bits __tsan_atomic##bits##_##name(volatile void* address, U##bits value, int) {                    \
    check_access(const_cast<const void*>(address), bits / 8, bits / 8, Access::atomic, INSTRUCTION);    \
    return builtin(static_cast<volatile U##bits*>(address), value, __ATOMIC_RELAXED);                   \
  }
ATOMICS(32)
ATOMICS(64)

}  // extern "C"
