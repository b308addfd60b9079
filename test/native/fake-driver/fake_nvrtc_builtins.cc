// Stands where NVRTC looks for its built-in headers; the fake NVRTC needs nothing from it.
extern "C" __attribute__((visibility("default"))) int topkit_fake_nvrtc_builtins() { return 0; }
