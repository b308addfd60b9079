// Prepared launches: kernels, geometry and parameters, with slots for the pointers that change from run to run.
#pragma once

#include "launch_graph.h"
#include "module.h"
#include "stream.h"

namespace topkit {

class LaunchList final : public Resource, public std::enable_shared_from_this<LaunchList> {
 public:
  static constexpr const char* kName = "NativeLaunchList";
  static constexpr napi_type_tag kTag = {0x7a95f3e016cd4b28, 0x942c7d8eb5f1a063};
  static constexpr std::size_t kIndex = 6;

  /** Reads and checks the steps (native/types.ts, LaunchStep). */
  LaunchList(std::shared_ptr<Context> context, Napi::Value steps, Napi::Value pointers);

  const std::shared_ptr<Context> context;
  const std::shared_ptr<Stream> defaultStream;
  Sequence sequence;

  /** Enqueues all steps. The hot path: nothing is allocated, all pointers are read before the first launch. */
  void Run(napi_env env, napi_value stream, napi_value pointers);

  static void Define(Napi::Env env);

 private:
  struct Step {
    /** Keeps the code loaded. */
    std::shared_ptr<Module> module;
    std::shared_ptr<Function> function;
    CUlaunchConfig config{};
    CUlaunchAttribute cluster{};
    std::vector<std::uint64_t> values;
    /** Of each value, as the driver wants them. */
    std::vector<void*> addresses;
    bool hasSlots = false;
  };
  struct Slot {
    std::uint64_t* value;
    std::size_t pointer;
  };

  void AddStep(Napi::Object step, const std::string& name);
  void CheckParameters(const Step& step, const std::string& name) const;
  void CheckGeometry(const Step& step, const std::string& name) const;
  void Capture(Step& step, CUstream stream) const;
  /** Puts the pointers of this run into the graph. */
  void UpdateGraph();

  std::vector<Step> steps_;
  std::vector<Slot> slots_;
  /** Pointers of the run being enqueued. */
  std::vector<std::uint64_t> pointers_;
  /** What eager runs launch. Behind the steps, so that it goes before their modules do. */
  LaunchGraph graph_;
  /** The pointers that it has; none where it may have some of two runs. */
  std::vector<std::uint64_t> graphPointers_;
};

}  // namespace topkit
