#include <cstdlib>
#include <cstring>

#include "key.h"
#include "scan.h"
#include "words.h"

#define TOPKIT_VECTOR_BYTES 16
#include "scan_kernels.inc.h"

namespace topkit::cpu {

static const Kernels kBaselineKernels{scan<int16_t>, scan<int32_t>, rank, kRankLimit};

const Kernels& kernels() {
  static const Kernels& chosen = []() -> const Kernels& {
    const char* isa = std::getenv("TOPKIT_CPU_ISA");
    if (isa != nullptr && std::strcmp(isa, "baseline") == 0) return kBaselineKernels;
#if defined(__x86_64__)
    if (kAvx2Kernels != nullptr && __builtin_cpu_supports("avx2")) return *kAvx2Kernels;
#endif
    return kBaselineKernels;
  }();
  return chosen;
}

}  // namespace topkit::cpu
