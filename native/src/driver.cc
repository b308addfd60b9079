#include "driver.h"

#include <dlfcn.h>

#include <cstdlib>
#include <mutex>

namespace topkit {
namespace {

constexpr const char* kNames[] = {
    "libcuda.so.1", "libcuda.so",
    // where containers and WSL put it without telling the loader
    "/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"};

std::string LoaderError() {
  const char* text = dlerror();
  return text != nullptr ? text : "the loader gave no reason";
}

/** Fills the pointers. Returns the first required symbol that the library lacks, or null. */
const char* Resolve(void* library, Driver& driver) {
#define REQUIRED true
#define OPTIONAL false
#define TOPKIT_RESOLVE(need, name, parameters)                                                \
  driver.name = reinterpret_cast<CUresult(*) parameters>(dlsym(library, #name));              \
  if (driver.name == nullptr && need) return #name;
  TOPKIT_DRIVER_CALLS(TOPKIT_RESOLVE)
#undef TOPKIT_RESOLVE
#undef OPTIONAL
#undef REQUIRED
  return nullptr;
}

void* OpenLibrary(Trail& trail) {
  if (const char* named = std::getenv("TOPKIT_CUDA_DRIVER"); named != nullptr && *named != '\0') {
    void* library = dlopen(named, RTLD_NOW | RTLD_LOCAL);
    trail.push_back({"TOPKIT_CUDA_DRIVER", named, library != nullptr ? "opened" : LoaderError()});
    return library;
  }
  for (const char* name : kNames) {
    void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    trail.push_back({"loader", name, library != nullptr ? "opened" : LoaderError()});
    if (library != nullptr) return library;
  }
  return nullptr;
}

/** A driver with all its pointers; throws TK_NO_DRIVER. */
Driver* Load(Trail& trail) {
  void* library = OpenLibrary(trail);
  if (library == nullptr) {
    const bool named = trail.front().source == "TOPKIT_CUDA_DRIVER";
    const std::string what = named ? "the CUDA driver that TOPKIT_CUDA_DRIVER names could not be opened" : "no CUDA driver could be opened";
    throw Failure{"TK_NO_DRIVER", what + " (" + trail.front().outcome +
                                      "); install NVIDIA's driver (in a container, start it with the NVIDIA container runtime), name its libcuda in "
                                      "TOPKIT_CUDA_DRIVER, or use backend \"cpu\"; `npx topkit doctor` lists where it was looked for"};
  }
  auto* driver = new Driver;
  if (const char* missing = Resolve(library, *driver)) {
    delete driver;
    trail.back().outcome = std::string("too old, or not a CUDA driver: it lacks ") + missing;
    throw Failure{"TK_NO_DRIVER", "the CUDA driver " + trail.back().path + " lacks " + missing +
                                      ", which every driver since CUDA 11.4 (R470) has; install a newer NVIDIA driver, or use backend \"cpu\""};
  }
  Dl_info where{};
  if (dladdr(reinterpret_cast<void*>(driver->cuInit), &where) != 0 && where.dli_fname != nullptr) driver->path = where.dli_fname;
  return driver;
}

}  // namespace

const Driver& Driver::Get() {
  Trail trail;
  return Get(trail);
}

// The driver is leaked on purpose: work of other threads may still call it while the process exits.
const Driver& Driver::Get(Trail& trail) {
  static auto& mutex = *new std::mutex;
  static Driver* loaded = nullptr;
  static bool initialised = false;
  const std::lock_guard<std::mutex> lock(mutex);
  if (initialised) return *loaded;
  if (loaded == nullptr) loaded = Load(trail);
  Check(*loaded, loaded->cuInit(0), "cuInit");
  CU(*loaded, cuDriverGetVersion, &loaded->version);
  initialised = true;
  return *loaded;
}

}  // namespace topkit
