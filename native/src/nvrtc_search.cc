// Where NVRTC is looked for. The first that is recent enough wins; otherwise the newest of the older ones.
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <set>

#include "nvrtc.h"

namespace topkit {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/** Existing paths that match a pattern, in reverse order, so that higher versions tend to come first. */
std::vector<std::string> Matches(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t result{};
  if (glob(pattern.c_str(), GLOB_BRACE, nullptr, &result) == 0) paths.assign(result.gl_pathv, result.gl_pathv + result.gl_pathc);
  globfree(&result);
  std::reverse(paths.begin(), paths.end());
  return paths;
}

/** A folder's name as a pattern that matches it alone. */
std::string Literally(const std::string& folder) {
  std::string pattern;
  for (const char c : folder) {
    if (c == '*' || c == '?' || c == '[' || c == '{' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::string RealPath(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  std::string result = resolved != nullptr ? resolved : "";
  std::free(resolved);
  return result;
}

std::string ParentOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

class Search {
 public:
  NvrtcSearch Run() {
    if (const std::string named = Environment("TOPKIT_NVRTC"); !named.empty()) {
      Try("TOPKIT_NVRTC", named);
      if (!best_) reason_ = "TOPKIT_NVRTC names " + named + ", which cannot be used (" + trail_.back().outcome + "); correct it, or unset it to search";
    } else {
      Everywhere();
      if (!best_) {
        reason_ = "no NVRTC (libnvrtc.so) was found; install it with `pip install nvidia-cuda-nvrtc==13.0.88` or a CUDA toolkit of 12.8 or newer, or name the "
                  "library in TOPKIT_NVRTC; `npx topkit doctor` lists where it was looked for";
      }
    }
    return {best_, std::move(trail_), std::move(reason_)};
  }

 private:
  bool Done() const { return best_ && best_->IsRecent(); }

  void Everywhere() {
    const std::function<void()> sources[] = {
        [&] { Toolkit("CUDA_PATH"); },
        [&] { Toolkit("CUDA_HOME"); },
        [&] {
          for (const char* name : {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"}) {
            if (!Done()) Try("loader", name);
          }
        },
        [&] {
          for (const char* folder : {"/usr/local/cuda/lib64", "/{usr/local,opt}/cuda*/{lib64,targets/*-linux/lib}", "/usr/{lib64,lib/*-linux-gnu}"}) {
            Folder("toolkit folder", folder);
          }
        },
        [&] { Python("VIRTUAL_ENV", Environment("VIRTUAL_ENV")); },
        [&] {
          Python("CONDA_PREFIX", Environment("CONDA_PREFIX"));
          if (const std::string conda = Environment("CONDA_PREFIX"); !conda.empty()) Folder("CONDA_PREFIX", Literally(conda) + "/lib");
        },
        [&] { PythonOnPath(); },
        [&] {
          const std::string home = Environment("HOME");
          if (home.empty()) return;
          Python("Python, user's packages", home + "/.local");
          // pyenv puts scripts on PATH, which link to nothing
          Folder("pyenv", Literally(home) + "/.pyenv/versions/*/lib/python3*/site-packages/nvidia/*/lib");
        },
        [&] { Python("Python, system", "/usr/local"); },
        [&] { Python("Python, system", "/usr"); },
    };
    for (const auto& source : sources) {
      if (!Done()) source();
    }
    if (!Done() && best_) trail_.push_back({"choice", best_->path, "version " + best_->Version() + ", the newest of those found, none being 12.8 or newer"});
  }

  void Toolkit(const char* variable) {
    const std::string root = Environment(variable);
    if (root.empty()) {
      trail_.push_back({variable, "", "not set"});
      return;
    }
    Folder(variable, Literally(root) + "/{lib,lib64,targets/*-linux/lib}");
  }

  /** The packages of a Python installation or virtual environment: site-packages/nvidia/<package>/lib. */
  void Python(const char* source, const std::string& prefix) {
    if (prefix.empty()) {
      trail_.push_back({source, "", "not set"});
      return;
    }
    Folder(source, Literally(prefix) + "/{lib,lib64,local/lib}/python3*/{site,dist}-packages/nvidia/*/lib");
  }

  /** Of each python3 on PATH: the folder above its bin, for a virtual environment, and that of the file it links to. Python itself is not run. */
  void PythonOnPath() {
    const std::string path = Environment("PATH");
    std::set<std::string> prefixes;
    for (std::size_t start = 0; start <= path.size();) {
      const std::size_t end = std::min(path.find(':', start), path.size());
      const std::string folder = path.substr(start, end - start);
      start = end + 1;
      const std::string file = folder + "/python3";
      if (folder.empty() || access(file.c_str(), X_OK) != 0) continue;
      for (const std::string& prefix : {ParentOf(folder), ParentOf(ParentOf(RealPath(file)))}) {
        if (!prefix.empty() && prefixes.insert(prefix).second) Python("python3 on PATH", prefix);
      }
    }
    if (prefixes.empty()) trail_.push_back({"python3 on PATH", "", "there is none"});
  }

  void Folder(const char* source, const std::string& pattern) {
    if (Done()) return;
    const std::vector<std::string> files = Matches(pattern + "/libnvrtc.so*");
    if (files.empty()) trail_.push_back({source, pattern, "no libnvrtc.so* there"});
    for (const std::string& file : files) {
      if (!Done()) Try(source, file);
    }
  }

  void Try(const char* source, const std::string& name) {
    // Links to a library that was tried already, which toolkits are full of, are no news.
    const std::string real = name.find('/') != std::string::npos ? RealPath(name) : "";
    if (!real.empty() && !tried_.insert(real).second) return;
    std::string outcome;
    std::shared_ptr<Nvrtc> nvrtc = OpenNvrtc(name, outcome);
    if (nvrtc) {
      tried_.insert(nvrtc->path);
      outcome += nvrtc->IsRecent() ? ", taken" : ", older than 12.8: taken only if nothing newer is found";
    }
    trail_.push_back({source, name, outcome});
    if (nvrtc && (!best_ || nvrtc->IsNewerThan(*best_))) best_ = nvrtc;
  }

  std::shared_ptr<const Nvrtc> best_;
  Trail trail_;
  std::string reason_;
  std::set<std::string> tried_;
};

}  // namespace

NvrtcSearch FindNvrtc(bool refresh) {
  // Leaked: a compilation may still look while the process exits.
  static auto& mutex = *new std::mutex;
  static NvrtcSearch* last = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (refresh || last == nullptr) {
    delete last;
    last = nullptr;
    last = new NvrtcSearch(Search().Run());
  }
  return *last;
}

}  // namespace topkit
