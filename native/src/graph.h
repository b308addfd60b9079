// Captured and instantiated graphs.
#pragma once

#include "launch_list.h"

namespace topkit {

class Graph final : public Resource {
 public:
  static constexpr const char* kName = "NativeGraph";
  static constexpr napi_type_tag kTag = {0x3d6a81b7fe924c50, 0xa7e50c3962d84bf1};
  static constexpr std::size_t kIndex = 7;

  /** Takes over `graph`, what a capture ended in. */
  static std::shared_ptr<Graph> Instantiate(std::shared_ptr<Context> context, CUgraph graph, std::vector<std::shared_ptr<LaunchList>> lists);
  static Napi::Object New(Napi::Env env, std::shared_ptr<Graph> graph);

  Graph(std::shared_ptr<Context> context, CUgraphExec exec, std::size_t nodes, std::vector<std::shared_ptr<LaunchList>> lists);
  ~Graph() override;

  const std::shared_ptr<Context> context;
  const CUgraphExec exec;
  const std::size_t nodes;
  const std::shared_ptr<Stream> defaultStream;
  /** Their modules hold the graph's code, their sequences its order with other runs. */
  const std::vector<std::shared_ptr<LaunchList>> lists;

  static void Define(Napi::Env env);
};

}  // namespace topkit
