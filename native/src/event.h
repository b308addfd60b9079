// Events: points in a stream's work, to wait for and to take times between.
#pragma once

#include "context.h"

namespace topkit {

class Event final : public Resource {
 public:
  static constexpr const char* kName = "NativeEvent";
  static constexpr napi_type_tag kTag = {0xc4409e7f35d1428a, 0xa2b8167ce5f30d94};
  static constexpr std::size_t kIndex = 3;

  static std::shared_ptr<Event> Create(std::shared_ptr<Context> context, bool timing);
  Event(std::shared_ptr<Context> context, CUevent handle, bool timing) : context(std::move(context)), handle(handle), timing(timing) {}
  ~Event() override;

  const std::shared_ptr<Context> context;
  const CUevent handle;
  const bool timing;
  bool recorded = false;

  static void Define(Napi::Env env);
};

}  // namespace topkit
