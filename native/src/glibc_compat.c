// Lets the addon that ships load on glibc 2.28 although a newer glibc's headers and libraries built it (x86-64 Linux).
//
// glibc 2.34 moved libdl and libpthread into libc and gave their functions a second, newer version; the linker takes the newest. Each
// function below is hidden, so all references inside the addon end here, and calls the version that every glibc has.
// test/native/addon-portability.test.ts fails where a symbol is missing from this list.
#include <features.h>

#if defined(__GLIBC__) && defined(__x86_64__)
#include <stddef.h>

#define OLD(result, name, parameters, arguments)                                          \
  __asm__(".symver topkit_old_" #name ", " #name "@GLIBC_2.2.5");                         \
  extern result topkit_old_##name parameters;                                             \
  __attribute__((visibility("hidden"))) result name parameters;                           \
  result name parameters { return topkit_old_##name arguments; }

OLD(void*, dlopen, (const char* file, int mode), (file, mode))
OLD(void*, dlsym, (void* library, const char* name), (library, name))
OLD(int, dlclose, (void* library), (library))
OLD(char*, dlerror, (void), ())
OLD(int, dladdr, (const void* address, void* info), (address, info))
OLD(int, pthread_create, (unsigned long* thread, const void* attributes, void* (*start)(void*), void* argument), (thread, attributes, start, argument))
OLD(int, pthread_join, (unsigned long thread, void** result), (thread, result))

// Since 2.32 libstdc++ reads this to skip atomics while a process has one thread. Node never has one.
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
#endif
