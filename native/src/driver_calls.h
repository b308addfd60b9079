// Every call of the CUDA driver that topkit makes, declared once: the struct of pointers, the loader and the fake driver of the tests all
// expand this list. X(need, symbol, parameters): a driver that lacks a REQUIRED symbol is too old; an OPTIONAL one is missed only by
// what needs it. Names are the versioned symbols, not the macros of cuda.h.
#pragma once

#include "cuda_types.h"

// clang-format off
#define TOPKIT_DRIVER_CALLS(X)                                                                                                              \
  X(REQUIRED, cuInit, (unsigned flags))                                                                                                     \
  X(REQUIRED, cuDriverGetVersion, (int* version))                                                                                           \
  X(REQUIRED, cuGetErrorName, (CUresult status, const char** name))                                                                         \
  X(REQUIRED, cuGetErrorString, (CUresult status, const char** text))                                                                       \
  X(REQUIRED, cuDeviceGetCount, (int* count))                                                                                               \
  X(REQUIRED, cuDeviceGet, (CUdevice* device, int ordinal))                                                                                 \
  X(REQUIRED, cuDeviceGetName, (char* name, int length, CUdevice device))                                                                   \
  X(REQUIRED, cuDeviceGetAttribute, (int* value, int attribute, CUdevice device))                                                           \
  X(REQUIRED, cuDeviceTotalMem_v2, (std::size_t* bytes, CUdevice device))                                                                   \
  X(REQUIRED, cuDevicePrimaryCtxRetain, (CUcontext* context, CUdevice device))                                                              \
  X(REQUIRED, cuDevicePrimaryCtxRelease_v2, (CUdevice device))                                                                              \
  X(REQUIRED, cuCtxGetCurrent, (CUcontext* context))                                                                                        \
  X(REQUIRED, cuCtxSetCurrent, (CUcontext context))                                                                                         \
  X(REQUIRED, cuCtxSynchronize, ())                                                                                                         \
  X(REQUIRED, cuMemAlloc_v2, (CUdeviceptr* pointer, std::size_t bytes))                                                                     \
  X(REQUIRED, cuMemFree_v2, (CUdeviceptr pointer))                                                                                          \
  X(REQUIRED, cuMemcpyHtoDAsync_v2, (CUdeviceptr destination, const void* source, std::size_t bytes, CUstream stream))                      \
  X(REQUIRED, cuMemcpyDtoHAsync_v2, (void* destination, CUdeviceptr source, std::size_t bytes, CUstream stream))                            \
  X(REQUIRED, cuMemsetD8Async, (CUdeviceptr destination, unsigned char byte, std::size_t bytes, CUstream stream))                           \
  X(REQUIRED, cuModuleLoadDataEx, (CUmodule* module, const void* image, unsigned count, int* options, void** values))                       \
  X(REQUIRED, cuModuleUnload, (CUmodule module))                                                                                            \
  X(REQUIRED, cuModuleGetFunction, (CUfunction* function, CUmodule module, const char* name))                                               \
  X(REQUIRED, cuFuncGetAttribute, (int* value, int attribute, CUfunction function))                                                         \
  X(REQUIRED, cuFuncSetAttribute, (CUfunction function, int attribute, int value))                                                          \
  X(REQUIRED, cuStreamCreate, (CUstream* stream, unsigned flags))                                                                           \
  X(REQUIRED, cuStreamDestroy_v2, (CUstream stream))                                                                                        \
  X(REQUIRED, cuStreamSynchronize, (CUstream stream))                                                                                       \
  X(REQUIRED, cuStreamWaitEvent, (CUstream stream, CUevent event, unsigned flags))                                                          \
  X(REQUIRED, cuStreamBeginCapture_v2, (CUstream stream, int mode))                                                                         \
  X(REQUIRED, cuStreamEndCapture, (CUstream stream, CUgraph* graph))                                                                        \
  X(REQUIRED, cuEventCreate, (CUevent* event, unsigned flags))                                                                              \
  X(REQUIRED, cuEventDestroy_v2, (CUevent event))                                                                                           \
  X(REQUIRED, cuEventRecord, (CUevent event, CUstream stream))                                                                              \
  X(REQUIRED, cuEventSynchronize, (CUevent event))                                                                                          \
  X(REQUIRED, cuEventElapsedTime, (float* milliseconds, CUevent start, CUevent end))                                                        \
  X(REQUIRED, cuLaunchKernel, (CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,       \
                               unsigned blockZ, unsigned sharedBytes, CUstream stream, void** parameters, void** extra))                    \
  X(REQUIRED, cuGraphCreate, (CUgraph* graph, unsigned flags))                                                                              \
  X(REQUIRED, cuGraphAddKernelNode, (CUgraphNode* node, CUgraph graph, const CUgraphNode* dependencies, std::size_t count,                  \
                                     const CUDA_KERNEL_NODE_PARAMS* parameters))                                                            \
  X(REQUIRED, cuGraphKernelNodeSetAttribute, (CUgraphNode node, int attribute, const CUlaunchAttributeValue* value))                        \
  X(REQUIRED, cuGraphExecKernelNodeSetParams, (CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS* parameters))              \
  X(REQUIRED, cuGraphGetNodes, (CUgraph graph, CUgraphNode* nodes, std::size_t* count))                                                     \
  X(REQUIRED, cuGraphInstantiateWithFlags, (CUgraphExec* exec, CUgraph graph, unsigned long long flags))                                    \
  X(REQUIRED, cuGraphLaunch, (CUgraphExec exec, CUstream stream))                                                                           \
  X(REQUIRED, cuGraphExecDestroy, (CUgraphExec exec))                                                                                       \
  X(REQUIRED, cuGraphDestroy, (CUgraph graph))                                                                                              \
  X(OPTIONAL, cuLaunchKernelEx, (const CUlaunchConfig* config, CUfunction function, void** parameters, void** extra)) /* CUDA 11.8 */       \
  X(OPTIONAL, cuFuncGetParamInfo, (CUfunction function, std::size_t index, std::size_t* offset, std::size_t* bytes))  /* CUDA 12.4 */
// clang-format on
