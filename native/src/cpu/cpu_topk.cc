#include "cpu_topk.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../arguments.h"
#include "../task.h"
#include "job.h"

namespace topkit {
namespace {

class TopkTask final : public Task {
 public:
  explicit TopkTask(cpu::ParsedJob parsed) : parsed_(std::move(parsed)) {}

  void HoldBuffers(Napi::Env env) {
    const Napi::Array buffers = Napi::Array::New(env, parsed_.buffers.size());
    for (std::uint32_t i = 0; i < parsed_.buffers.size(); ++i) buffers.Set(i, Napi::Value(env, parsed_.buffers[i].second.buffer));
    RequireAttached(env, buffers, "is detached: its memory was transferred while the job was read; pass an array that holds its data");
    Hold(buffers);
  }

 protected:
  void Execute() override { cpu::topk_rows(parsed_.job); }

  napi_value Settle(napi_env env) override {
    RequireAttached(env, Napi::Array(env, held(env)), "was detached during the top-k, whose result is void; transfer it after the promise has settled");
    return Task::Settle(env);
  }

 private:
  void RequireAttached(napi_env env, const Napi::Array& buffers, const char* otherwise) const {
    for (std::uint32_t i = 0; i < parsed_.buffers.size(); ++i) {
      if (IsDetached(env, buffers.Get(i))) throw ArgumentFailure(parsed_.buffers[i].first + " " + otherwise);
    }
  }

  const cpu::ParsedJob parsed_;
};

}  // namespace

Napi::Value CpuTopk(const Napi::CallbackInfo& info) {
  auto task = std::make_unique<TopkTask>(cpu::parse_job(info[0]));
  task->HoldBuffers(info.Env());
  return Task::Start(info.Env(), "topkit.cpuTopk", std::move(task));
}

}  // namespace topkit
