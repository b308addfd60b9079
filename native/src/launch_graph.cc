#include "launch_graph.h"

namespace topkit {

LaunchGraph::LaunchGraph(std::shared_ptr<Context> owner) : context_(std::move(owner)) {
  const Current current(*context_);
  CU(context_->driver, cuGraphCreate, &graph_, 0);
}

LaunchGraph::~LaunchGraph() {
  // What is in flight goes on: the driver frees an executable graph when its launches are done.
  Quietly(*context_, [this](const Driver& driver) {
    if (exec_ != nullptr) driver.cuGraphExecDestroy(exec_);
    if (graph_ != nullptr) driver.cuGraphDestroy(graph_);
  });
}

void LaunchGraph::Add(const Function& function, const CUlaunchConfig& config, void** addresses) {
  const Driver& driver = context_->driver;
  const CUDA_KERNEL_NODE_PARAMS parameters{function.handle,   config.gridDimX,  config.gridDimY,       config.gridDimZ, config.blockDimX,
                                           config.blockDimY, config.blockDimZ, config.sharedMemBytes, addresses,       nullptr};
  const CUgraphNode* before = nodes_.empty() ? nullptr : &nodes_.back().handle;
  CUgraphNode node = nullptr;
  Check(driver.cuGraphAddKernelNode(&node, graph_, before, before == nullptr ? 0 : 1, &parameters), "cuGraphAddKernelNode", function);
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    Check(driver.cuGraphKernelNodeSetAttribute(node, config.attrs[i].id, &config.attrs[i].value), "cuGraphKernelNodeSetAttribute", function);
  }
  nodes_.push_back({&function, node, parameters});
}

void LaunchGraph::Instantiate() { CheckAll(context_->driver.cuGraphInstantiateWithFlags(&exec_, graph_, 0), "cuGraphInstantiateWithFlags"); }

void LaunchGraph::Update(std::size_t launch) const {
  const auto& [function, node, parameters] = nodes_[launch];
  Check(context_->driver.cuGraphExecKernelNodeSetParams(exec_, node, &parameters), "cuGraphExecKernelNodeSetParams", *function);
}

void LaunchGraph::Launch(CUstream stream) const { CheckAll(context_->driver.cuGraphLaunch(exec_, stream), "cuGraphLaunch"); }

// Both on the hot path: no text is made but for a failure.

void LaunchGraph::Check(CUresult status, const char* call, const Function& launched) const {
  if (status != CUDA_SUCCESS) topkit::Check(context_->driver, status, call, "launching " + launched.symbol);
}

void LaunchGraph::CheckAll(CUresult status, const char* call) const {
  if (status == CUDA_SUCCESS) return;
  std::string symbols;
  for (const Node& node : nodes_) symbols += (symbols.empty() ? "" : ", ") + node.function->symbol;
  topkit::Check(context_->driver, status, call, "launching " + symbols);
}

}  // namespace topkit
