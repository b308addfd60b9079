// Wild accesses that the processor traps become reports instead of the process's end.
#pragma once

namespace topkit_emulator {

// Handles SIGSEGV, SIGBUS and SIGFPE while at least one exists; those of threads that run no kernel go where they went before.
class FaultHandlers {
 public:
  FaultHandlers();
  ~FaultHandlers();
  FaultHandlers(const FaultHandlers&) = delete;
  FaultHandlers& operator=(const FaultHandlers&) = delete;
};

// A stack for the calling thread's signal handlers: the kernel's own may be what overflowed.
class SignalStack {
 public:
  SignalStack();
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_;
  void* before_;
};

}  // namespace topkit_emulator
