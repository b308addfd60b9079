// Streams, and the order between runs of one launch list on several of them.
#pragma once

#include <memory>
#include <vector>

#include "context.h"

namespace topkit {

class LaunchList;

class Stream final : public Resource {
 public:
  static constexpr const char* kName = "NativeStream";
  static constexpr napi_type_tag kTag = {0x1b7c0f52a9d84e6b, 0x83d5e4a1907c2f36};
  static constexpr std::size_t kIndex = 2;

  /** A stream that does not synchronise with the default stream. */
  static std::shared_ptr<Stream> Create(std::shared_ptr<Context> context);
  /** The device's default stream, which is never destroyed. */
  static std::shared_ptr<Stream> Default(const std::shared_ptr<Context>& context);

  Stream(std::shared_ptr<Context> context, CUstream handle) : context(std::move(context)), handle(handle) {}
  ~Stream() override;
  void OnClose() override;

  const std::shared_ptr<Context> context;
  const CUstream handle;

  /** Makes work enqueued on `later` from now on wait for all that was enqueued on this stream, captures aside. The context is current. */
  void Precede(Stream& later);

  bool capturing() const { return capturing_; }
  void BeginCapture();
  /** The captured graph and the lists that ran in it. */
  std::pair<CUgraph, std::vector<std::shared_ptr<LaunchList>>> EndCapture();
  /** Notes that a list ran in the capture. */
  void Captured(std::shared_ptr<LaunchList> list);

  /** Throws TK_ARGUMENT where the stream is capturing: `doing` can be no part of a graph. */
  void RequireEager(const char* doing) const;

  /** Transfers and waits under way on other threads; a capture would swallow their calls. */
  int transfers = 0;

  static void Define(Napi::Env env);

 private:
  void RecordMark();
  void AbortCapture() noexcept;

  /** An event of the stream's own, made when first needed. */
  CUevent mark_ = nullptr;
  bool capturing_ = false;
  std::vector<std::shared_ptr<LaunchList>> captured_;
};

/** The stream handle of an argument, or `fallback` for null and undefined. Throws TK_HANDLE for one of another device. */
std::shared_ptr<Stream> StreamOf(napi_env env, napi_value value, const std::shared_ptr<Stream>& fallback);

/**
 * Orders the runs of a launch list: one is in flight at a time, whatever streams they are enqueued on.
 *
 * Only a change of stream costs anything: then the old stream records its mark, which covers the last run and whatever else was enqueued
 * there before now (waiting for more than is needed is right, and rare), and the new stream waits for it on the device. This needs the old
 * stream to exist, so it is shared: a stream closed meanwhile is destroyed when the list has moved on or is closed. It also needs the old
 * stream not to be capturing, since a mark recorded then would belong to the graph; so BeginCapture() records one just before, and no
 * eager work comes after that.
 *
 * A run inside a capture enqueues nothing, so it neither waits nor is waited for. The graph it becomes a part of holds the list, and each
 * launch of the graph moves the list to the launch's stream just as a run does: graph launches and eager runs of a list are ordered with
 * each other, and two graphs of one list are too.
 */
class Sequence {
 public:
  /** Call before enqueuing on `next`; the context is current. */
  void MoveTo(const std::shared_ptr<Stream>& next) {
    if (last_ == next) return;
    if (last_) last_->Precede(*next);
    last_ = next;
  }

 private:
  std::shared_ptr<Stream> last_;
};

}  // namespace topkit
