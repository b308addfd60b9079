// What no top-k can beat: a kernel that reads its input once, and one that does nothing. Measured beside the others, in the same way.

// Four loads of 16 bytes in flight a thread. The condition holds for no input in practice, but the compiler cannot know: the loads stay.
extern "C" __global__ void __launch_bounds__(512) floor_read(const uint4* x, long long vectors, unsigned* sink) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  unsigned seen = 0;
  for (; i + 3 * stride < vectors; i += 4 * stride) {
    const uint4 a = x[i], b = x[i + stride], c = x[i + 2 * stride], d = x[i + 3 * stride];
    seen = max(seen, a.x ^ a.y ^ a.z ^ a.w ^ b.x ^ b.y ^ b.z ^ b.w);
    seen = max(seen, c.x ^ c.y ^ c.z ^ c.w ^ d.x ^ d.y ^ d.z ^ d.w);
  }
  for (; i < vectors; i += stride) {
    const uint4 a = x[i];
    seen = max(seen, a.x ^ a.y ^ a.z ^ a.w);
  }
  if (seen == 0x12345678u) *sink = seen;
}

extern "C" __global__ void floor_empty() {}
