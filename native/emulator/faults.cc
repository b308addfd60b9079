#include "faults.h"

#include <csignal>
#include <cstdlib>
#include <mutex>

#include "scheduler.h"

#include <ucontext.h>

namespace topkit_emulator {

namespace {

constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE};
constexpr std::size_t SIGNAL_STACK_BYTES = 64 * 1024;

std::mutex lock;
int users = 0;
struct sigaction before[NSIG];

const void* instruction_of(const void* context) {
  const auto* machine = &static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__linux__) && defined(__x86_64__)
  return reinterpret_cast<const void*>(machine->gregs[REG_RIP]);
#elif defined(__linux__) && defined(__aarch64__)
  return reinterpret_cast<const void*>(machine->pc);
#elif defined(__APPLE__) && defined(__aarch64__)
  return reinterpret_cast<const void*>((*machine)->__ss.__pc);
#elif defined(__APPLE__) && defined(__x86_64__)
  return reinterpret_cast<const void*>((*machine)->__ss.__rip);
#else
  (void)machine;
  return nullptr;
#endif
}

void handle(int signal, siginfo_t* info, void* context) {
  if (worker && current) worker->crash(signal, info->si_addr, instruction_of(context));
  const struct sigaction& previous = before[signal];
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
    // The instruction faults again, and the process ends as it would have.
    sigaction(signal, &previous, nullptr);
  } else {
    previous.sa_handler(signal);
  }
}

}  // namespace

FaultHandlers::FaultHandlers() {
  const std::lock_guard<std::mutex> hold(lock);
  if (users++ > 0) return;
  for (const int signal : SIGNALS) {
    struct sigaction action = {};
    action.sa_sigaction = handle;
    // not blocked while it is handled: the handler never returns for a kernel's fault
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(signal, &action, &before[signal]);
  }
}

FaultHandlers::~FaultHandlers() {
  const std::lock_guard<std::mutex> hold(lock);
  if (--users > 0) return;
  for (const int signal : SIGNALS) sigaction(signal, &before[signal], nullptr);
}

SignalStack::SignalStack() : memory_(std::malloc(SIGNAL_STACK_BYTES)), before_(std::calloc(1, sizeof(stack_t))) {
  stack_t stack = {};
  stack.ss_sp = memory_;
  stack.ss_size = SIGNAL_STACK_BYTES;
  if (memory_ && before_) sigaltstack(&stack, static_cast<stack_t*>(before_));
}

SignalStack::~SignalStack() {
  if (memory_ && before_) sigaltstack(static_cast<stack_t*>(before_), nullptr);
  std::free(memory_);
  std::free(before_);
}

}  // namespace topkit_emulator
