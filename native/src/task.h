// Work off the event loop, and the promise that it settles.
//
// Node finishes queued work before it tears an environment down (a worker thread that ends or is terminated), and joins its thread pool in
// process.exit(); so Execute() never outlives what it uses. Settling may then be refused by Node-API, which is ignored: nobody is left to see it.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "failure.h"

namespace topkit {

class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;

  /** Queues the task; returns its promise. `name` is what async_hooks call it. */
  static Napi::Value Start(Napi::Env env, const char* name, std::unique_ptr<Task> task);

 protected:
  /** On a thread of the pool: no JavaScript. A Failure thrown rejects the promise. */
  virtual void Execute() = 0;

  /** On the event loop, after Execute() did not throw: the promise's value. May throw a Failure. */
  virtual napi_value Settle(napi_env env);

  /** Keeps a JavaScript value from being collected until the task is settled. */
  void Hold(Napi::Value value);

  napi_value held(napi_env env) const;

 private:
  static void OnExecute(napi_env env, void* data) noexcept;
  static void OnComplete(napi_env env, napi_status status, void* data) noexcept;

  napi_async_work work_ = nullptr;
  napi_deferred deferred_ = nullptr;
  napi_ref held_ = nullptr;
  std::optional<Failure> failure_;
};

}  // namespace topkit
