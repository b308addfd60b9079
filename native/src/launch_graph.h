// The launches of a list as one instantiated graph: one call of the driver enqueues all of them, for less than one launch costs.
#pragma once

#include <memory>
#include <vector>

#include "context.h"

namespace topkit {

class LaunchGraph {
 public:
  /** The context is to be current, here and in all methods. */
  explicit LaunchGraph(std::shared_ptr<Context> context);
  LaunchGraph(const LaunchGraph&) = delete;
  LaunchGraph& operator=(const LaunchGraph&) = delete;
  ~LaunchGraph();

  /** A launch behind those before it, with the parameters that `addresses` point to now. Function and addresses are to outlive the graph. */
  void Add(CUfunction function, const CUlaunchConfig& config, void** addresses);
  /** Call once, when all are added. */
  void Instantiate();

  /** Reads the parameters of one launch anew; what was enqueued before keeps those it had. */
  void Update(std::size_t launch) const;
  CUresult Launch(CUstream stream) const { return context_->driver.cuGraphLaunch(exec_, stream); }

 private:
  struct Node {
    CUgraphNode handle;
    CUDA_KERNEL_NODE_PARAMS parameters;
  };

  const std::shared_ptr<Context> context_;
  /** Kept, because its nodes are the names of what Update() changes. */
  CUgraph graph_ = nullptr;
  CUgraphExec exec_ = nullptr;
  std::vector<Node> nodes_;
};

}  // namespace topkit
