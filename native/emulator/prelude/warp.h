// Warp intrinsics. None but __syncwarp orders memory.
#pragma once

namespace topkit_emulator {

template <class To, class From> static inline To reinterpret(From from) {
  To to = {};
  __builtin_memcpy(&to, &from, sizeof(to) < sizeof(from) ? sizeof(to) : sizeof(from));
  return to;
}

enum class Shuffle { index, up, down, butterfly };

// Source lane as the PTX instruction shfl computes it: the operand modulo 32, clamped to the lane's segment, else the lane itself.
static inline unsigned shuffle_source(Shuffle kind, int operand, int width, Place place) {
  if (width < 1 || width > 32 || (width & (width - 1))) topkit_emu_fail("a shuffle's width is a power of two up to 32", place);
  const unsigned lane = topkit_emu_thread_index().x & 31u, b = (unsigned)operand & 31u;
  const unsigned first = lane & ~(unsigned)(width - 1), last = first + (unsigned)width - 1;
  switch (kind) {
    case Shuffle::index: return first | (b & (unsigned)(width - 1));
    case Shuffle::up: return lane >= first + b ? lane - b : lane;
    case Shuffle::down: return lane + b <= last ? lane + b : lane;
    case Shuffle::butterfly: return (lane ^ b) <= last ? lane ^ b : lane;
  }
  __builtin_unreachable();
}

template <class T> static inline T shuffle(Shuffle kind, unsigned mask, T value, int operand, int width, const char* name, Place place) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 32 or 64 bits: int, unsigned, long long, unsigned long long, float, double");
  const unsigned source = shuffle_source(kind, operand, width, place);
  return reinterpret<T>(topkit_emu_warp(WarpOperation::shuffle, mask, reinterpret<unsigned long long>(value), source, name, place));
}

}  // namespace topkit_emulator

#define TOPKIT_EMU_SHUFFLE(name, kind)                                                                              \
  template <class T> static inline T name(unsigned mask, T value, int operand, int width = 32, TOPKIT_EMU_HERE) {   \
    return topkit_emulator::shuffle(topkit_emulator::Shuffle::kind, mask, value, operand, width, #name, place);     \
  }
TOPKIT_EMU_SHUFFLE(__shfl_sync, index)
TOPKIT_EMU_SHUFFLE(__shfl_up_sync, up)
TOPKIT_EMU_SHUFFLE(__shfl_down_sync, down)
TOPKIT_EMU_SHUFFLE(__shfl_xor_sync, butterfly)

#define TOPKIT_EMU_WARP(operation, mask, value, name) topkit_emu_warp(topkit_emulator::WarpOperation::operation, mask, value, 0, name, place)

static inline void __syncwarp(unsigned mask = 0xffffffffu, TOPKIT_EMU_HERE) { TOPKIT_EMU_WARP(sync, mask, 0, "__syncwarp"); }
static inline unsigned __ballot_sync(unsigned mask, int predicate, TOPKIT_EMU_HERE) {
  return (unsigned)TOPKIT_EMU_WARP(ballot, mask, predicate != 0, "__ballot_sync");
}
static inline int __any_sync(unsigned mask, int predicate, TOPKIT_EMU_HERE) { return (int)TOPKIT_EMU_WARP(any, mask, predicate != 0, "__any_sync"); }
static inline int __all_sync(unsigned mask, int predicate, TOPKIT_EMU_HERE) { return (int)TOPKIT_EMU_WARP(all, mask, predicate != 0, "__all_sync"); }

template <class T> static inline unsigned __match_any_sync(unsigned mask, T value, TOPKIT_EMU_HERE) {
  return (unsigned)TOPKIT_EMU_WARP(matchAny, mask, topkit_emulator::reinterpret<unsigned long long>(value), "__match_any_sync");
}
template <class T> static inline unsigned __match_all_sync(unsigned mask, T value, int* predicate, TOPKIT_EMU_HERE) {
  const unsigned equal = (unsigned)TOPKIT_EMU_WARP(matchAll, mask, topkit_emulator::reinterpret<unsigned long long>(value), "__match_all_sync");
  *predicate = equal != 0;
  return equal;
}

static inline unsigned __reduce_add_sync(unsigned mask, unsigned value, TOPKIT_EMU_HERE) {
  return (unsigned)TOPKIT_EMU_WARP(addUnsigned, mask, value, "__reduce_add_sync");
}
static inline int __reduce_add_sync(unsigned mask, int value, TOPKIT_EMU_HERE) {
  return (int)TOPKIT_EMU_WARP(addUnsigned, mask, (unsigned)value, "__reduce_add_sync");
}
static inline unsigned __reduce_min_sync(unsigned mask, unsigned value, TOPKIT_EMU_HERE) {
  return (unsigned)TOPKIT_EMU_WARP(minUnsigned, mask, value, "__reduce_min_sync");
}
static inline int __reduce_min_sync(unsigned mask, int value, TOPKIT_EMU_HERE) {
  return (int)TOPKIT_EMU_WARP(minSigned, mask, (unsigned long long)(long long)value, "__reduce_min_sync");
}
static inline unsigned __reduce_max_sync(unsigned mask, unsigned value, TOPKIT_EMU_HERE) {
  return (unsigned)TOPKIT_EMU_WARP(maxUnsigned, mask, value, "__reduce_max_sync");
}
static inline int __reduce_max_sync(unsigned mask, int value, TOPKIT_EMU_HERE) {
  return (int)TOPKIT_EMU_WARP(maxSigned, mask, (unsigned long long)(long long)value, "__reduce_max_sync");
}
static inline unsigned __reduce_and_sync(unsigned mask, unsigned value, TOPKIT_EMU_HERE) {
  return (unsigned)TOPKIT_EMU_WARP(bitAnd, mask, value, "__reduce_and_sync");
}
static inline unsigned __reduce_or_sync(unsigned mask, unsigned value, TOPKIT_EMU_HERE) {
  return (unsigned)TOPKIT_EMU_WARP(bitOr, mask, value, "__reduce_or_sync");
}
static inline unsigned __reduce_xor_sync(unsigned mask, unsigned value, TOPKIT_EMU_HERE) {
  return (unsigned)TOPKIT_EMU_WARP(bitXor, mask, value, "__reduce_xor_sync");
}
