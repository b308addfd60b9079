// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): a block of 128 random bits that is a pure function of counter and key.
struct PhiloxBlock {
  u32 word[4];
};

static __device__ __forceinline__ PhiloxBlock philox(PhiloxBlock counter, u32 key0, u32 key1) {
  u32 a = counter.word[0], b = counter.word[1], c = counter.word[2], d = counter.word[3];
  for (int round = 0; round < 10; round++) {
    const u64 left = (u64)0xd2511f53u * a, right = (u64)0xcd9e8d57u * c;
    a = (u32)(right >> 32) ^ b ^ key0;
    b = (u32)right;
    c = (u32)(left >> 32) ^ d ^ key1;
    d = (u32)left;
    key0 += 0x9e3779b9u; // the golden ratio
    key1 += 0xbb67ae85u; // sqrt 3 - 1
  }
  return PhiloxBlock{{a, b, c, d}};
}

// 64 random bits of a row's draw: key = seed, counter = offset, low words first; the counter's upper half is 0 (docs/contract.md, "Sampling").
static __device__ __forceinline__ u64 draw_bits(u64 seed, u64 offset) {
  const PhiloxBlock block = philox(PhiloxBlock{{(u32)offset, (u32)(offset >> 32), 0u, 0u}}, (u32)seed, (u32)(seed >> 32));
  return (u64)block.word[1] << 32 | block.word[0];
}
