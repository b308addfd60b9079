// Race mode: what ThreadSanitizer is told. The scheduler is not instrumented and tells nothing by itself, so two CUDA threads are ordered
// only where CUDA orders them. In every other build these are empty.
#pragma once

#include <cstddef>

#ifdef TOPKIT_EMULATE_RACE
#include <sanitizer/tsan_interface.h>
#include <sys/mman.h>

extern "C" void __tsan_ignore_thread_begin();
extern "C" void __tsan_ignore_thread_end();
extern "C" void __tsan_read_range(void* address, unsigned long bytes);
extern "C" void __tsan_write_range(void* address, unsigned long bytes);
#endif

namespace topkit_emulator::race {

#ifdef TOPKIT_EMULATE_RACE
constexpr bool ENABLED = true;
inline void* current() { return __tsan_get_current_fiber(); }
inline void* create() { return __tsan_create_fiber(0); }
inline void destroy(void* fiber) { __tsan_destroy_fiber(fiber); }
inline void switch_to(void* fiber) { __tsan_switch_to_fiber(fiber, __tsan_switch_to_fiber_no_sync); }
inline void release(void* object) { __tsan_release(object); }
inline void acquire(void* object) { __tsan_acquire(object); }
inline void reads(const void* address, std::size_t bytes) { __tsan_read_range(const_cast<void*>(address), bytes); }
inline void writes(void* address, std::size_t bytes) { __tsan_write_range(address, bytes); }
inline void ignore() { __tsan_ignore_thread_begin(); }
inline void heed() { __tsan_ignore_thread_end(); }
// Whole pages get a new owner, whose accesses and orders have nothing to do with the old one's. Only unmapping clears what is known of the
// orders. Nobody else maps meanwhile: race mode has one thread.
inline void forget(void* pages, std::size_t bytes) {
  munmap(pages, bytes);
  mmap(pages, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
#else
constexpr bool ENABLED = false;
inline void* current() { return nullptr; }
inline void* create() { return nullptr; }
inline void destroy(void*) {}
inline void switch_to(void*) {}
inline void release(void*) {}
inline void acquire(void*) {}
inline void reads(const void*, std::size_t) {}
inline void writes(void*, std::size_t) {}
inline void ignore() {}
inline void heed() {}
inline void forget(void*, std::size_t) {}
#endif

// ThreadSanitizer replaces malloc, memcpy and their like, also for the scheduler: what they touch within is not to be seen. Belongs to the
// fiber, also while others run.
class Unseen {
 public:
  Unseen() { ignore(); }
  ~Unseen() { heed(); }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
};

}  // namespace topkit_emulator::race
