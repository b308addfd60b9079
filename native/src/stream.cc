#include "stream.h"

#include <algorithm>

#include "event.h"
#include "graph.h"
#include "launch_list.h"
#include "transfer.h"

namespace topkit {

std::shared_ptr<Stream> Stream::Create(std::shared_ptr<Context> context) {
  const Current current(*context);
  CUstream handle = nullptr;
  CU(context->driver, cuStreamCreate, &handle, CU_STREAM_NON_BLOCKING);
  return std::make_shared<Stream>(std::move(context), handle);
}

std::shared_ptr<Stream> Stream::Default(const std::shared_ptr<Context>& context) {
  std::shared_ptr<Stream> stream = context->defaultStream.lock();
  if (!stream) context->defaultStream = stream = std::make_shared<Stream>(context, nullptr);
  return stream;
}

Stream::~Stream() {
  AbortCapture();
  Quietly(*context, [this](const Driver& driver) {
    if (mark_ != nullptr) driver.cuEventDestroy_v2(mark_);
    if (handle != nullptr) driver.cuStreamDestroy_v2(handle);
  });
}

void Stream::OnClose() { AbortCapture(); }

void Stream::RecordMark() {
  if (mark_ == nullptr) CU(context->driver, cuEventCreate, &mark_, CU_EVENT_DISABLE_TIMING);
  CU(context->driver, cuEventRecord, mark_, handle);
}

void Stream::Precede(Stream& later) {
  if (!capturing_) RecordMark();
  CU(context->driver, cuStreamWaitEvent, later.handle, mark_, 0);
}

void Stream::RequireEager(const char* doing) const {
  if (!capturing_) return;
  throw ArgumentFailure(std::string("the stream is capturing, and ") + doing + " cannot be part of a graph; call endCapture() first, or use another stream");
}

void Stream::BeginCapture() {
  RequireEager("another capture");
  if (handle == nullptr) throw ArgumentFailure("the default stream cannot capture; use one made by createStream()");
  if (transfers > 0) {
    throw ArgumentFailure("the stream has " + std::to_string(transfers) + " transfers or waits under way; await them before beginCapture()");
  }
  const Current current(*context);
  RecordMark();
  // Relaxed: the handles allow nothing on a capturing stream but launch lists, and other threads' allocations must not end this capture.
  CU(context->driver, cuStreamBeginCapture_v2, handle, CU_STREAM_CAPTURE_MODE_RELAXED);
  capturing_ = true;
}

std::pair<CUgraph, std::vector<std::shared_ptr<LaunchList>>> Stream::EndCapture() {
  if (!capturing_) throw ArgumentFailure("the stream is not capturing; call beginCapture() before endCapture()");
  const Current current(*context);
  capturing_ = false;
  std::vector<std::shared_ptr<LaunchList>> lists = std::move(captured_);
  captured_.clear();
  CUgraph graph = nullptr;
  CU(context->driver, cuStreamEndCapture, handle, &graph);
  return {graph, std::move(lists)};
}

void Stream::Captured(std::shared_ptr<LaunchList> list) {
  if (std::find(captured_.begin(), captured_.end(), list) == captured_.end()) captured_.push_back(std::move(list));
}

void Stream::AbortCapture() noexcept {
  if (!capturing_) return;
  capturing_ = false;
  captured_.clear();
  Quietly(*context, [this](const Driver& driver) {
    CUgraph graph = nullptr;
    if (driver.cuStreamEndCapture(handle, &graph) == CUDA_SUCCESS && graph != nullptr) driver.cuGraphDestroy(graph);
  });
}

std::shared_ptr<Stream> StreamOf(napi_env env, napi_value value, const std::shared_ptr<Stream>& fallback) {
  napi_valuetype type{};
  if (napi_typeof(env, value, &type) == napi_ok && (type == napi_null || type == napi_undefined)) return fallback;
  const std::shared_ptr<Stream>& stream = Handle<Stream>::Of(env, value, "the stream");
  RequireSameDevice(*fallback->context, *stream->context, "the stream");
  return stream;
}

namespace {

using Self = Handle<Stream>;

Napi::Value Pointer(const Napi::CallbackInfo& info, const Self::Slot& self) {
  return Napi::BigInt::New(info.Env(), static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(self->handle)));
}

Napi::Value Synchronize(const Napi::CallbackInfo& info, const Self::Slot& self) { return SynchronizeStream(info.Env(), self); }

Napi::Value WaitEvent(const Napi::CallbackInfo& info, const Self::Slot& self) {
  const std::shared_ptr<Event>& event = Handle<Event>::Of(info.Env(), info[0], "the event");
  RequireSameDevice(*self->context, *event->context, "the event");
  self->RequireEager("a wait for an event");
  const Current current(*self->context);
  CU(self->context->driver, cuStreamWaitEvent, self->handle, event->handle, 0);
  return info.Env().Undefined();
}

Napi::Value Begin(const Napi::CallbackInfo& info, const Self::Slot& self) {
  self->BeginCapture();
  return info.Env().Undefined();
}

Napi::Value End(const Napi::CallbackInfo& info, const Self::Slot& self) {
  auto [graph, lists] = self->EndCapture();
  return Graph::New(info.Env(), Graph::Instantiate(self->context, graph, std::move(lists)));
}

}  // namespace

void Stream::Define(Napi::Env env) {
  Self::Define(env, {Self::Getter("pointer", Self::Method<Pointer>), Self::Function("synchronize", Self::AsyncMethod<Synchronize>),
                     Self::Function("waitEvent", Self::Method<WaitEvent>), Self::Function("beginCapture", Self::Method<Begin>),
                     Self::Function("endCapture", Self::Method<End>), Self::Function("close", Self::Close)});
}

}  // namespace topkit
