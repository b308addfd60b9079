// CUDA's built-ins for a C++ compiler: included before a kernel's text (-include) when it is compiled for the emulator. What is not here is
// not offered: the compiler names it. docs/emulator.md lists what is.
#pragma once

#include "calls.h"
#include "prelude/types.h"
#include "prelude/integer.h"
#include "prelude/packed.h"
#include "prelude/float.h"
#include "prelude/memory.h"
#include "prelude/atomic.h"
#include "prelude/sync.h"
#include "prelude/warp.h"
#include "prelude/cluster.h"

#define TOPKIT_EMULATE 1
#define __CUDA_ARCH__ 900

#define __global__ __attribute__((visibility("default")))
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __grid_constant__

#define threadIdx (topkit_emu_thread_index())
#define blockIdx (topkit_emu_block_index())
#define blockDim (topkit_emu_block_dim())
#define gridDim (topkit_emu_grid_dim())
#define warpSize 32

// Inline PTX belongs into templates/device/, with a twin where TOPKIT_EMULATE is defined.
#define asm inline_PTX_has_no_place_in_the_emulator__give_it_a_twin_under_TOPKIT_EMULATE
#define __asm__ asm
// Declarations of shared memory are rewritten before this file is seen (toolchain.ts); one that is left over was not understood.
#define __shared__ this_form_of_a_shared_declaration_is_not_understood__one_variable_list_a_line

#define __trap() topkit_emu_fail("__trap()", {__builtin_FILE(), (unsigned)__builtin_LINE()})
#define __builtin_assume(condition) ((void)0)
#define assert(condition) ((condition) ? (void)0 : topkit_emu_fail("assertion failed: " #condition, {__builtin_FILE(), (unsigned)__builtin_LINE()}))

namespace topkit_emulator {
// Static shared memory: one place for each type, which the rewrite makes anew for each declaration.
static unsigned static_bytes = 0;
inline unsigned reserve_static(unsigned bytes, unsigned alignment) {
  const unsigned gap = 16;  // never initialised, never in bounds
  const unsigned offset = (static_bytes + alignment - 1) / alignment * alignment;
  static_bytes = offset + bytes + gap;
  return offset;
}
template <class T> struct StaticShared { static inline const unsigned offset = reserve_static(sizeof(T), alignof(T)); };
template <class T> static inline T& static_shared() { return *(T*)topkit_emu_static_shared(StaticShared<T>::offset); }
}  // namespace topkit_emulator

// Asked once a launch, when all places are reserved.
extern "C" __attribute__((visibility("default"))) unsigned topkit_emulated_static_bytes() { return topkit_emulator::static_bytes; }
