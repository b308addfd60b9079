#include "host_memory.h"

#include <cstdint>
#include <cstdlib>

#include "arguments.h"

namespace topkit {
namespace {

using Self = Handle<HostMemory>;

constexpr std::size_t kAlignment = 64;
/** Elements that a Uint8Array of Node 20 can have; making a larger one ends the process. */
constexpr std::size_t kMaxView = 0xffffffff;

Napi::Value Pointer(const Napi::CallbackInfo& info, const Self::Slot& self) {
  return Napi::BigInt::New(info.Env(), static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(self->data())));
}

Napi::Value BytesView(const Napi::CallbackInfo& info, const Self::Slot& self) {
  if (self->bytes > kMaxView) {
    throw ArgumentFailure("bytesView of " + std::to_string(self->bytes) + " bytes; an array has at most " + std::to_string(kMaxView) +
                          "; pass the pointer instead");
  }
  // The view shares the memory, so that close() never takes it away from under JavaScript.
  auto share = std::make_unique<Self::Slot>(self);
  const Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(
      info.Env(), self->data(), self->bytes, [](Napi::Env, void*, Self::Slot* owned) { delete owned; }, share.get());
  share.release();
  return Napi::Uint8Array::New(info.Env(), self->bytes, buffer, 0);
}

}  // namespace

// calloc: the kernel gives large blocks zeroed already, page by page as they are touched.
HostMemory::HostMemory(std::size_t bytes) : bytes(bytes), allocation_(std::calloc(bytes + kAlignment, 1)) {
  if (allocation_ == nullptr) {
    throw Failure{"TK_MEMORY", "the host has no " + std::to_string(bytes) + " bytes left; free memory, or take fewer rows at a time"};
  }
  const auto address = reinterpret_cast<std::uintptr_t>(allocation_);
  data_ = reinterpret_cast<void*>((address + kAlignment - 1) / kAlignment * kAlignment);
}

HostMemory::~HostMemory() { std::free(allocation_); }

void HostMemory::Define(Napi::Env env) {
  Self::Define(env, {Self::Getter("pointer", Self::Method<Pointer>), Self::Getter("bytesView", Self::Method<BytesView>), Self::Function("close", Self::Close)});
}

Napi::Value AllocateHost(const Napi::CallbackInfo& info) {
  auto memory = std::make_shared<HostMemory>(ByteCount(info[0], "bytes"));
  const auto bytes = static_cast<double>(memory->bytes);
  Napi::Object object = Self::New(info.Env(), std::move(memory));
  object.DefineProperty(Napi::PropertyDescriptor::Value("bytes", Napi::Number::New(info.Env(), bytes), napi_enumerable));
  return object;
}

}  // namespace topkit
