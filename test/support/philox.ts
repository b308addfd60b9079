/** templates/device/philox.cuh in TypeScript: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011). */
export type PhiloxBlock = readonly [number, number, number, number];

/** 128 random bits, four unsigned words, of a counter of four words and a key of two. */
export function philox(counter: PhiloxBlock, key: readonly [number, number]): PhiloxBlock {
  let [a, b, c, d] = counter;
  let [key0, key1] = key;
  for (let round = 0; round < 10; round++) {
    const left = BigInt(a) * 0xd2511f53n;
    const right = BigInt(c) * 0xcd9e8d57n;
    [a, b] = [(Number(right >> 32n) ^ b ^ key0) >>> 0, Number(right & 0xffffffffn)];
    [c, d] = [(Number(left >> 32n) ^ d ^ key1) >>> 0, Number(left & 0xffffffffn)];
    key0 = (key0 + 0x9e3779b9) >>> 0;
    key1 = (key1 + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

const low = (value: bigint): number => Number(value & 0xffffffffn);
const high = (value: bigint): number => Number((value >> 32n) & 0xffffffffn);

/** The 64 random bits of a row's draw: key = seed, counter = offset, both unsigned of 64 bits. */
export function drawBits(seed: bigint, offset: bigint): bigint {
  const [first, second] = philox([low(offset), high(offset), 0, 0], [low(seed), high(seed)]);
  return (BigInt(second) << 32n) | BigInt(first);
}
