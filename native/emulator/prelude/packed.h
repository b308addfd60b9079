// Packed 16-bit and 8-bit intrinsics: each operation once, then for two halfwords and four bytes of a register.
#pragma once

namespace topkit_emulator {

template <class Lane> static inline unsigned packed(unsigned a, unsigned b, int (*operation)(int, int)) {
  constexpr int bits = 8 * sizeof(Lane);
  constexpr unsigned ones = (1u << bits) - 1;
  unsigned result = 0;
  for (int shift = 0; shift < 32; shift += bits) {
    result |= ((unsigned)operation((Lane)(a >> shift & ones), (Lane)(b >> shift & ones)) & ones) << shift;
  }
  return result;
}

template <class Lane> static inline int saturated(int x) {
  constexpr bool is_signed = (Lane)-1 < 0;
  constexpr int bits = 8 * sizeof(Lane);
  constexpr int high = is_signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
  constexpr int low = is_signed ? -(1 << (bits - 1)) : 0;
  return x < low ? low : x > high ? high : x;
}

}  // namespace topkit_emulator

#define TOPKIT_EMU_PACKED(name, signed_lane, expression) \
  static inline unsigned name(unsigned x, unsigned y) {  \
    typedef signed_lane Lane;                            \
    return topkit_emulator::packed<Lane>(x, y, [](int a, int b) -> int { return expression; }); \
  }
// __vcmp gives all ones where true, __vset gives 1.
#define TOPKIT_EMU_COMPARED(name, suffix, lane, expression)          \
  TOPKIT_EMU_PACKED(__vcmp##name##suffix, lane, (expression) ? -1 : 0) \
  TOPKIT_EMU_PACKED(__vset##name##suffix, lane, (expression) ? 1 : 0)

#define TOPKIT_EMU_PACKED_ALL(suffix, signed_lane, unsigned_lane)                                     \
  TOPKIT_EMU_PACKED(__vadd##suffix, unsigned_lane, a + b)                                              \
  TOPKIT_EMU_PACKED(__vsub##suffix, unsigned_lane, a - b)                                              \
  TOPKIT_EMU_PACKED(__vaddss##suffix, signed_lane, topkit_emulator::saturated<Lane>(a + b))            \
  TOPKIT_EMU_PACKED(__vaddus##suffix, unsigned_lane, topkit_emulator::saturated<Lane>(a + b))          \
  TOPKIT_EMU_PACKED(__vsubss##suffix, signed_lane, topkit_emulator::saturated<Lane>(a - b))            \
  TOPKIT_EMU_PACKED(__vsubus##suffix, unsigned_lane, topkit_emulator::saturated<Lane>(a - b))          \
  TOPKIT_EMU_PACKED(__vmaxs##suffix, signed_lane, a > b ? a : b)                                       \
  TOPKIT_EMU_PACKED(__vmins##suffix, signed_lane, a < b ? a : b)                                       \
  TOPKIT_EMU_PACKED(__vmaxu##suffix, unsigned_lane, a > b ? a : b)                                     \
  TOPKIT_EMU_PACKED(__vminu##suffix, unsigned_lane, a < b ? a : b)                                     \
  TOPKIT_EMU_PACKED(__vavgs##suffix, signed_lane, (a + b + (a + b >= 0)) >> 1)                         \
  TOPKIT_EMU_PACKED(__vavgu##suffix, unsigned_lane, (a + b + 1) >> 1)                                  \
  TOPKIT_EMU_PACKED(__vabsdiffs##suffix, signed_lane, a > b ? a - b : b - a)                           \
  TOPKIT_EMU_PACKED(__vabsdiffu##suffix, unsigned_lane, a > b ? a - b : b - a)                         \
  TOPKIT_EMU_COMPARED(eq, suffix, unsigned_lane, a == b)                                               \
  TOPKIT_EMU_COMPARED(ne, suffix, unsigned_lane, a != b)                                               \
  TOPKIT_EMU_COMPARED(gts, suffix, signed_lane, a > b)                                                 \
  TOPKIT_EMU_COMPARED(gtu, suffix, unsigned_lane, a > b)                                               \
  TOPKIT_EMU_COMPARED(ges, suffix, signed_lane, a >= b)                                                \
  TOPKIT_EMU_COMPARED(geu, suffix, unsigned_lane, a >= b)                                              \
  TOPKIT_EMU_COMPARED(lts, suffix, signed_lane, a < b)                                                 \
  TOPKIT_EMU_COMPARED(ltu, suffix, unsigned_lane, a < b)                                               \
  TOPKIT_EMU_COMPARED(les, suffix, signed_lane, a <= b)                                                \
  TOPKIT_EMU_COMPARED(leu, suffix, unsigned_lane, a <= b)                                              \
  static inline unsigned __vneg##suffix(unsigned x) { return __vsub##suffix(0, x); }                   \
  static inline unsigned __vabs##suffix(unsigned x) {                                                  \
    typedef signed_lane Lane;                                                                          \
    return topkit_emulator::packed<Lane>(x, 0, [](int a, int) -> int { return a < 0 ? -a : a; });      \
  }

TOPKIT_EMU_PACKED_ALL(2, short, unsigned short)
TOPKIT_EMU_PACKED_ALL(4, signed char, unsigned char)
