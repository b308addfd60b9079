// Keeps NVRTC from taking the process's signals.
#pragma once

namespace topkit {

/**
 * While it compiles, NVRTC sets handlers of SIGINT and SIGTERM that call exit() from within the signal, and on some machines leaves them set. In a
 * Node process that crashes, or spins forever where a CUDA context is open, so that neither Ctrl-C nor SIGTERM ends it, and no handler of the
 * process's own is called. NVRTC has no option against it; so its calls of signal() and sigaction() for these two are made to do nothing.
 * `inNvrtc`: any address of the library. Where nothing is found to change (another loader, another NVRTC), nothing is.
 */
void KeepSignalsFrom(const void* inNvrtc);

}  // namespace topkit
