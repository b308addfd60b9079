// Modules (loaded images) and their functions.
#pragma once

#include "context.h"

namespace topkit {

class Module final : public Resource {
 public:
  static constexpr const char* kName = "NativeModule";
  static constexpr napi_type_tag kTag = {0x58e3a6d21f4b4907, 0xb1c09d7e862a35cf};
  static constexpr std::size_t kIndex = 4;

  /** Loads a cubin, fatbin or PTX text. Throws TK_DRIVER, with the assembler's log where it was PTX. */
  static std::shared_ptr<Module> Load(std::shared_ptr<Context> context, const void* image, std::size_t bytes);
  Module(std::shared_ptr<Context> context, CUmodule handle) : context(std::move(context)), handle(handle) {}
  ~Module() override;
  void OnClose() override { closed = true; }

  const std::shared_ptr<Context> context;
  const CUmodule handle;
  /** Its functions refuse new uses; launch lists that were prepared before keep the code loaded. */
  bool closed = false;

  static void Define(Napi::Env env);
};

class Function final : public Resource {
 public:
  static constexpr const char* kName = "NativeFunction";
  static constexpr napi_type_tag kTag = {0xe07b94c8d2564f13, 0x8f2d61a05bc97e4d};
  static constexpr std::size_t kIndex = 5;

  Function(const std::shared_ptr<Module>& module, CUfunction handle, std::string symbol) : handle(handle), symbol(std::move(symbol)), module_(module) {}

  const CUfunction handle;
  const std::string symbol;

  /** CU_FUNC_ATTRIBUTE_*; the module is open and its context current. */
  int Attribute(const Driver& driver, int attribute) const;
  /** Its module. Throws TK_HANDLE where that was closed. */
  std::shared_ptr<Module> RequireModule() const;

  static void Define(Napi::Env env);

 private:
  /** Weak: functions have no close(), and must not put off their module's. */
  const std::weak_ptr<Module> module_;
};

}  // namespace topkit
