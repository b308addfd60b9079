// For a kernel whose launch may begin early (Launch.early, dsl/kernel.ts): from here on, what the launches before it wrote can be read, and what they read
// be overwritten. Read it by __ldcg(): the read-only path is for what nobody writes while the kernel runs.
#ifdef TOPKIT_EMULATE
inline void await_launches_before() {}
#else
__device__ __forceinline__ void await_launches_before() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
#endif
