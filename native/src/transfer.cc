#include "transfer.h"

#include "task.h"

namespace topkit {
namespace {

/** Work on a stream; keeps the stream, and counts against captures, until it is settled. */
class StreamTask : public Task {
 public:
  StreamTask(std::shared_ptr<Stream> stream, const char* doing) : stream_(std::move(stream)) {
    stream_->RequireEager(doing);
    ++stream_->transfers;
  }
  ~StreamTask() override { --stream_->transfers; }

 protected:
  void Execute() final {
    const Driver& driver = stream_->context->driver;
    const Current current(*stream_->context);
    Enqueue(driver, stream_->handle);
    CU(driver, cuStreamSynchronize, stream_->handle);
  }

  virtual void Enqueue(const Driver&, CUstream) {}

 private:
  const std::shared_ptr<Stream> stream_;
};

/**
 * A copy reads or writes the array's memory in place, which the array, held, keeps alive. Only detaching it takes that away; Node-API can
 * neither forbid nor follow that, so it is reported at the end.
 */
class Copy final : public StreamTask {
 public:
  enum class Direction { kUpload, kDownload };

  Copy(const std::shared_ptr<Stream>& stream, Direction direction, Napi::Value array, CUdeviceptr address)
      : StreamTask(stream, "a transfer"), direction_(direction), view_(ViewOf(array, "the array")), address_(address) {
    memory_ = stream->context->AllocationAt(address, view_.bytes, direction == Direction::kUpload ? "the destination" : "the source");
    Hold(Napi::Value(array.Env(), view_.buffer));
  }

 protected:
  void Enqueue(const Driver& driver, CUstream stream) override {
    if (view_.bytes == 0) return;
    const std::string doing = "copying " + std::to_string(view_.bytes) + " bytes";
    if (direction_ == Direction::kUpload) {
      Check(driver, driver.cuMemcpyHtoDAsync_v2(address_, view_.data, view_.bytes, stream), "cuMemcpyHtoDAsync_v2", doing);
    } else {
      Check(driver, driver.cuMemcpyDtoHAsync_v2(view_.data, address_, view_.bytes, stream), "cuMemcpyDtoHAsync_v2", doing);
    }
  }

  napi_value Settle(napi_env env) override {
    if (view_.bytes > 0 && IsDetached(env, held(env))) {
      throw ArgumentFailure(
          "the array was detached (transferred) while it was copied, so its data is not to be trusted; await the copy before transferring it");
    }
    return Task::Settle(env);
  }

 private:
  const Direction direction_;
  const View view_;
  const CUdeviceptr address_;
  /** Keeps the allocation from being freed under the copy. */
  std::shared_ptr<Memory> memory_;
};

class FillTask final : public StreamTask {
 public:
  FillTask(const std::shared_ptr<Stream>& stream, CUdeviceptr destination, unsigned char byte, std::size_t bytes)
      : StreamTask(stream, "a fill"),
        memory_(stream->context->AllocationAt(destination, bytes, "the destination")),
        destination_(destination),
        byte_(byte),
        bytes_(bytes) {}

 protected:
  void Enqueue(const Driver& driver, CUstream stream) override {
    if (bytes_ > 0) CU(driver, cuMemsetD8Async, destination_, byte_, bytes_, stream);
  }

 private:
  const std::shared_ptr<Memory> memory_;
  const CUdeviceptr destination_;
  const unsigned char byte_;
  const std::size_t bytes_;
};

class StreamWait final : public StreamTask {
 public:
  explicit StreamWait(const std::shared_ptr<Stream>& stream) : StreamTask(stream, "a wait") {}
};

class ContextWait final : public Task {
 public:
  explicit ContextWait(std::shared_ptr<Context> context) : context_(std::move(context)) {}

 protected:
  void Execute() override {
    const Current current(*context_);
    CU(context_->driver, cuCtxSynchronize);
  }

 private:
  const std::shared_ptr<Context> context_;
};

}  // namespace

Napi::Value Upload(const std::shared_ptr<Stream>& stream, CUdeviceptr destination, Napi::Value array) {
  return Task::Start(array.Env(), "topkit:upload", std::make_unique<Copy>(stream, Copy::Direction::kUpload, array, destination));
}

Napi::Value Download(const std::shared_ptr<Stream>& stream, Napi::Value array, CUdeviceptr source) {
  return Task::Start(array.Env(), "topkit:download", std::make_unique<Copy>(stream, Copy::Direction::kDownload, array, source));
}

Napi::Value Fill(Napi::Env env, const std::shared_ptr<Stream>& stream, CUdeviceptr destination, unsigned char byte, std::size_t bytes) {
  return Task::Start(env, "topkit:fill", std::make_unique<FillTask>(stream, destination, byte, bytes));
}

Napi::Value SynchronizeStream(Napi::Env env, const std::shared_ptr<Stream>& stream) {
  return Task::Start(env, "topkit:synchronize", std::make_unique<StreamWait>(stream));
}

Napi::Value SynchronizeContext(Napi::Env env, const std::shared_ptr<Context>& context) {
  return Task::Start(env, "topkit:synchronize", std::make_unique<ContextWait>(context));
}

}  // namespace topkit
