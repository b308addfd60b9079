#include "device.h"

#include <climits>

#include "arguments.h"
#include "event.h"
#include "launch_list.h"
#include "module.h"
#include "transfer.h"

namespace topkit {

Napi::Object Describe(Napi::Env env, const DeviceProperties& properties) {
  Napi::Object info = Napi::Object::New(env);
  info.Set("ordinal", properties.ordinal);
  info.Set("name", properties.name);
  info.Set("arch", properties.arch);
  info.Set("multiprocessors", properties.multiprocessors);
  info.Set("memoryBytes", static_cast<double>(properties.memoryBytes));
  info.Set("l2Bytes", properties.l2Bytes);
  info.Set("maxThreadsPerBlock", properties.maxThreadsPerBlock);
  info.Set("maxSharedBytes", properties.maxSharedBytes);
  info.Set("clusterLaunch", properties.clusterLaunch);
  return info;
}

namespace {

using Self = Handle<Device>;

Napi::Value Allocate(const Napi::CallbackInfo& info, const Self::Slot& self) {
  std::shared_ptr<Memory> memory = Memory::Allocate(self->context, ByteCount(info[0], "bytes"));
  const auto bytes = static_cast<double>(memory->bytes);
  Napi::Object object = Handle<Memory>::New(info.Env(), std::move(memory));
  object.DefineProperty(Napi::PropertyDescriptor::Value("bytes", Napi::Number::New(info.Env(), bytes), napi_enumerable));
  return object;
}

Napi::Value LoadModule(const Napi::CallbackInfo& info, const Self::Slot& self) {
  const View image = ViewOf(info[0], "image");
  return Handle<Module>::New(info.Env(), Module::Load(self->context, image.data, image.bytes));
}

Napi::Value CreateStream(const Napi::CallbackInfo& info, const Self::Slot& self) {
  return Handle<Stream>::New(info.Env(), Stream::Create(self->context));
}

Napi::Value CreateEvent(const Napi::CallbackInfo& info, const Self::Slot& self) {
  return Handle<Event>::New(info.Env(), Event::Create(self->context, Boolean(info[0], "timing")));
}

Napi::Value Prepare(const Napi::CallbackInfo& info, const Self::Slot& self) {
  return Handle<LaunchList>::New(info.Env(), std::make_shared<LaunchList>(self->context, info[0], info[1]));
}

Napi::Value UploadTo(const Napi::CallbackInfo& info, const Self::Slot& self) {
  return Upload(StreamOf(info.Env(), info[2], self->defaultStream), Unsigned64(info.Env(), info[0], "destination"), info[1]);
}

Napi::Value DownloadFrom(const Napi::CallbackInfo& info, const Self::Slot& self) {
  return Download(StreamOf(info.Env(), info[2], self->defaultStream), info[0], Unsigned64(info.Env(), info[1], "source"));
}

Napi::Value FillBytes(const Napi::CallbackInfo& info, const Self::Slot& self) {
  const CUdeviceptr destination = Unsigned64(info.Env(), info[0], "destination");
  const auto byte = static_cast<unsigned char>(Integer(info[1], "byte", 0, UCHAR_MAX));
  return Fill(info.Env(), self->defaultStream, destination, byte, ByteCount(info[2], "bytes"));
}

Napi::Value Synchronize(const Napi::CallbackInfo& info, const Self::Slot& self) { return SynchronizeContext(info.Env(), self->context); }

}  // namespace

void Device::Define(Napi::Env env) {
  Self::Define(env, {Self::Function("allocate", Self::Method<Allocate>), Self::Function("loadModule", Self::Method<LoadModule>),
                     Self::Function("createStream", Self::Method<CreateStream>), Self::Function("createEvent", Self::Method<CreateEvent>),
                     Self::Function("prepare", Self::Method<Prepare>), Self::Function("upload", Self::AsyncMethod<UploadTo>),
                     Self::Function("download", Self::AsyncMethod<DownloadFrom>), Self::Function("fill", Self::AsyncMethod<FillBytes>),
                     Self::Function("synchronize", Self::AsyncMethod<Synchronize>), Self::Function("close", Self::Close)});
}

Napi::Value OpenDevice(const Napi::CallbackInfo& info) {
  auto device = std::make_shared<Device>(static_cast<int>(Integer(info[0], "ordinal", 0, INT_MAX)));
  const Napi::Object described = Describe(info.Env(), device->context->properties);
  Napi::Object object = Self::New(info.Env(), std::move(device));
  object.DefineProperty(Napi::PropertyDescriptor::Value("info", described, napi_enumerable));
  return object;
}

Napi::Value DriverInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object result = Napi::Object::New(env);
  Trail trail;
  try {
    const Driver& driver = Driver::Get(trail);
    int count = 0;
    CU(driver, cuDeviceGetCount, &count);
    if (count == 0) PropertiesOf(driver, 0);  // throws, and says why
    Napi::Array devices = Napi::Array::New(env);
    for (int ordinal = 0; ordinal < count; ++ordinal) devices.Set(static_cast<std::uint32_t>(ordinal), Describe(env, PropertiesOf(driver, ordinal)));
    Napi::Array version = Napi::Array::New(env);
    version.Set(0u, driver.version / 1000);
    version.Set(1u, driver.version % 1000 / 10);
    result.Set("ok", true);
    result.Set("version", version);
    result.Set("path", driver.path);
    result.Set("devices", devices);
  } catch (const Failure& failure) {
    result.Set("ok", false);
    result.Set("code", failure.code == std::string("TK_MEMORY") ? "TK_DRIVER" : failure.code);
    result.Set("reason", failure.message);
    result.Set("trail", Napi::Value(env, ToArray(env, trail)));
  }
  return result;
}

}  // namespace topkit
