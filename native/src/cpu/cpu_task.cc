#include "cpu_task.h"

#include <memory>
#include <string>
#include <utility>

#include "../task.h"

namespace topkit {
namespace {

class CpuTask final : public Task {
 public:
  CpuTask(const char* what, cpu::NamedViews views, std::function<void()> work) : what_(what), views_(std::move(views)), work_(std::move(work)) {}

  void HoldBuffers(Napi::Env env) {
    const Napi::Array buffers = Napi::Array::New(env, views_.size());
    for (std::uint32_t i = 0; i < views_.size(); ++i) buffers.Set(i, Napi::Value(env, views_[i].second.buffer));
    RequireAttached(env, buffers, "is detached: its memory was transferred while the job was read; pass an array that holds its data");
    Hold(buffers);
  }

 protected:
  void Execute() override { work_(); }

  napi_value Settle(napi_env env) override {
    RequireAttached(env, Napi::Array(env, held(env)),
                    "was detached during the " + what_ + ", whose result is void; transfer it after the promise has settled");
    return Task::Settle(env);
  }

 private:
  void RequireAttached(napi_env env, const Napi::Array& buffers, const std::string& otherwise) const {
    for (std::uint32_t i = 0; i < views_.size(); ++i) {
      if (IsDetached(env, buffers.Get(i))) throw ArgumentFailure(views_[i].first + " " + otherwise);
    }
  }

  const std::string what_;
  const cpu::NamedViews views_;
  const std::function<void()> work_;
};

}  // namespace

Napi::Value StartCpuTask(Napi::Env env, const char* name, const char* what, cpu::NamedViews views, std::function<void()> work) {
  auto task = std::make_unique<CpuTask>(what, std::move(views), std::move(work));
  task->HoldBuffers(env);
  return Task::Start(env, name, std::move(task));
}

}  // namespace topkit
