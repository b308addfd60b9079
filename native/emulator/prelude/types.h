// CUDA's vector types, with its alignments.
#pragma once

#define TOPKIT_EMU_VECTOR(element, name, align1, align2, align3, align4)                                                  \
  struct __attribute__((aligned(align1))) name##1 { element x; };                                                         \
  struct __attribute__((aligned(align2))) name##2 { element x, y; };                                                      \
  struct __attribute__((aligned(align3))) name##3 { element x, y, z; };                                                   \
  struct __attribute__((aligned(align4))) name##4 { element x, y, z, w; };                                                \
  static inline name##1 make_##name##1(element x) { return {x}; }                                                         \
  static inline name##2 make_##name##2(element x, element y) { return {x, y}; }                                           \
  static inline name##3 make_##name##3(element x, element y, element z) { return {x, y, z}; }                             \
  static inline name##4 make_##name##4(element x, element y, element z, element w) { return {x, y, z, w}; }

TOPKIT_EMU_VECTOR(signed char, char, 1, 2, 1, 4)
TOPKIT_EMU_VECTOR(unsigned char, uchar, 1, 2, 1, 4)
TOPKIT_EMU_VECTOR(short, short, 2, 4, 2, 8)
TOPKIT_EMU_VECTOR(unsigned short, ushort, 2, 4, 2, 8)
TOPKIT_EMU_VECTOR(int, int, 4, 8, 4, 16)
TOPKIT_EMU_VECTOR(unsigned, uint, 4, 8, 4, 16)
TOPKIT_EMU_VECTOR(long long, longlong, 8, 16, 8, 16)
TOPKIT_EMU_VECTOR(unsigned long long, ulonglong, 8, 16, 8, 16)
TOPKIT_EMU_VECTOR(float, float, 4, 8, 4, 16)
TOPKIT_EMU_VECTOR(double, double, 8, 16, 8, 16)

typedef __SIZE_TYPE__ size_t;
typedef uint3 dim3;
