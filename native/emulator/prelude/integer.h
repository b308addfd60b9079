// Integer intrinsics, as the CUDA Math API defines them.
#pragma once

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }

static inline unsigned __brev(unsigned x) {
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
  return __builtin_bswap32(x);
}
static inline unsigned long long __brevll(unsigned long long x) { return (unsigned long long)__brev((unsigned)x) << 32 | __brev((unsigned)(x >> 32)); }

// Selector nibbles: three bits of byte number, and a fourth that spreads that byte's sign.
static inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const unsigned long long bytes = (unsigned long long)y << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; i++) {
    const unsigned nibble = selector >> (4 * i) & 15u;
    const unsigned byte = (unsigned)(bytes >> (8 * (nibble & 7u))) & 0xffu;
    result |= (nibble & 8u ? (byte & 0x80u ? 0xffu : 0u) : byte) << (8 * i);
  }
  return result;
}

// The upper 32 bits of hi:lo shifted left, the lower ones of it shifted right; the plain forms wrap the shift at 32, the `c` forms clamp it.
static inline unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned shift) { return (unsigned)(((unsigned long long)hi << 32 | lo) << (shift & 31u) >> 32); }
static inline unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned shift) { return (unsigned)(((unsigned long long)hi << 32 | lo) >> (shift & 31u)); }
static inline unsigned __funnelshift_lc(unsigned lo, unsigned hi, unsigned shift) { return shift >= 32 ? lo : __funnelshift_l(lo, hi, shift); }
static inline unsigned __funnelshift_rc(unsigned lo, unsigned hi, unsigned shift) { return shift >= 32 ? hi : __funnelshift_r(lo, hi, shift); }

static inline int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
static inline long long __mul64hi(long long a, long long b) { return (long long)((__int128)a * b >> 64); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)((unsigned __int128)a * b >> 64); }
static inline unsigned __usad(unsigned a, unsigned b, unsigned c) { return c + (a > b ? a - b : b - a); }
static inline int __hadd(int a, int b) { return (int)(((long long)a + b) >> 1); }
static inline int __rhadd(int a, int b) { return (int)(((long long)a + b + 1) >> 1); }
static inline unsigned __uhadd(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a + b) >> 1); }
static inline unsigned __urhadd(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a + b + 1) >> 1); }

// Mixed signs compare as unsigned, as CUDA's overloads do.
#define TOPKIT_EMU_MIN_MAX(result, a_type, b_type)                                                          \
  static inline result min(a_type a, b_type b) { return (result)a < (result)b ? (result)a : (result)b; }    \
  static inline result max(a_type a, b_type b) { return (result)a > (result)b ? (result)a : (result)b; }
TOPKIT_EMU_MIN_MAX(int, int, int)
TOPKIT_EMU_MIN_MAX(unsigned, unsigned, unsigned)
TOPKIT_EMU_MIN_MAX(unsigned, int, unsigned)
TOPKIT_EMU_MIN_MAX(unsigned, unsigned, int)
TOPKIT_EMU_MIN_MAX(long, long, long)
TOPKIT_EMU_MIN_MAX(unsigned long, unsigned long, unsigned long)
TOPKIT_EMU_MIN_MAX(long long, long long, long long)
TOPKIT_EMU_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
TOPKIT_EMU_MIN_MAX(unsigned long long, long long, unsigned long long)
TOPKIT_EMU_MIN_MAX(unsigned long long, unsigned long long, long long)

static inline int abs(int x) { return __builtin_abs(x); }
static inline long long llabs(long long x) { return __builtin_llabs(x); }
