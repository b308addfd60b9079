#include "key.h"
#include "scan.h"
#include "words.h"

// Only gcc turns code generation on with this pragma; a file-wide -mavx2 would also cover the inline functions of the headers above.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx2,bmi,bmi2")
#define TOPKIT_VECTOR_BYTES 32
#include "scan_kernels.inc.h"

namespace topkit::cpu {
namespace {
const Kernels kAvx2{scan<int16_t>, scan<int32_t>, rank, kRankLimit};
}
const Kernels* const kAvx2Kernels = &kAvx2;
}  // namespace topkit::cpu

#else
namespace topkit::cpu {
const Kernels* const kAvx2Kernels = nullptr;
}
#endif
