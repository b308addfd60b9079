#include "event.h"

#include "stream.h"
#include "task.h"

namespace topkit {

std::shared_ptr<Event> Event::Create(std::shared_ptr<Context> context, bool timing) {
  const Current current(*context);
  CUevent handle = nullptr;
  CU(context->driver, cuEventCreate, &handle, timing ? CU_EVENT_DEFAULT : CU_EVENT_DISABLE_TIMING);
  return std::make_shared<Event>(std::move(context), handle, timing);
}

Event::~Event() {
  Quietly(*context, [this](const Driver& driver) { driver.cuEventDestroy_v2(handle); });
}

namespace {

using Self = Handle<Event>;

class ElapsedTime final : public Task {
 public:
  ElapsedTime(Self::Slot start, Self::Slot end) : start_(std::move(start)), end_(std::move(end)) {}

 protected:
  void Execute() override {
    const Driver& driver = end_->context->driver;
    const Current current(*end_->context);
    CU(driver, cuEventSynchronize, start_->handle);
    CU(driver, cuEventSynchronize, end_->handle);
    CU(driver, cuEventElapsedTime, &milliseconds_, start_->handle, end_->handle);
  }

  napi_value Settle(napi_env env) override { return Napi::Number::New(env, milliseconds_); }

 private:
  const Self::Slot start_;
  const Self::Slot end_;
  float milliseconds_ = 0;
};

void RequireTime(const Event& event, const char* what) {
  if (!event.timing) throw ArgumentFailure(std::string(what) + " was made without timing; make it with createEvent(true)");
  if (!event.recorded) throw ArgumentFailure(std::string(what) + " was never recorded; call record() before asking for a time");
}

Napi::Value Record(const Napi::CallbackInfo& info, const Self::Slot& self) {
  const std::shared_ptr<Stream> stream = StreamOf(info.Env(), info[0], Stream::Default(self->context));
  stream->RequireEager("an event");
  const Current current(*self->context);
  CU(self->context->driver, cuEventRecord, self->handle, stream->handle);
  self->recorded = true;
  return info.Env().Undefined();
}

Napi::Value MillisecondsSince(const Napi::CallbackInfo& info, const Self::Slot& self) {
  const Self::Slot& start = Self::Of(info.Env(), info[0], "the start event");
  RequireSameDevice(*self->context, *start->context, "the start event");
  RequireTime(*start, "the start event");
  RequireTime(*self, "the end event");
  return Task::Start(info.Env(), "topkit:elapsed", std::make_unique<ElapsedTime>(start, self));
}

}  // namespace

void Event::Define(Napi::Env env) {
  Self::Define(env, {Self::Function("record", Self::Method<Record>), Self::Function("millisecondsSince", Self::AsyncMethod<MillisecondsSince>),
                     Self::Function("close", Self::Close)});
}

}  // namespace topkit
