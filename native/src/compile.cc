// compile(): NVRTC on the thread pool. NVRTC is thread safe, so that several compilations run at once.
#include <chrono>
#include <cstring>

#include "arguments.h"
#include "nvrtc.h"
#include "task.h"

namespace topkit {
namespace {

constexpr nvrtcResult kSuccess = 0;
constexpr nvrtcResult kOutOfMemory = 1;
constexpr nvrtcResult kInvalidOption = 5;
constexpr nvrtcResult kCompilation = 6;

/** sm_NN and compute_NN, with the suffixes of arch-specific and family-specific features. */
bool IsArch(const std::string& arch) {
  const std::size_t start = arch.rfind("sm_", 0) == 0 ? 3 : arch.rfind("compute_", 0) == 0 ? 8 : std::string::npos;
  if (start == std::string::npos) return false;
  const std::size_t end = arch.find_first_not_of("0123456789", start);
  const std::size_t digits = (end == std::string::npos ? arch.size() : end) - start;
  const std::string suffix = end == std::string::npos ? "" : arch.substr(end);
  return digits >= 2 && digits <= 3 && (suffix.empty() || suffix == "a" || suffix == "f");
}

/** The log's first line that tells of an error. */
std::string FirstError(const std::string& log) {
  const std::size_t error = log.find("error");
  if (error == std::string::npos) return log.substr(0, log.find('\n'));
  const std::size_t before = log.rfind('\n', error);
  const std::size_t start = before == std::string::npos ? 0 : before + 1;
  return log.substr(start, log.find('\n', error) - start);
}

/** A program that is destroyed with its scope. */
struct Program {
  explicit Program(const Nvrtc& nvrtc) : nvrtc(nvrtc) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (handle != nullptr) nvrtc.nvrtcDestroyProgram(&handle);
  }
  const Nvrtc& nvrtc;
  nvrtcProgram handle = nullptr;
};

class Compilation final : public Task {
 public:
  Compilation(std::string source, std::string name, std::string arch, std::vector<std::string> options)
      : source_(std::move(source)), name_(std::move(name)), arch_(std::move(arch)), options_(std::move(options)) {}

 protected:
  void Execute() override {
    const NvrtcSearch search = FindNvrtc(false);
    if (!search.found) throw Failure{"TK_NO_NVRTC", search.reason};
    const Nvrtc& nvrtc = *search.found;
    const auto start = std::chrono::steady_clock::now();
    Program program(nvrtc);
    Require(nvrtc, nvrtc.nvrtcCreateProgram(&program.handle, source_.c_str(), name_.c_str(), 0, nullptr, nullptr), "nvrtcCreateProgram");

    // Contraction off: every backend computes the same correctly rounded f32 operations.
    std::vector<std::string> options = {"--gpu-architecture=" + arch_, "--std=c++17", "--fmad=false"};
    options.insert(options.end(), options_.begin(), options_.end());
    std::vector<const char*> texts;
    for (const std::string& option : options) texts.push_back(option.c_str());
    const nvrtcResult status = nvrtc.nvrtcCompileProgram(program.handle, static_cast<int>(texts.size()), texts.data());
    log_ = LogOf(program);
    Require(nvrtc, status, "nvrtcCompileProgram");

    if (arch_.rfind("sm_", 0) == 0) {
      Read(program, nvrtc.nvrtcGetCUBINSize, "nvrtcGetCUBINSize", nvrtc.nvrtcGetCUBIN, "nvrtcGetCUBIN");
    } else {
      Read(program, nvrtc.nvrtcGetPTXSize, "nvrtcGetPTXSize", nvrtc.nvrtcGetPTX, "nvrtcGetPTX");
      if (!image_.empty() && image_.back() == '\0') image_.pop_back();
    }
    milliseconds_ = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }

  napi_value Settle(napi_env raw) override {
    const Napi::Env env(raw);
    Napi::Uint8Array image = Napi::Uint8Array::New(env, image_.size());
    std::memcpy(image.Data(), image_.data(), image_.size());
    Napi::Object result = Napi::Object::New(env);
    result.Set("image", image);
    result.Set("log", log_);
    result.Set("milliseconds", milliseconds_);
    return result;
  }

 private:
  std::string LogOf(const Program& program) const {
    std::size_t bytes = 0;
    if (program.nvrtc.nvrtcGetProgramLogSize(program.handle, &bytes) != kSuccess || bytes <= 1) return {};
    std::string log(bytes, '\0');
    if (program.nvrtc.nvrtcGetProgramLog(program.handle, log.data()) != kSuccess) return {};
    log.pop_back();
    return log;
  }

  template <class Size, class Get>
  void Read(const Program& program, Size size, const char* sizeName, Get get, const char* getName) {
    std::size_t bytes = 0;
    Require(program.nvrtc, size(program.handle, &bytes), sizeName);
    image_.resize(bytes);
    Require(program.nvrtc, get(program.handle, image_.data()), getName);
  }

  void Require(const Nvrtc& nvrtc, nvrtcResult status, const char* call) const {
    if (status == kSuccess) return;
    const std::string statusName = nvrtc.nvrtcGetErrorString(status);
    std::string message = name_ + " could not be compiled for " + arch_ + ": " + call + " failed with " + std::to_string(status) + " (" + statusName + ")";
    if (status == kCompilation) {
      message += ": " + FirstError(log_) + "; the whole log is in the error's `log`";
    } else if (status == kInvalidOption) {
      message += ": " + FirstError(log_) + "; NVRTC " + nvrtc.Version() + " at " + nvrtc.path + " knows " + ArchesOf(nvrtc) +
                 "; correct the options, or name a newer NVRTC in TOPKIT_NVRTC";
    } else {
      message += "; the NVRTC in use is " + nvrtc.path + ", version " + nvrtc.Version() + "; another can be named in TOPKIT_NVRTC";
    }
    throw Failure{status == kOutOfMemory ? "TK_MEMORY" : "TK_COMPILE", std::move(message), call, status, statusName, log_};
  }

  static std::string ArchesOf(const Nvrtc& nvrtc) {
    std::string text;
    for (const int arch : nvrtc.arches) text += (text.empty() ? "sm_" : ", sm_") + std::to_string(arch);
    return text;
  }

  const std::string source_;
  const std::string name_;
  const std::string arch_;
  const std::vector<std::string> options_;
  std::string image_;
  std::string log_;
  double milliseconds_ = 0;
};

}  // namespace

Napi::Value Compile(const Napi::CallbackInfo& info) {
  std::string source = CString(info[0], "source");
  std::string name = CString(info[1], "name");
  std::string arch = CString(info[2], "arch");
  if (!IsArch(arch)) throw ArgumentFailure("arch is \"" + arch + "\"; allowed: \"sm_90\" and its like for a cubin, \"compute_90\" and its like for PTX");
  const Napi::Array given = ArrayOf(info[3], "options");
  std::vector<std::string> options;
  for (std::uint32_t i = 0; i < given.Length(); ++i) options.push_back(CString(given.Get(i), ("options[" + std::to_string(i) + "]").c_str()));
  return Task::Start(info.Env(), "topkit:compile", std::make_unique<Compilation>(std::move(source), std::move(name), std::move(arch), std::move(options)));
}

}  // namespace topkit
