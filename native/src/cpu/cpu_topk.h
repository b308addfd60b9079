// The addon's cpuTopk(job): checks a CpuTopkJob (native/types.ts), then computes off the event loop.
#pragma once

#include <napi.h>

namespace topkit {

/**
 * Returns a promise of undefined; buffers are kept alive until it settles. Throws TK_ARGUMENT for a job that is malformed or does not fit its
 * buffers; the promise rejects with TK_ARGUMENT where a buffer was detached meanwhile, and with TK_MEMORY.
 */
Napi::Value CpuTopk(const Napi::CallbackInfo& info);

}  // namespace topkit
