#include "fiber.h"

#include <sys/mman.h>

#include <mutex>
#include <new>
#include <vector>

#include "race.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

#if !TOPKIT_EMULATE_USES_UCONTEXT
extern "C" void topkit_emu_switch(void** from, void* to);

#if defined(__APPLE__)
#define SYMBOL "_topkit_emu_switch"
#else
#define SYMBOL "topkit_emu_switch"
#endif

// Saves the registers that a call preserves on the old stack, stores its pointer, and restores the new stack's.
#if defined(__x86_64__)
asm(".text\n.globl " SYMBOL "\n" SYMBOL R"(:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");
constexpr std::size_t SAVED_WORDS = 6;  // below the return address
#else
asm(".text\n.globl " SYMBOL "\n.p2align 2\n" SYMBOL R"(:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
)");
#endif
#endif

namespace topkit_emulator {

void prepare(Fiber& fiber, void (*entry)()) {
#if TOPKIT_EMULATE_USES_UCONTEXT
  getcontext(&fiber.saved);
  fiber.saved.uc_stack.ss_sp = fiber.stack;
  fiber.saved.uc_stack.ss_size = STACK_BYTES;
  fiber.saved.uc_link = nullptr;
  makecontext(&fiber.saved, entry, 0);
#else
  void** top = reinterpret_cast<void**>(fiber.stack + STACK_BYTES);
#if defined(__x86_64__)
  // The return address of entry(), which ends every unwinding; with it the stack is aligned as after a call.
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(entry);
  for (std::size_t i = 0; i < SAVED_WORDS; ++i) *--top = nullptr;
#else
  top -= 20;
  for (int i = 0; i < 20; ++i) top[i] = nullptr;
  top[11] = reinterpret_cast<void*>(entry);  // x30
#endif
  fiber.stackPointer = top;
#endif
}

void switch_context(Context& from, Context& to) {
  race::switch_to(to.sanitizer);
#if TOPKIT_EMULATE_USES_UCONTEXT
  swapcontext(&from.saved, &to.saved);
#else
  topkit_emu_switch(&from.stackPointer, to.stackPointer);
#endif
}

namespace {

// Stacks are mapped in slabs: one mapping of the process for many, cut by the guards.
struct Pool {
  std::mutex lock;
  std::vector<Fiber*> free;
  struct Slab {
    char* memory;
    std::size_t bytes;
    std::vector<Fiber> fibers;
  };
  std::vector<Slab*> slabs;
  std::size_t fibers = 0;
};
Pool& pool() {
  static Pool* const only = new Pool;  // never destroyed: threads may outlive main()
  return *only;
}
constexpr std::size_t SLAB_FIBERS = 64;
constexpr std::size_t PITCH = STACK_BYTES + GUARD_BYTES;

bool grow(Pool& p) {
  const std::size_t bytes = SLAB_FIBERS * PITCH;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  auto* slab = new (std::nothrow) Pool::Slab{static_cast<char*>(memory), bytes, std::vector<Fiber>(SLAB_FIBERS)};
  if (!slab) {
    munmap(memory, bytes);
    return false;
  }
  for (std::size_t i = 0; i < SLAB_FIBERS; ++i) {
    char* guard = slab->memory + i * PITCH;
    if (mprotect(guard, GUARD_BYTES, PROT_NONE) != 0) {  // the system's limit on mappings
      munmap(memory, bytes);
      delete slab;
      return false;
    }
    slab->fibers[i].stack = guard + GUARD_BYTES;
  }
  p.slabs.push_back(slab);
  for (Fiber& fiber : slab->fibers) p.free.push_back(&fiber);
  p.fibers += SLAB_FIBERS;
  return true;
}

}  // namespace

Fiber* take_fiber() {
  Pool& p = pool();
  const std::lock_guard<std::mutex> hold(p.lock);
  if (p.free.empty() && !grow(p)) return nullptr;
  Fiber* fiber = p.free.back();
  p.free.pop_back();
  return fiber;
}

void give_fiber(Fiber* fiber) {
  Pool& p = pool();
  const std::lock_guard<std::mutex> hold(p.lock);
  p.free.push_back(fiber);
}

void trim_fibers() {
  Pool& p = pool();
  const std::lock_guard<std::mutex> hold(p.lock);
  if (p.free.size() != p.fibers) return;  // a launch is under way
  for (Pool::Slab* slab : p.slabs) {
    munmap(slab->memory, slab->bytes);
    delete slab;
  }
  p.slabs.clear();
  p.free.clear();
  p.fibers = 0;
}

}  // namespace topkit_emulator
