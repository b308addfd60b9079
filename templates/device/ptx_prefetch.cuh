// Asks for what a later load will want: it comes into L2 meanwhile, and nobody waits (PTX ISA 2.0).
#ifdef TOPKIT_EMULATE
inline void prefetch(const void*) {}
#else
__device__ __forceinline__ void prefetch(const void* address) { asm volatile("prefetch.global.L2 [%0];" ::"l"(address)); }
#endif
