#include "launch_graph.h"

namespace topkit {

LaunchGraph::LaunchGraph(std::shared_ptr<Context> owner) : context_(std::move(owner)) { CU(context_->driver, cuGraphCreate, &graph_, 0); }

LaunchGraph::~LaunchGraph() {
  // What is in flight goes on: the driver frees an executable graph when its launches are done.
  Quietly(*context_, [this](const Driver& driver) {
    if (exec_ != nullptr) driver.cuGraphExecDestroy(exec_);
    if (graph_ != nullptr) driver.cuGraphDestroy(graph_);
  });
}

void LaunchGraph::Add(CUfunction function, const CUlaunchConfig& config, void** addresses) {
  const Driver& driver = context_->driver;
  Node node{nullptr,
            {function, config.gridDimX, config.gridDimY, config.gridDimZ, config.blockDimX, config.blockDimY, config.blockDimZ, config.sharedMemBytes, addresses,
             nullptr}};
  const CUgraphNode* before = nodes_.empty() ? nullptr : &nodes_.back().handle;
  CU(driver, cuGraphAddKernelNode, &node.handle, graph_, before, before == nullptr ? 0 : 1, &node.parameters);
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    CU(driver, cuGraphKernelNodeSetAttribute, node.handle, config.attrs[i].id, &config.attrs[i].value);
  }
  nodes_.push_back(node);
}

void LaunchGraph::Instantiate() { CU(context_->driver, cuGraphInstantiateWithFlags, &exec_, graph_, 0); }

void LaunchGraph::Update(std::size_t launch) const {
  CU(context_->driver, cuGraphExecKernelNodeSetParams, exec_, nodes_[launch].handle, &nodes_[launch].parameters);
}

}  // namespace topkit
