/** Seeded random numbers: the same seed and stream give the same numbers on every machine. */

/** SplitMix32: spreads seeds that differ in one bit. After Steele, Lea and Flood 2014, with the 32-bit finalizer of MurmurHash3. */
function splitMix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  };
}

export interface Random {
  /** An unsigned integer of 32 bits. */
  bits(): number;
  /** In [0, 1). */
  uniform(): number;
  /** An integer in [0, n). */
  below(n: number): number;
  /** Standard normal. */
  normal(): number;
}

/** sfc32 of PractRand (Chris Doty-Humphrey), 128 bits of state; each (seed, stream) is a sequence of its own. */
export function random(seed: number, stream: number): Random {
  const mix = splitMix32(seed);
  const fork = splitMix32(mix() ^ stream);
  let [a, b, c, counter] = [fork(), fork(), mix(), 1];
  const bits = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round++) bits();

  let spare: number | undefined;
  const uniform = (): number => bits() / 2 ** 32;
  return {
    bits,
    uniform,
    below: (n) => Math.floor(uniform() * n),
    // Box and Muller 1958: two at a time
    normal: () => {
      if (spare !== undefined) {
        const kept = spare;
        spare = undefined;
        return kept;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}

/** Each number below `count` once, in random order (Fisher and Yates), made as they are asked for: there may be millions. */
export function* shuffledBelow(count: number, source: Random): Generator<number> {
  const moved = new Map<number, number>();
  for (let at = 0; at < count; at++) {
    const other = at + source.below(count - at);
    yield moved.get(other) ?? other;
    moved.set(other, moved.get(at) ?? at);
    moved.delete(at);
  }
}

/** The values in random order. */
export const shuffled = <T>(values: readonly T[], source: Random): T[] => [...shuffledBelow(values.length, source)].map((at) => values[at]!);
