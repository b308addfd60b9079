#include "launch_list.h"

#include <algorithm>
#include <climits>

#include "arguments.h"

namespace topkit {
namespace {

/** Clusters of up to 8 blocks work on every device that has clusters; Hopper allows 16 where the kernel opts in. */
constexpr unsigned kPortableCluster = 8;
constexpr unsigned kMaxCluster = 16;
/** Parameters of a kernel, in 64-bit words: the driver's limit is 4 KiB, 32 KiB on newer devices. */
constexpr std::uint32_t kMaxParameters = 4096;
constexpr std::uint32_t kMaxPointers = 1024;
/** More than any kernel of ours declares. */
constexpr std::size_t kDeclaredParameters = 64;

unsigned Field(Napi::Object step, const std::string& name, const char* field, std::int64_t low, std::int64_t high) {
  return static_cast<unsigned>(Integer(step.Get(field), (name + "." + field).c_str(), low, high));
}

}  // namespace

LaunchList::LaunchList(std::shared_ptr<Context> owner, Napi::Value steps, Napi::Value pointers)
    : context(std::move(owner)),
      defaultStream(Stream::Default(context)),
      pointers_(static_cast<std::size_t>(Integer(pointers, "pointers", 0, kMaxPointers))),
      graph_(context) {
  const Napi::Array list = ArrayOf(steps, "steps");
  const Current current(*context);
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const std::string name = "steps[" + std::to_string(i) + "]";
    AddStep(ObjectOf(list.Get(i), name.c_str()), name);
  }
  // only now, as steps move no more
  for (Step& step : steps_) {
    step.config.attrs = &step.cluster;
    // one without a cluster names none, since drivers before CUDA 11.8 know no such attribute
    step.config.numAttrs = step.cluster.value.clusterDim.x == 1 ? 0 : 1;
    graph_.Add(*step.function, step.config, step.addresses.data());
  }
  graph_.Instantiate();
}

void LaunchList::AddStep(Napi::Object given, const std::string& name) {
  const Napi::Env env = given.Env();
  Step step;
  step.function = Handle<Function>::Of(env, given.Get("function"), (name + ".function").c_str());
  step.module = step.function->RequireModule();
  RequireSameDevice(*context, *step.module->context, (name + ".function").c_str());

  step.config.gridDimX = Field(given, name, "grid", 1, INT_MAX);
  step.config.blockDimX = Field(given, name, "block", 1, context->properties.maxThreadsPerBlock);
  step.config.gridDimY = step.config.gridDimZ = step.config.blockDimY = step.config.blockDimZ = 1;
  step.config.sharedMemBytes = Field(given, name, "sharedBytes", 0, context->properties.maxSharedBytes);
  step.cluster.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  step.cluster.value.clusterDim = {Field(given, name, "cluster", 1, kMaxCluster), 1, 1};
  CheckGeometry(step, name);

  const Napi::Array parameters = ArrayOf(given.Get("parameters"), (name + ".parameters").c_str());
  if (parameters.Length() > kMaxParameters) {
    throw ArgumentFailure(name + " has " + std::to_string(parameters.Length()) + " parameters; a kernel takes at most " + std::to_string(kMaxParameters));
  }
  for (std::uint32_t i = 0; i < parameters.Length(); ++i) {
    step.values.push_back(Unsigned64(env, parameters.Get(i), (name + ".parameters[" + std::to_string(i) + "]").c_str()));
  }
  for (std::uint64_t& value : step.values) step.addresses.push_back(&value);
  // The driver reads as many as the kernel declares: one that the list lacks is zero, not whatever lies behind the list.
  static std::uint64_t zero = 0;
  step.addresses.resize(std::max<std::size_t>(step.addresses.size(), kDeclaredParameters), &zero);
  CheckParameters(step, name);

  const Napi::Array slots = ArrayOf(given.Get("slots"), (name + ".slots").c_str());
  for (std::uint32_t i = 0; i < slots.Length(); ++i) {
    const std::string slotName = name + ".slots[" + std::to_string(i) + "]";
    const Napi::Object slot = ObjectOf(slots.Get(i), slotName.c_str());
    const unsigned parameter = Field(slot, slotName, "parameter", 0, static_cast<std::int64_t>(step.values.size()) - 1);
    slots_.push_back({&step.values[parameter], Field(slot, slotName, "pointer", 0, static_cast<std::int64_t>(pointers_.size()) - 1)});
  }
  step.hasSlots = slots.Length() > 0;
  // Moving a vector keeps its elements where they are, so addresses and slots stay right.
  steps_.push_back(std::move(step));
}

