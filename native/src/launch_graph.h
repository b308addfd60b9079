// The launches of a list as one instantiated graph: one call of the driver enqueues all of them, for less than they cost one by one.
#pragma once

#include <memory>
#include <vector>

#include "context.h"
#include "module.h"

namespace topkit {

class LaunchGraph {
 public:
  /** All methods want the context to be current. */
  explicit LaunchGraph(std::shared_ptr<Context> context);
  LaunchGraph(const LaunchGraph&) = delete;
  LaunchGraph& operator=(const LaunchGraph&) = delete;
  ~LaunchGraph();

  /** A launch behind those before it, with the parameters that `addresses` point to now. Function and addresses are to outlive the graph. */
  void Add(const Function& function, const CUlaunchConfig& config, void** addresses);
  /** Call once, when all are added. */
  void Instantiate();

  /** Reads the parameters of one launch anew; what was enqueued before keeps those it had. */
  void Update(std::size_t launch) const;
  void Launch(CUstream stream) const;

 private:
  struct Node {
    const Function* function;
    CUgraphNode handle;
    CUDA_KERNEL_NODE_PARAMS parameters;
  };

  /** Throws what a failed call of the driver was for. */
  void Check(CUresult status, const char* call, const Function& launched) const;
  void CheckAll(CUresult status, const char* call) const;

  const std::shared_ptr<Context> context_;
  /** Kept, because its nodes are the names of what Update() changes. */
  CUgraph graph_ = nullptr;
  CUgraphExec exec_ = nullptr;
  std::vector<Node> nodes_;
};

}  // namespace topkit
