// Loads and stores with cache hints, and fences. Hints mean nothing here; the alignment of the whole vector is checked.
#pragma once

#define TOPKIT_EMU_LOAD(name)                                        \
  template <class T> static inline T name(const T* address, TOPKIT_EMU_HERE) { \
    topkit_emu_check_aligned(address, sizeof(T), place);             \
    return *address;                                                 \
  }
TOPKIT_EMU_LOAD(__ldg)
TOPKIT_EMU_LOAD(__ldca)
TOPKIT_EMU_LOAD(__ldcg)
TOPKIT_EMU_LOAD(__ldcs)
TOPKIT_EMU_LOAD(__ldlu)
TOPKIT_EMU_LOAD(__ldcv)

namespace topkit_emulator {
template <class T> struct Same { typedef T type; };
template <class T> using SameAs = typename Same<T>::type;
}  // namespace topkit_emulator

#define TOPKIT_EMU_STORE(name)                                                                            \
  template <class T> static inline void name(T* address, topkit_emulator::SameAs<T> value, TOPKIT_EMU_HERE) { \
    topkit_emu_check_aligned(address, sizeof(T), place);                                                  \
    *address = value;                                                                                     \
  }
TOPKIT_EMU_STORE(__stwb)
TOPKIT_EMU_STORE(__stcg)
TOPKIT_EMU_STORE(__stcs)
TOPKIT_EMU_STORE(__stwt)

static inline void __threadfence(TOPKIT_EMU_HERE) { topkit_emu_fence(topkit_emulator::ACQUIRE | topkit_emulator::RELEASE, place); }
static inline void __threadfence_block(TOPKIT_EMU_HERE) { topkit_emu_fence(topkit_emulator::ACQUIRE | topkit_emulator::RELEASE, place); }
static inline void __threadfence_cluster(TOPKIT_EMU_HERE) { topkit_emu_fence(topkit_emulator::ACQUIRE | topkit_emulator::RELEASE, place); }
static inline void __threadfence_system(TOPKIT_EMU_HERE) { topkit_emu_fence(topkit_emulator::ACQUIRE | topkit_emulator::RELEASE, place); }
static inline void __nanosleep(unsigned, TOPKIT_EMU_HERE) { topkit_emu_pause(place); }

static inline unsigned long long __cvta_generic_to_shared(const void* pointer, TOPKIT_EMU_HERE) { return topkit_emu_shared_address(pointer, place); }
static inline void* __cvta_shared_to_generic(unsigned long long address, TOPKIT_EMU_HERE) { return topkit_emu_shared_pointer((unsigned)address, 0, place); }