void LaunchList::CheckGeometry(const Step& step, const std::string& name) const {
  const unsigned cluster = step.cluster.value.clusterDim.x;
  const std::string kernel = name + " (" + step.function->symbol + ")";
  const auto limit = static_cast<unsigned>(step.function->Attribute(context->driver, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK));
  if (step.config.blockDimX > limit) {
    throw ArgumentFailure(kernel + " asks for " + std::to_string(step.config.blockDimX) + " threads a block; this kernel's registers allow " +
                          std::to_string(limit) + "; take a config with fewer threads");
  }
  const auto shared = static_cast<unsigned>(step.function->Attribute(context->driver, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES));
  if (step.config.sharedMemBytes > shared) {
    throw ArgumentFailure(kernel + " asks for " + std::to_string(step.config.sharedMemBytes) + " bytes of dynamic shared memory; " + std::to_string(shared) +
                          " are allowed; call setMaxSharedBytes() on the function first");
  }
  if (cluster == 1) return;
  if (!context->properties.clusterLaunch) {
    throw ArgumentFailure(kernel + " asks for clusters of " + std::to_string(cluster) + " blocks, which " + context->properties.name +
                          " with this driver cannot launch (a GPU of compute capability 9.0 and a driver of CUDA 11.8 or newer can); "
                          "take a config with cluster 1");
  }
  if (step.config.gridDimX % cluster != 0) {
    throw ArgumentFailure(kernel + " has a grid of " + std::to_string(step.config.gridDimX) + " blocks, no multiple of its cluster of " +
                          std::to_string(cluster) + "; round the grid up");
  }
  if (cluster <= kPortableCluster) return;
  CU(context->driver, cuFuncSetAttribute, step.function->handle, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1);
}

// Drivers from CUDA 12.4 on tell a parameter's size. Only indices that the list has are asked for: to ask past the kernel's last one is an
// API error, which tools such as compute-sanitizer report.
void LaunchList::CheckParameters(const Step& step, const std::string& name) const {
  const auto infoOf = context->driver.cuFuncGetParamInfo;
  if (infoOf == nullptr) return;
  for (std::size_t i = 0; i < step.values.size(); ++i) {
    std::size_t offset = 0;
    std::size_t bytes = 0;
    if (infoOf(step.function->handle, i, &offset, &bytes) != CUDA_SUCCESS) {
      throw ArgumentFailure(name + " has " + std::to_string(step.values.size()) + " parameters; the kernel " + step.function->symbol + " takes " +
                            std::to_string(i) + "; pass one value for each");
    }
    if (bytes != sizeof(std::uint64_t)) {
      throw ArgumentFailure(name + ": parameter " + std::to_string(i) + " of " + step.function->symbol + " has " + std::to_string(bytes) +
                            " bytes; every parameter of a listed kernel has 8");
    }
  }
}

void LaunchList::Capture(Step& step, CUstream stream) const {
  const Driver& driver = context->driver;
  const CUfunction function = step.function->handle;
  CUlaunchConfig& config = step.config;
  if (config.numAttrs == 0) {
    const CUresult status =
        driver.cuLaunchKernel(function, config.gridDimX, 1, 1, config.blockDimX, 1, 1, config.sharedMemBytes, stream, step.addresses.data(), nullptr);
    Check(driver, status, "cuLaunchKernel", "capturing " + step.function->symbol);
    return;
  }
  config.hStream = stream;
  Check(driver, driver.cuLaunchKernelEx(&config, function, step.addresses.data(), nullptr), "cuLaunchKernelEx", "capturing " + step.function->symbol);
}

void LaunchList::UpdateGraph() {
  graphPointers_.clear();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].hasSlots) graph_.Update(i);
  }
  graphPointers_ = pointers_;
}

void LaunchList::Run(napi_env env, napi_value streamValue, napi_value pointersValue) {
  std::uint32_t given = 0;
  if (napi_get_array_length(env, pointersValue, &given) != napi_ok || given != pointers_.size()) {
    throw ArgumentFailure("run() was given " + (given == 0 ? std::string("no list of pointers") : std::to_string(given) + " pointers") +
                          "; this list takes an array of " + std::to_string(pointers_.size()) + " bigints");
  }
  const std::shared_ptr<Stream> stream = StreamOf(env, streamValue, defaultStream);
  for (std::uint32_t i = 0; i < given; ++i) {
    napi_value element = nullptr;
    if (napi_get_element(env, pointersValue, i, &element) != napi_ok) throw Napi::Error::New(env);
    pointers_[i] = Unsigned64(env, element, "a pointer of run()");
  }
  for (const Slot& slot : slots_) *slot.value = pointers_[slot.pointer];

  const Current current(*context);
  if (!stream->capturing()) {
    if (pointers_ != graphPointers_) UpdateGraph();
    sequence.MoveTo(stream);
    graph_.Launch(stream->handle);
    return;
  }
  stream->Captured(shared_from_this());
  for (Step& step : steps_) Capture(step, stream->handle);
}

namespace {

napi_value Run(napi_env env, napi_callback_info raw) {
  return Guard(env, [&]() -> napi_value {
    std::size_t count = 2;
    napi_value arguments[2] = {};
    napi_value self = nullptr;
    napi_get_cb_info(env, raw, &count, arguments, &self, nullptr);
    // a copy: a getter in the list of pointers may close this very list
    const std::shared_ptr<LaunchList> list = Handle<LaunchList>::Of(env, self, "this");
    list->Run(env, arguments[0], arguments[1]);
    return nullptr;
  });
}

}  // namespace

void LaunchList::Define(Napi::Env env) {
  using Self = Handle<LaunchList>;
  Self::Define(env, {Self::Function("run", topkit::Run), Self::Function("close", Self::Close)});
}

}  // namespace topkit
