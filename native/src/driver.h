// The CUDA driver: libcuda, opened at the first use and never closed (its threads and exit handlers outlive any unloading).
#pragma once

#include <string>
#include <utility>

#include "driver_calls.h"
#include "failure.h"

namespace topkit {

struct Driver {
#define TOPKIT_DECLARE(need, name, parameters) CUresult(*name) parameters = nullptr;
  TOPKIT_DRIVER_CALLS(TOPKIT_DECLARE)
#undef TOPKIT_DECLARE
  /** The library's file, as the loader has it. */
  std::string path;
  /** As the driver counts: 12080 is 12.8. */
  int version = 0;

  /** The loaded, initialised driver of this process. Throws TK_NO_DRIVER, TK_NO_DEVICE or TK_DRIVER; a later call tries again. */
  static const Driver& Get();

  /** Get(), with the search written to `trail` where it fails. */
  static const Driver& Get(Trail& trail);
};

/** Throws what a status other than CUDA_SUCCESS means: the call, its number and name, and the fix. `doing` adds what was attempted. */
void Check(const Driver& driver, CUresult status, const char* call, const std::string& doing = {});

/** CU(driver, cuMemAlloc_v2, &pointer, bytes): calls and checks. */
#define CU(driver, call, ...) ::topkit::Check((driver), (driver).call(__VA_ARGS__), #call)

}  // namespace topkit
