#include "task.h"

#include <exception>
#include <new>

namespace topkit {

Napi::Value Task::Start(Napi::Env env, const char* name, std::unique_ptr<Task> task) {
  napi_value promise = nullptr;
  napi_value label = nullptr;
  if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &label) != napi_ok ||
      napi_create_async_work(env, nullptr, label, OnExecute, OnComplete, task.get(), &task->work_) != napi_ok ||
      napi_create_promise(env, &task->deferred_, &promise) != napi_ok || napi_queue_async_work(env, task->work_) != napi_ok) {
    throw Napi::Error::New(env);
  }
  task.release();  // OnComplete takes it over
  return {env, promise};
}

napi_value Task::Settle(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

void Task::Hold(Napi::Value value) {
  if (napi_create_reference(value.Env(), value, 1, &held_) != napi_ok) throw Napi::Error::New(value.Env());
}

napi_value Task::held(napi_env env) const {
  napi_value value = nullptr;
  napi_get_reference_value(env, held_, &value);
  return value;
}

void Task::OnExecute(napi_env, void* data) noexcept {
  auto* task = static_cast<Task*>(data);
  try {
    task->Execute();
  } catch (const Failure& failure) {
    task->failure_ = failure;
  } catch (const std::bad_alloc&) {
    task->failure_ = Failure{"TK_MEMORY", "the host has no memory left for this call; free some and try again"};
  } catch (const std::exception& unexpected) {
    task->failure_ = Failure{"TK_ARGUMENT", std::string("the native addon failed: ") + unexpected.what()};
  }
}

void Task::OnComplete(napi_env env, napi_status status, void* data) noexcept {
  const std::unique_ptr<Task> task(static_cast<Task*>(data));
  napi_value value = nullptr;
  if (status != napi_ok && !task->failure_) task->failure_ = ArgumentFailure("the work was cancelled because its thread is ending");
  if (!task->failure_) {
    try {
      value = task->Settle(env);
    } catch (const Failure& failure) {
      task->failure_ = failure;
    } catch (const std::exception& refused) {
      task->failure_ = Failure{"TK_MEMORY", std::string("the result could not be made: ") + refused.what()};
    }
  }
  if (task->held_ != nullptr) napi_delete_reference(env, task->held_);
  if (task->failure_) {
    if (napi_value error = ToError(env, *task->failure_)) napi_reject_deferred(env, task->deferred_, error);
  } else if (value != nullptr) {
    napi_resolve_deferred(env, task->deferred_, value);
  }
  napi_delete_async_work(env, task->work_);
}

}  // namespace topkit
