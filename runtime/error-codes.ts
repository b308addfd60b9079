/** Every error code of topkit's runtime and CLI, with what it means in a line. docs/errors.md has an entry for each (tested). */
export const errorCodes = {
  // 1xx: what the caller gave
  TK101: "an option is missing, unknown or of the wrong type",
  TK102: "the input is not an array or tensor that topkit takes",
  TK103: "the dtype is missing, unknown or at odds with the data",
  TK104: "rows, cols or dims are out of range or do not divide the data",
  TK105: "k is not an integer from 1 to cols",
  TK106: "rowStride is not an integer >= cols",
  TK107: "a buffer does not have the number of elements that its shape needs",
  TK108: "lengths are missing, unplanned or of the wrong size",
  TK109: "a buffer was detached",
  TK110: "a tensor does not fit the plan",
  TK111: "a pointer cannot be wrapped",
  TK112: "no plan answers the request",
  TK113: "the forced plan or config does not exist, is refused, or is not rendered",
  TK114: "an environment variable has an unusable value",
  TK115: "the native addon refused an argument",
  TK116: "a parameter of sampling is out of its range, or not one a row",
  // 2xx: what the machine has
  TK201: "the native addon cannot be loaded",
  TK202: "no CUDA driver can be used",
  TK203: "there is no such CUDA device",
  TK204: "NVRTC, the CUDA compiler library, was not found",
  TK205: "the emulator lacks a C++ compiler or its own sources",
  TK206: "NVRTC cannot compile for the device",
  TK207: "a kernel's source is missing from the package or was changed",
  TK208: "the emulator cannot load a kernel or carry out its launch",
  TK209: "a peer of the benchmark cannot be used",
  TK210: "the libraries that draw reports are not installed",
  TK211: "the packages that render kernels are not installed",
  // 3xx: what failed on the way
  TK301: "NVRTC refused a kernel",
  TK302: "a CUDA driver call failed",
  TK303: "memory ran out",
  TK304: "a compiled kernel cannot run with the threads that its plan asks for",
  TK305: "the C++ compiler refused a kernel for the emulator",
  TK306: "a kernel did wrong on the emulator",
  // 4xx: handles
  TK401: "a handle was used after dispose()",
  TK402: "a handle belongs to another device",
  TK403: "an object is not the handle that is needed",
  TK404: "the native addon refused a handle",
  // 5xx: files
  TK501: "a file cannot be read",
  TK502: "a .npy file is malformed or truncated",
  TK503: "a .npy file holds what topkit does not take",
  TK504: "a .safetensors file is malformed or truncated",
  TK505: "a .safetensors file does not have the tensor, or its dtype is not taken",
  TK506: "an output file cannot be written",
  TK507: "a results file is malformed",
} as const satisfies Readonly<Record<`TK${number}`, string>>;

export type ErrorCode = keyof typeof errorCodes;
