#include "emulated_kernel.h"

#include <dlfcn.h>

#include <mutex>
#include <utility>
#include <vector>

#include "../emulator/emulate.h"
#include "arguments.h"
#include "task.h"

namespace topkit {

/** The emulator's runtime: one a process, since kernels find its functions among the process's symbols. */
struct EmulatorRuntime {
  decltype(&topkit_emulate_launch) launch;
  decltype(&topkit_emulate_trim) trim;
};

namespace {

using Self = Handle<EmulatedKernel>;

constexpr std::int64_t kMaxUint32 = 0xffffffff;
constexpr std::int64_t kMaxMilliseconds = (std::int64_t{1} << 53) - 1;
constexpr std::size_t kReportBytes = 64 * 1024;

Failure LoadFailure(const std::string& what, const std::string& file) {
  const char* reason = dlerror();
  return {"TK_EMULATOR", what + " cannot be loaded from " + file + ": " + (reason != nullptr ? reason : "the loader gave no reason")};
}

void* Symbol(void* library, const char* name, const std::string& file) {
  void* address = dlsym(library, name);
  if (address == nullptr) throw LoadFailure(name, file);
  return address;
}

EmulatorRuntime* Load(const std::string& file) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) throw LoadFailure("the emulator's runtime", file);
  void* launch = Symbol(library, "topkit_emulate_launch", file);
  // A kernel would wait in one runtime for threads of the other.
  if (dlsym(RTLD_DEFAULT, "topkit_emulate_launch") != launch) {
    dlclose(library);
    throw Failure{"TK_EMULATOR", "another copy of topkit has loaded its emulator into this process; use one copy, or one in each process"};
  }
  return new EmulatorRuntime{reinterpret_cast<decltype(&topkit_emulate_launch)>(launch),
                             reinterpret_cast<decltype(&topkit_emulate_trim)>(Symbol(library, "topkit_emulate_trim", file))};
}

/** The first that was loaded, for good: work of other threads may be in it while the process exits. */
const EmulatorRuntime& Runtime(const std::string& file) {
  static auto& mutex = *new std::mutex;
  static EmulatorRuntime* loaded = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (loaded == nullptr) loaded = Load(file);
  return *loaded;
}

struct Buffer {
  std::string name;
  std::uint64_t address;
  std::uint64_t bytes;
  bool writable;
};

struct Geometry {
  std::uint32_t grid, block, cluster, sharedBytes;
};

class EmulatedLaunch final : public Task {
 public:
  EmulatedLaunch(Self::Slot kernel, Napi::Object given) : kernel_(std::move(kernel)) {
    const auto word = [&](const char* name) { return static_cast<std::uint32_t>(Integer(given.Get(name), name, 0, kMaxUint32)); };
    geometry_ = {word("grid"), word("block"), word("cluster"), word("sharedBytes")};
    checked_ = Boolean(given.Get("checked"), "checked");
    seed_ = Unsigned64(given.Env(), given.Get("seed"), "seed");
    timeout_ = static_cast<std::uint64_t>(Integer(given.Get("timeoutMilliseconds"), "timeoutMilliseconds", 0, kMaxMilliseconds));
    const Napi::Array parameters = ArrayOf(given.Get("parameters"), "parameters");
    for (std::uint32_t i = 0; i < parameters.Length(); ++i) parameters_.push_back(Unsigned64(given.Env(), parameters.Get(i), "a parameter"));
    const Napi::Array buffers = ArrayOf(given.Get("buffers"), "buffers");
    for (std::uint32_t i = 0; i < buffers.Length(); ++i) {
      const Napi::Object buffer = ObjectOf(buffers.Get(i), "a buffer");
      buffers_.push_back({CString(buffer.Get("name"), "a buffer's name"), Unsigned64(buffer.Env(), buffer.Get("pointer"), "a buffer's pointer"),
                          ByteCount(buffer.Get("bytes"), "a buffer's bytes"), Boolean(buffer.Get("writable"), "a buffer's writable")});
    }
  }

 protected:
  void Execute() override {
    std::vector<TopkitEmulateBuffer> buffers;
    for (const Buffer& each : buffers_) buffers.push_back({each.address, each.bytes, each.name.c_str(), each.writable});
    std::vector<char> report(kReportBytes);
    TopkitEmulateLaunch launch = {};
    launch.kernel = kernel_->function();
    launch.symbol = kernel_->symbol.c_str();
    launch.parameters = parameters_.data();
    launch.parameterCount = static_cast<std::uint32_t>(parameters_.size());
    launch.grid = geometry_.grid;
    launch.block = geometry_.block;
    launch.cluster = geometry_.cluster;
    launch.sharedBytes = geometry_.sharedBytes;
    launch.staticBytes = kernel_->staticBytes();
    launch.flags = checked_ ? std::uint32_t{TOPKIT_EMULATE_CHECKED} : 0;
    launch.seed = seed_;
    launch.timeoutMilliseconds = timeout_;
    launch.buffers = buffers.data();
    launch.bufferCount = static_cast<std::uint32_t>(buffers.size());
    launch.report = report.data();
    launch.reportBytes = report.size();
    const int status = kernel_->runtime.launch(&launch);
    if (status == TOPKIT_EMULATE_FAULT) throw Failure{"TK_FAULT", report.data()};
    if (status != TOPKIT_EMULATE_OK) throw Failure{"TK_EMULATOR", report.data()};
  }

 private:
  const Self::Slot kernel_;
  Geometry geometry_{};
  std::vector<std::uint64_t> parameters_;
  std::vector<Buffer> buffers_;
  bool checked_ = true;
  std::uint64_t seed_ = 0;
  std::uint64_t timeout_ = 0;
};

Napi::Value Launch(const Napi::CallbackInfo& info, const Self::Slot& self) {
  return Task::Start(info.Env(), "topkit:emulate", std::make_unique<EmulatedLaunch>(self, ObjectOf(info[0], "launch")));
}

}  // namespace

EmulatedKernel::EmulatedKernel(const EmulatorRuntime& runtime, const std::string& file, std::string symbol) : runtime(runtime), symbol(std::move(symbol)) {
  object_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object_ == nullptr) throw LoadFailure(this->symbol, file);
  try {
    function_ = Symbol(object_, this->symbol.c_str(), file);
    static_bytes_ = reinterpret_cast<unsigned (*)()>(Symbol(object_, "topkit_emulated_static_bytes", file))();
  } catch (...) {
    dlclose(object_);
    throw;
  }
}

EmulatedKernel::~EmulatedKernel() {
  dlclose(object_);
  // the stacks of its threads, if nobody runs on them
  runtime.trim();
}

void EmulatedKernel::Define(Napi::Env env) {
  Self::Define(env, {Self::Function("launch", Self::AsyncMethod<Launch>), Self::Function("close", Self::Close)});
}

Napi::Value LoadEmulatedKernel(const Napi::CallbackInfo& info) {
  const EmulatorRuntime& runtime = Runtime(CString(info[0], "runtime"));
  return Self::New(info.Env(), std::make_shared<EmulatedKernel>(runtime, CString(info[1], "object"), CString(info[2], "symbol")));
}

}  // namespace topkit
