// The fake driver (fake_cuda.h): streams, events, launches, graphs.
#include "fake_cuda.h"

namespace topkit {
namespace {

CUresult Execute(const CUfunc_st& function, const std::vector<std::uint64_t>& values) {
  if (function.name == "trap") {
    lost = true;
    return CUDA_SUCCESS;
  }
  if (function.name == "store") {
    if (!Inside(values[0], 8)) {
      lost = true;
      return CUDA_SUCCESS;
    }
    std::memcpy(reinterpret_cast<void*>(values[0]), &values[1], 8);
  }
  return CUDA_SUCCESS;
}

std::vector<std::uint64_t> ValuesOf(const CUfunc_st& function, void** parameters) {
  std::vector<std::uint64_t> values;
  for (std::size_t i = 0; i < function.parameters; ++i) values.push_back(*static_cast<std::uint64_t*>(parameters[i]));
  return values;
}

LaunchCall CallOf(const CUDA_KERNEL_NODE_PARAMS& given, unsigned cluster) {
  return {*given.func, given.gridDimX, given.blockDimX, cluster, given.sharedMemBytes, ValuesOf(*given.func, given.kernelParams)};
}

void LogLaunch(const LaunchCall& call, CUstream stream) {
  std::string text;
  for (const std::uint64_t value : call.values) text += " " + std::to_string(value);
  Log("launch %s grid=%u block=%u cluster=%u shared=%u stream=%p%s values=%s\n", call.function.name.c_str(), call.grid, call.block, call.cluster, call.shared,
      static_cast<void*>(stream), stream != nullptr && stream->capture != nullptr ? " captured" : "", text.c_str() + (text.empty() ? 0 : 1));
}

CUresult Launch(CUfunction function, unsigned grid, unsigned block, unsigned cluster, unsigned shared, CUstream stream, void** parameters) {
  const LaunchCall call{*function, grid, block, cluster, shared, ValuesOf(*function, parameters)};
  LogLaunch(call, stream);
  return Enqueue(stream, [call] { return Execute(call.function, call.values); });
}

}  // namespace

FAKE CUresult cuStreamCreate(CUstream* stream, unsigned) {
  ENTER_CONTEXT(cuStreamCreate);
  *stream = new CUstream_st;
  return CUDA_SUCCESS;
}
FAKE CUresult cuStreamDestroy_v2(CUstream stream) {
  ENTER_CONTEXT(cuStreamDestroy_v2);
  delete stream;
  return CUDA_SUCCESS;
}
FAKE CUresult cuStreamSynchronize(CUstream stream) {
  Delay();
  ENTER_CONTEXT(cuStreamSynchronize);
  return stream != nullptr && stream->capture != nullptr ? 900 : CUDA_SUCCESS;
}
FAKE CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  ENTER_CONTEXT(cuStreamWaitEvent);
  Log("wait stream=%p event=%p\n", static_cast<void*>(stream), static_cast<void*>(event));
  return stream != nullptr && stream->capture != nullptr ? 905 : CUDA_SUCCESS;
}
FAKE CUresult cuStreamBeginCapture_v2(CUstream stream, int) {
  ENTER_CONTEXT(cuStreamBeginCapture_v2);
  stream->capture = new CUgraph_st;
  return CUDA_SUCCESS;
}
FAKE CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  ENTER_CONTEXT(cuStreamEndCapture);
  *graph = stream->capture;
  stream->capture = nullptr;
  return CUDA_SUCCESS;
}
FAKE CUresult cuEventCreate(CUevent* event, unsigned flags) {
  ENTER_CONTEXT(cuEventCreate);
  *event = new CUevent_st{(flags & CU_EVENT_DISABLE_TIMING) == 0};
  return CUDA_SUCCESS;
}
FAKE CUresult cuEventDestroy_v2(CUevent event) {
  ENTER_CONTEXT(cuEventDestroy_v2);
  delete event;
  return CUDA_SUCCESS;
}
FAKE CUresult cuEventRecord(CUevent event, CUstream stream) {
  ENTER_CONTEXT(cuEventRecord);
  Log("record stream=%p event=%p\n", static_cast<void*>(stream), static_cast<void*>(event));
  event->recorded = true;
  return stream != nullptr && stream->capture != nullptr ? 907 : CUDA_SUCCESS;
}
FAKE CUresult cuEventSynchronize(CUevent) {
  ENTER_CONTEXT(cuEventSynchronize);
  return CUDA_SUCCESS;
}
FAKE CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  ENTER_CONTEXT(cuEventElapsedTime);
  *milliseconds = 1.5F;
  return start->timing && end->timing && start->recorded && end->recorded ? CUDA_SUCCESS : 400;
}
FAKE CUresult cuLaunchKernel(CUfunction function, unsigned grid, unsigned, unsigned, unsigned block, unsigned, unsigned, unsigned shared, CUstream stream,
                             void** parameters, void**) {
  ENTER_CONTEXT(cuLaunchKernel);
  return Launch(function, grid, block, 1, shared, stream, parameters);
}
FAKE CUresult cuGraphCreate(CUgraph* graph, unsigned) {
  ENTER_CONTEXT(cuGraphCreate);
  *graph = new CUgraph_st;
  graphs.insert(*graph);
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphAddKernelNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* dependencies, std::size_t count,
                                   const CUDA_KERNEL_NODE_PARAMS* parameters) {
  ENTER_CONTEXT(cuGraphAddKernelNode);
  const bool chained = graph->nodes.empty() ? count == 0 : count == 1 && dependencies[0] == &graph->nodes.back();
  if (!chained) return CUDA_ERROR_INVALID_VALUE;
  graph->nodes.push_back({CallOf(*parameters, 1)});
  *node = &graph->nodes.back();
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphKernelNodeSetAttribute(CUgraphNode node, int attribute, const CUlaunchAttributeValue* value) {
  ENTER_CONTEXT(cuGraphKernelNodeSetAttribute);
  if (attribute != CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) return CUDA_ERROR_INVALID_VALUE;
  node->call.cluster = value->clusterDim.x;
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS* parameters) {
  ENTER_CONTEXT(cuGraphExecKernelNodeSetParams);
  for (auto& [own, call] : exec->launches) {
    if (own != node) continue;
    // a node is its graph's
    if (graphs.count(exec->graph) == 0) return CUDA_ERROR_INVALID_VALUE;
    call = CallOf(*parameters, call.cluster);
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;
}
FAKE CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode*, std::size_t* count) {
  ENTER_CONTEXT(cuGraphGetNodes);
  *count = graph->work.size();
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long) {
  ENTER_CONTEXT(cuGraphInstantiateWithFlags);
  *exec = new CUgraphExec_st{graph, graph->work, {}};
  for (CUgraphNode_st& node : graph->nodes) (*exec)->launches.emplace_back(&node, node.call);
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  ENTER_CONTEXT(cuGraphLaunch);
  // launches log themselves
  if (exec->launches.empty()) Log("graph stream=%p\n", static_cast<void*>(stream));
  for (const auto& work : exec->work) work();
  for (const auto& [node, call] : exec->launches) {
    LogLaunch(call, stream);
    Execute(call.function, call.values);
  }
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphExecDestroy(CUgraphExec exec) {
  ENTER_CONTEXT(cuGraphExecDestroy);
  delete exec;
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphDestroy(CUgraph graph) {
  ENTER_CONTEXT(cuGraphDestroy);
  graphs.erase(graph);
  delete graph;
  return CUDA_SUCCESS;
}

#ifndef TOPKIT_FAKE_OLD
FAKE CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** parameters, void**) {
  ENTER_CONTEXT(cuLaunchKernelEx);
  return Launch(function, config->gridDimX, config->blockDimX, config->attrs[0].value.clusterDim.x, config->sharedMemBytes, config->hStream, parameters);
}
FAKE CUresult cuFuncGetParamInfo(CUfunction function, std::size_t index, std::size_t* offset, std::size_t* bytes) {
  ENTER_CONTEXT(cuFuncGetParamInfo);
  if (index >= function->parameters) return CUDA_ERROR_INVALID_VALUE;
  *offset = index * 8;
  *bytes = 8;
  return CUDA_SUCCESS;
}
#endif

}  // namespace topkit
