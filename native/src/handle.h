// JavaScript objects that own C++ resources. Each is a class made by Define(), tagged with its resource's type, and checked at every use:
// an object of another class, a forged prototype or a closed handle gives TK_HANDLE.
//
// A handle holds a shared_ptr. close() gives it up; what else needs the resource (a transfer under way, a launch list's functions, a graph)
// keeps it alive until it is done, so no call ever meets freed memory. Handles are of one environment and one thread.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "failure.h"

namespace topkit {

/** What a handle can own. Destruction frees; close() is told first, so that a resource still shared can refuse new uses. */
class Resource {
 public:
  Resource() = default;
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;
  virtual ~Resource() = default;
  virtual void OnClose() {}
};

/** What an environment (the main thread or a worker) keeps. */
struct EnvironmentData {
  static constexpr std::size_t kMaxClasses = 16;
  napi_ref constructors[kMaxClasses] = {};
  /** The resource for the object that is being constructed; null when JavaScript calls a constructor by itself. */
  std::shared_ptr<Resource> pending;
  /** The getter of ArrayBuffer.prototype.resizable; null in a JavaScript without it. */
  napi_ref resizable = nullptr;
};

/** What JavaScript is to see of an exception; null where the environment, which is being torn down, cannot even say that. */
inline napi_value ValueOf(const Napi::Error& thrown) noexcept {
  try {
    return thrown.Value();
  } catch (const Napi::Error&) {
    return nullptr;
  }
}

/** Runs C++ called by JavaScript; what it throws becomes a JavaScript exception. */
template <class F>
napi_value Guard(napi_env env, F body) noexcept {
  napi_value error = nullptr;
  try {
    return body();
  } catch (const Failure& failure) {
    error = ToError(env, failure);
  } catch (const Napi::Error& thrown) {
    error = ValueOf(thrown);
  } catch (const std::bad_alloc&) {
    error = ToError(env, {"TK_MEMORY", "the host has no memory left for this call; free some and try again"});
  } catch (const std::exception& unexpected) {
    error = ToError(env, {"TK_ARGUMENT", std::string("the native addon failed: ") + unexpected.what()});
  }
  if (error != nullptr) napi_throw(env, error);
  return nullptr;
}

/** Guard() for functions that return a promise: what the body throws rejects it. */
template <class F>
napi_value GuardAsync(napi_env env, F body) noexcept {
  napi_value promise = Guard(env, body);
  bool thrown = false;
  if (promise != nullptr || napi_is_exception_pending(env, &thrown) != napi_ok || !thrown) return promise;
  napi_value error = nullptr;
  napi_deferred deferred = nullptr;
  napi_get_and_clear_last_exception(env, &error);
  napi_create_promise(env, &deferred, &promise);
  napi_reject_deferred(env, deferred, error);
  return promise;
}

/** R names itself: kName, kTag (any 128 random bits) and kIndex (its place in EnvironmentData::constructors). */
template <class R>
class Handle {
 public:
  using Slot = std::shared_ptr<R>;
  using Body = Napi::Value (*)(const Napi::CallbackInfo&, const Slot&);

  template <Body body>
  static napi_value Method(napi_env env, napi_callback_info raw) {
    return Guard(env, [&]() -> napi_value {
      const Napi::CallbackInfo info(env, raw);
      // a copy: a getter among the arguments may close this very handle
      const Slot self = Of(env, info.This(), "this");
      return body(info, self);
    });
  }

  template <Body body>
  static napi_value AsyncMethod(napi_env env, napi_callback_info raw) {
    return GuardAsync(env, [&]() -> napi_value {
      const Napi::CallbackInfo info(env, raw);
      // a copy: a getter among the arguments may close this very handle
      const Slot self = Of(env, info.This(), "this");
      return body(info, self);
    });
  }

  static napi_value Close(napi_env env, napi_callback_info raw) {
    return Guard(env, [&]() -> napi_value {
      const Napi::CallbackInfo info(env, raw);
      Slot& slot = Unwrap(env, info.This(), "this");
      if (slot) slot->OnClose();
      slot.reset();
      return info.Env().Undefined();
    });
  }

  static napi_property_descriptor Function(const char* name, napi_callback callback) {
    return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
  }
  static napi_property_descriptor Getter(const char* name, napi_callback callback) {
    return {name, nullptr, nullptr, callback, nullptr, nullptr, napi_enumerable, nullptr};
  }

  static void Define(Napi::Env env, const std::vector<napi_property_descriptor>& members) {
    napi_value constructor = nullptr;
    if (napi_define_class(env, R::kName, NAPI_AUTO_LENGTH, Construct, nullptr, members.size(), members.data(), &constructor) != napi_ok ||
        napi_create_reference(env, constructor, 1, &env.GetInstanceData<EnvironmentData>()->constructors[R::kIndex]) != napi_ok) {
      throw Napi::Error::New(env);
    }
  }

  static Napi::Object New(Napi::Env env, Slot resource) {
    auto* data = env.GetInstanceData<EnvironmentData>();
    napi_value constructor = nullptr;
    napi_value object = nullptr;
    data->pending = std::move(resource);
    const bool made = napi_get_reference_value(env, data->constructors[R::kIndex], &constructor) == napi_ok &&
                      napi_new_instance(env, constructor, 0, nullptr, &object) == napi_ok;
    data->pending.reset();
    if (!made) throw Napi::Error::New(env);
    return {env, object};
  }

  /** The open resource of a handle; `what` names the argument in the error. Throws TK_HANDLE. */
  static const Slot& Of(napi_env env, napi_value value, const char* what) {
    const Slot& slot = Unwrap(env, value, what);
    if (!slot) throw HandleFailure(std::string(what) + " is a " + R::kName + " that was closed; keep it open for as long as it is used");
    return slot;
  }

 private:
  static Slot& Unwrap(napi_env env, napi_value value, const char* what) {
    napi_valuetype type{};
    bool tagged = false;
    void* slot = nullptr;
    // asked first: the tag of undefined is an exception of its own, which would take the place of ours
    if (napi_typeof(env, value, &type) != napi_ok || type != napi_object || napi_check_object_type_tag(env, value, &R::kTag, &tagged) != napi_ok ||
        !tagged || napi_unwrap(env, value, &slot) != napi_ok) {
      throw HandleFailure(std::string(what) + " is not a " + R::kName + "; pass the handle that the addon returned");
    }
    return *static_cast<Slot*>(slot);
  }

  static napi_value Construct(napi_env env, napi_callback_info raw) {
    return Guard(env, [&]() -> napi_value {
      const Napi::CallbackInfo info(env, raw);
      std::shared_ptr<Resource> resource = std::move(info.Env().GetInstanceData<EnvironmentData>()->pending);
      if (!resource) throw HandleFailure(std::string(R::kName) + " cannot be constructed; handles come from openDevice() and its methods");
      auto slot = std::make_unique<Slot>(std::static_pointer_cast<R>(std::move(resource)));
      const auto finalize = [](napi_env, void* owned, void*) {
        const std::unique_ptr<Slot> collected(static_cast<Slot*>(owned));
        if (*collected) (*collected)->OnClose();
      };
      if (napi_wrap(env, info.This(), slot.get(), finalize, nullptr, nullptr) != napi_ok) throw Napi::Error::New(env);
      slot.release();
      if (napi_type_tag_object(env, info.This(), &R::kTag) != napi_ok) throw Napi::Error::New(env);
      return info.This();
    });
  }
};

}  // namespace topkit
