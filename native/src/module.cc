#include "module.h"

#include <cstring>

#include "arguments.h"

namespace topkit {
namespace {

/** A cubin is a 64-bit ELF file. The driver trusts its header, so one that was cut short must not reach it. */
bool IsCutShort(const std::string& image) {
  if (image.size() < 64) return true;
  if (std::memcmp(image.data(), "\x7f" "ELF", 4) != 0) return false;
  std::uint64_t sections = 0;
  std::uint16_t bytes = 0;
  std::uint16_t count = 0;
  std::memcpy(&sections, image.data() + 40, sizeof sections);
  std::memcpy(&bytes, image.data() + 58, sizeof bytes);
  std::memcpy(&count, image.data() + 60, sizeof count);
  const std::uint64_t table = std::uint64_t{bytes} * count;
  return sections > image.size() || table > image.size() - sections;
}

}  // namespace

std::shared_ptr<Module> Module::Load(std::shared_ptr<Context> context, const void* image, std::size_t bytes) {
  // std::string ends in the NUL that PTX text needs.
  const std::string copy(static_cast<const char*>(image), bytes);
  if (IsCutShort(copy)) {
    throw ArgumentFailure("the image of " + std::to_string(bytes) +
                          " bytes is no whole cubin or PTX text; compile it again (clear the cubin cache if it came from there)");
  }
  const Driver& driver = context->driver;
  const Current current(*context);
  char log[8192] = {};
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void* values[] = {log, reinterpret_cast<void*>(sizeof log - 1)};
  CUmodule handle = nullptr;
  const CUresult status = driver.cuModuleLoadDataEx(&handle, copy.c_str(), 2, options, values);
  try {
    Check(driver, status, "cuModuleLoadDataEx", "loading an image of " + std::to_string(bytes) + " bytes on " + context->properties.name);
  } catch (Failure& failure) {
    failure.log = log;
    throw;
  }
  return std::make_shared<Module>(std::move(context), handle);
}

Module::~Module() {
  Quietly(*context, [this](const Driver& driver) { driver.cuModuleUnload(handle); });
}

int Function::Attribute(const Driver& driver, int attribute) const {
  int value = 0;
  CU(driver, cuFuncGetAttribute, &value, attribute, handle);
  return value;
}

std::shared_ptr<Module> Function::RequireModule() const {
  std::shared_ptr<Module> module = module_.lock();
  if (!module || module->closed) {
    throw HandleFailure("the module of function " + symbol + " was closed; keep the module open for as long as its functions are used");
  }
  return module;
}

namespace {

Napi::Value GetFunction(const Napi::CallbackInfo& info, const Handle<Module>::Slot& self) {
  const std::string symbol = CString(info[0], "symbol");
  const Driver& driver = self->context->driver;
  const Current current(*self->context);
  CUfunction handle = nullptr;
  Check(driver, driver.cuModuleGetFunction(&handle, self->handle, symbol.c_str()), "cuModuleGetFunction", "looking for \"" + symbol + "\"");
  auto function = std::make_shared<Function>(self, handle, symbol);
  Napi::Object described = Napi::Object::New(info.Env());
  described.Set("registers", function->Attribute(driver, CU_FUNC_ATTRIBUTE_NUM_REGS));
  described.Set("localBytes", function->Attribute(driver, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES));
  described.Set("staticSharedBytes", function->Attribute(driver, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES));
  described.Set("maxThreadsPerBlock", function->Attribute(driver, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK));
  Napi::Object object = Handle<Function>::New(info.Env(), std::move(function));
  object.DefineProperty(Napi::PropertyDescriptor::Value("info", described, napi_enumerable));
  return object;
}

Napi::Value SetMaxSharedBytes(const Napi::CallbackInfo& info, const Handle<Function>::Slot& self) {
  const std::shared_ptr<Module> module = self->RequireModule();
  const Context& context = *module->context;
  const std::int64_t bytes = Integer(info[0], "bytes", 0, context.properties.maxSharedBytes);
  const Current current(context);
  Check(context.driver, context.driver.cuFuncSetAttribute(self->handle, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, static_cast<int>(bytes)),
        "cuFuncSetAttribute", "allowing " + self->symbol + " " + std::to_string(bytes) + " bytes of dynamic shared memory");
  return info.Env().Undefined();
}

}  // namespace

void Module::Define(Napi::Env env) {
  using Self = Handle<Module>;
  Self::Define(env, {Self::Function("getFunction", Self::Method<GetFunction>), Self::Function("close", Self::Close)});
}

void Function::Define(Napi::Env env) {
  using Self = Handle<topkit::Function>;
  Self::Define(env, {Self::Function("setMaxSharedBytes", Self::Method<SetMaxSharedBytes>)});
}

}  // namespace topkit
