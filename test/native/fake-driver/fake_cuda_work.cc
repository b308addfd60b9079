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

CUresult Launch(CUfunction function, unsigned grid, unsigned block, unsigned cluster, unsigned shared, CUstream stream, void** parameters) {
  std::vector<std::uint64_t> values;
  std::string text;
  for (std::size_t i = 0; i < function->parameters; ++i) {
    values.push_back(*static_cast<std::uint64_t*>(parameters[i]));
    text += " " + std::to_string(values.back());
  }
  Log("launch %s grid=%u block=%u cluster=%u shared=%u stream=%p%s values=%s\n", function->name.c_str(), grid, block, cluster, shared,
      static_cast<void*>(stream), stream != nullptr && stream->capture != nullptr ? " captured" : "", text.c_str() + (text.empty() ? 0 : 1));
  return Enqueue(stream, [function = *function, values] { return Execute(function, values); });
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
FAKE CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode*, std::size_t* count) {
  ENTER_CONTEXT(cuGraphGetNodes);
  *count = graph->work.size();
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long) {
  ENTER_CONTEXT(cuGraphInstantiateWithFlags);
  *exec = new CUgraphExec_st{graph->work};
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  ENTER_CONTEXT(cuGraphLaunch);
  Log("graph stream=%p\n", static_cast<void*>(stream));
  for (const auto& work : exec->work) work();
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphExecDestroy(CUgraphExec exec) {
  ENTER_CONTEXT(cuGraphExecDestroy);
  delete exec;
  return CUDA_SUCCESS;
}
FAKE CUresult cuGraphDestroy(CUgraph graph) {
  ENTER_CONTEXT(cuGraphDestroy);
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
