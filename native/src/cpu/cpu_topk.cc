#include "cpu_topk.h"

#include <utility>

#include "cpu_task.h"
#include "job.h"

namespace topkit {

Napi::Value CpuTopk(const Napi::CallbackInfo& info) {
  cpu::ParsedJob parsed = cpu::parse_job(info[0]);
  return StartCpuTask(info.Env(), "topkit.cpuTopk", "top-k", std::move(parsed.views), [job = parsed.job] { cpu::topk_rows(job); });
}

}  // namespace topkit
