// The addon's cpuSample(job): checks a CpuSampleJob (native/types.ts), then draws off the event loop.
#pragma once

#include <napi.h>

namespace topkit {

/** As CpuTopk(), for its answers. */
Napi::Value CpuSample(const Napi::CallbackInfo& info);

}  // namespace topkit
