// A computation on buffers of JavaScript's, off the event loop.
#pragma once

#include <napi.h>

#include <functional>

#include "job_reader.h"

namespace topkit {

/**
 * Returns a promise of undefined; the buffers are kept alive until it settles. Throws TK_ARGUMENT where one is detached already; the promise rejects with
 * TK_ARGUMENT where one was detached meanwhile, and with what `work` throws. `name` is what async_hooks call it, `what` what messages do.
 */
Napi::Value StartCpuTask(Napi::Env env, const char* name, const char* what, cpu::NamedViews views, std::function<void()> work);

}  // namespace topkit
