/** exp, log and Philox of templates/device: C++ and TypeScript to the bit, exp and log against f64, Philox against its authors' answers. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { random } from "../../bench/random.ts";
import { exactExp, exactLog } from "../support/exact-math.ts";
import { drawBits, type PhiloxBlock, philox } from "../support/philox.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = join(root, "test/native/exact-math.cc");
const FUNCTIONS = { exp: exactExp, log: exactLog };
const REFERENCE = { exp: Math.exp, log: Math.log };

/** Every 1021st pattern (a prime) of all 2^32, and those about every power of two and about the bounds of exp. */
function patterns(): Uint32Array {
  const bounds = new Uint32Array(Float32Array.of(128 * Math.LN2, -126 * Math.LN2, -150 * Math.LN2).buffer);
  const centres = [...Array.from({ length: 512 }, (_, exponent) => exponent * 2 ** 23), ...bounds];
  const about = centres.flatMap((centre) => [-2, -1, 0, 1, 2].map((step) => (centre + step) >>> 0));
  const steps = Math.ceil(2 ** 32 / 1021);
  const all = new Uint32Array(steps + about.length);
  for (let i = 0; i < steps; i++) all[i] = i * 1021;
  all.set(about, steps);
  return all;
}

const floatsOf = (bits: Uint32Array): Float32Array => new Float32Array(bits.buffer, bits.byteOffset, bits.length);

/** An ulp of the f32 nearest to a number. */
function ulp(value: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(Math.fround(value))));
  return 2 ** (Math.max(exponent, -126) - 23);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "topkit-exact-math-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Builds the program with these options; gives what it answers. */
function build(name: string, options: readonly string[]): (what: string, input: Uint32Array) => Uint32Array {
  const program = join(folder, name);
  const includes = [`-I${join(root, "native/src/cpu")}`, `-I${join(root, "templates")}`];
  execFileSync(process.env.CXX ?? "c++", ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", ...options, ...includes, PROGRAM, "-o", program]);
  return (what, input) => {
    const output = execFileSync(program, [what], { input: Buffer.from(input.buffer, input.byteOffset, input.byteLength), maxBuffer: 2 ** 28 });
    return new Uint32Array(output.buffer.slice(output.byteOffset, output.byteOffset + output.byteLength));
  };
}

// -march=native may have FMA: the flag must keep it out
describe.each([
  ["O1", ["-O1"]],
  ["O3-native", ["-O3", "-march=native"]],
])("C++ at %s", (name, options) => {
  let run: ReturnType<typeof build>;
  beforeAll(() => {
    run = build(name, options);
  });

  test.each(["exp", "log"] as const)("%s is TypeScript's, to the bit, at millions of patterns", (what) => {
    const input = patterns();
    const expected = new Uint32Array(Float32Array.from(floatsOf(input), FUNCTIONS[what]).buffer);
    const got = run(what, input);
    expect(got.length).toBe(input.length);
    const different = input.findIndex((_, i) => got[i] !== expected[i]);
    expect(different === -1 ? "none" : `${floatsOf(input)[different]}: ${got[different]} is not ${expected[different]}`).toBe("none");
  });

  test("Philox is TypeScript's", () => {
    const source = random(3, 0);
    const input = Uint32Array.from({ length: 6 * 2000 }, () => source.bits());
    const expected = Array.from({ length: 2000 }, (_, i) => {
      const [a, b, c, d, key0, key1] = input.subarray(i * 6, i * 6 + 6) as unknown as [number, number, number, number, number, number];
      return philox([a, b, c, d], [key0, key1]);
    });
    expect(Array.from(run("philox", input))).toEqual(expected.flat());
    const draws = Array.from({ length: 2000 }, (_, i) => {
      const word = (place: number): bigint => BigInt(input[i * 4 + place]!);
      return drawBits((word(1) << 32n) | word(0), (word(3) << 32n) | word(2));
    });
    expect(Array.from(run("draw", input.subarray(0, 4 * 2000)))).toEqual(draws.flatMap((bits) => [Number(bits & 0xffffffffn), Number(bits >> 32n)]));
  });
});

test.each([
  ["exp", 1],
  ["log", 0.84],
] as const)("%s is less than %d ulp from f64's", (what, bound) => {
  let worst = 0;
  let special = 0;
  for (const x of floatsOf(patterns())) {
    const [got, want] = [FUNCTIONS[what](x), REFERENCE[what](x)];
    if (Number.isFinite(Math.fround(want)) && want !== 0) worst = Math.max(worst, Math.abs(got - want) / ulp(want));
    else if (!Object.is(got, Math.fround(want))) special++;
  }
  expect(special).toBe(0);
  expect(worst).toBeLessThan(bound);
  // what is measured is an error: a worst below half an ulp would be a broken measure
  expect(worst).toBeGreaterThan(0.5);
});

// Random123's kat_vectors, philox4x32 with 10 rounds
test.each<[PhiloxBlock, readonly [number, number], PhiloxBlock]>([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])("Philox gives its authors' answer for %j", (counter, key, answer) => expect(philox(counter, key)).toEqual(answer));

test("a draw's words: seed is the key, offset the counter, low words first", () => {
  const [first, second] = philox([5, 6, 0, 0], [7, 8]);
  expect(drawBits((8n << 32n) | 7n, (6n << 32n) | 5n)).toBe((BigInt(second) << 32n) | BigInt(first));
});
