// An NVRTC for tests of the search and of errors. A copy tells the version that stands in the file `version` beside it ("12 4"), so that a
// test lays out whole toolkits of several versions. Compiling gives "image of <source>", or fails where the source says `#error`.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <string>

#define FAKE extern "C" __attribute__((visibility("default")))

struct _nvrtcProgram {
  std::string source;
  std::string log;
};
using nvrtcProgram = _nvrtcProgram*;

FAKE int nvrtcVersion(int* major, int* minor) {
  Dl_info where{};
  if (dladdr(reinterpret_cast<void*>(nvrtcVersion), &where) == 0) return 1;
  std::string file = where.dli_fname;
  file = file.substr(0, file.rfind('/')) + "/version";
  std::FILE* stream = std::fopen(file.c_str(), "r");
  if (stream == nullptr) return 1;
  const int read = std::fscanf(stream, "%d %d", major, minor);
  std::fclose(stream);
  return read == 2 ? 0 : 1;
}

FAKE int nvrtcGetNumSupportedArchs(int* count) {
  *count = 2;
  return 0;
}

FAKE int nvrtcGetSupportedArchs(int* arches) {
  arches[0] = 80;
  arches[1] = 90;
  return 0;
}

FAKE const char* nvrtcGetErrorString(int status) {
  switch (status) {
    case 0:
      return "NVRTC_SUCCESS";
    case 1:
      return "NVRTC_ERROR_OUT_OF_MEMORY";
    case 5:
      return "NVRTC_ERROR_INVALID_OPTION";
    case 6:
      return "NVRTC_ERROR_COMPILATION";
    default:
      return "NVRTC_ERROR_INTERNAL_ERROR";
  }
}

FAKE int nvrtcCreateProgram(nvrtcProgram* program, const char* source, const char*, int, const char* const*, const char* const*) {
  *program = new _nvrtcProgram{source, ""};
  return 0;
}

FAKE int nvrtcDestroyProgram(nvrtcProgram* program) {
  delete *program;
  *program = nullptr;
  return 0;
}

FAKE int nvrtcCompileProgram(nvrtcProgram program, int count, const char* const* options) {
  for (int i = 0; i < count; ++i) program->log += std::string(options[i]) + "\n";
  if (program->source.find("out of memory") != std::string::npos) return 1;
  return program->source.find("#error") != std::string::npos ? 6 : 0;
}

FAKE int nvrtcGetProgramLogSize(nvrtcProgram program, std::size_t* bytes) {
  *bytes = program->log.size() + 1;
  return 0;
}

FAKE int nvrtcGetProgramLog(nvrtcProgram program, char* log) {
  std::memcpy(log, program->log.c_str(), program->log.size() + 1);
  return 0;
}

FAKE int nvrtcGetCUBINSize(nvrtcProgram program, std::size_t* bytes) {
  *bytes = std::strlen("image of ") + program->source.size();
  return 0;
}

FAKE int nvrtcGetCUBIN(nvrtcProgram program, char* cubin) {
  const std::string image = "image of " + program->source;
  std::memcpy(cubin, image.data(), image.size());
  return 0;
}

FAKE int nvrtcGetPTXSize(nvrtcProgram program, std::size_t* bytes) {
  nvrtcGetCUBINSize(program, bytes);
  ++*bytes;
  return 0;
}

FAKE int nvrtcGetPTX(nvrtcProgram program, char* ptx) {
  ptx[program->source.size() + std::strlen("image of ")] = '\0';
  return nvrtcGetCUBIN(program, ptx);
}
