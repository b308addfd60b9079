// What a driver status means to the person who sees it.
#include "driver.h"

namespace topkit {
namespace {

constexpr const char* kContextLost =
    "a kernel failed on the device and this process's CUDA context is lost: every later call fails the same way; end the process and start again "
    "(compute-sanitizer finds the faulting access)";

const char* FixOf(CUresult status) {
  switch (status) {
    case CUDA_ERROR_INVALID_VALUE:
      return "a size, a pointer or a launch geometry is outside of what the device allows; check the pointers and that their memory is not closed";
    case CUDA_ERROR_OUT_OF_MEMORY:
      return "free device memory (close tensors and plans, end other processes: see nvidia-smi), or take fewer rows at a time";
    case CUDA_ERROR_NOT_INITIALIZED:
    case CUDA_ERROR_DEINITIALIZED:
      return "the driver is shutting down with the process; finish GPU work before the process exits";
    case CUDA_ERROR_STUB_LIBRARY:
      return "a toolkit's stub of libcuda was loaded instead of the driver; remove the stubs folder from LD_LIBRARY_PATH";
    case CUDA_ERROR_NO_DEVICE:
      return "no GPU is visible; check nvidia-smi and CUDA_VISIBLE_DEVICES (in a container, pass the GPUs through), or use backend \"cpu\"";
    case CUDA_ERROR_INVALID_DEVICE:
      return "no device has this number; driverInfo() lists those there are";
    case CUDA_ERROR_DEVICE_UNAVAILABLE:
      return "another process has the device in exclusive mode, or it is failing; see nvidia-smi";
    case CUDA_ERROR_INVALID_IMAGE:
    case CUDA_ERROR_NO_BINARY_FOR_GPU:
      return "the image is damaged or made for another GPU; compile it for this device's arch (clear the cubin cache if it came from there)";
    case CUDA_ERROR_INVALID_PTX:
      return "the PTX does not assemble for this device; compile for its own arch (sm_NN) instead";
    case CUDA_ERROR_JIT_COMPILER_NOT_FOUND:
      return "the driver's PTX compiler (libnvidia-ptxjitcompiler) is missing; install the whole driver, or compile to a cubin (sm_NN)";
    case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
      return "the PTX is newer than the driver; install a newer driver, use an older NVRTC (TOPKIT_NVRTC), or compile to a cubin (sm_NN)";
    case CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER:
      return "the driver is too old for this call; install a newer one";
    case CUDA_ERROR_NOT_FOUND:
      return "the module has no such symbol; kernels are extern \"C\" and named as in generated/manifest.json";
    case CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES:
      return "the launch needs more registers or shared memory than a multiprocessor has; take a config with fewer threads";
    case CUDA_ERROR_INVALID_CLUSTER_SIZE:
      return "the device cannot place a cluster of this size with this kernel's resources; take a config with a smaller cluster";
    case CUDA_ERROR_SYSTEM_NOT_READY:
      return "the system is not ready for CUDA: on NVSwitch machines start nvidia-fabricmanager, then try again";
    case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
      return "libcuda and the kernel module are of different versions; reboot after a driver update, and mount the host's own libcuda in containers";
    case CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE:
      return "the forward-compatibility libcuda does not serve this GPU; remove the compat folder from the loader's path";
    case CUDA_ERROR_STREAM_CAPTURE_INVALIDATED:
      return "a call that cannot be captured was made on the stream; capture launch lists only";
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_CONTEXT_IS_DESTROYED:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_ECC_UNCORRECTABLE:
      return kContextLost;
    default:
      // 714 to 719: stack error, illegal instruction, misaligned address, address space, program counter, launch failed
      if (status >= CUDA_ERROR_HARDWARE_STACK_ERROR && status <= CUDA_ERROR_LAUNCH_FAILED) return kContextLost;
      return "see this status in the documentation of the CUDA driver API";
  }
}

const char* CodeOf(CUresult status) {
  switch (status) {
    case CUDA_ERROR_OUT_OF_MEMORY:
      return "TK_MEMORY";
    case CUDA_ERROR_NO_DEVICE:
    case CUDA_ERROR_INVALID_DEVICE:
      return "TK_NO_DEVICE";
    default:
      return "TK_DRIVER";
  }
}

}  // namespace

void Check(const Driver& driver, CUresult status, const char* call, const std::string& doing) {
  if (status == CUDA_SUCCESS) return;
  const char* name = nullptr;
  const char* text = nullptr;
  if (driver.cuGetErrorName(status, &name) != CUDA_SUCCESS || name == nullptr) name = "an unknown status";
  if (driver.cuGetErrorString(status, &text) != CUDA_SUCCESS || text == nullptr) text = "the driver has no text for it";
  throw Failure{CodeOf(status),
                std::string(call) + " failed with " + std::to_string(status) + " (" + name + ": " + text + ")" + (doing.empty() ? "" : " " + doing) + "; " +
                    FixOf(status),
                call, status, name};
}

}  // namespace topkit
