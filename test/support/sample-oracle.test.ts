/** The sampling oracle against the contract's wording, f64 and chi-square. */
import { describe, expect, test } from "vitest";
import { random } from "../../bench/random.ts";
import { CHI_SQUARE_LIMIT, chiSquare, softmax } from "./chi-square.ts";
import { type SampleJob, type SampleResult, sampleOracle } from "./sample-oracle.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** Candidates that are sorted already; the column of place i is 10 * i. */
const job = (values: readonly number[], options: Partial<SampleJob> = {}): SampleJob => ({
  values: Float32Array.from(values),
  indices: Int32Array.from(values, (_, place) => place * 10),
  temperature: 1,
  topP: 1,
  minP: 0,
  seed: 1n,
  offset: 0n,
  ...options,
});

const sample = (values: readonly number[], options: Partial<SampleJob> = {}): SampleResult => sampleOracle(job(values, options));

/** What is drawn at the offsets 0 .. draws - 1: how often each place. */
function countsOf(values: readonly number[], options: Partial<SampleJob>, draws: number): number[] {
  const counts = values.map(() => 0);
  for (let offset = 0; offset < draws; offset++) counts[sample(values, { ...options, offset: BigInt(offset) }).token / 10]!++;
  return counts;
}

const sortedNormals = (count: number, seed: number, scale: number): number[] => {
  const source = random(seed, 0);
  return Array.from({ length: count }, () => Math.fround(source.normal() * scale)).sort((a, b) => b - a);
};

describe("cuts", () => {
  // 1/2, 1/4, 1/8, 1/8: ln 2 apart, in f32 not exactly
  const halves = [0, -Math.LN2, -2 * Math.LN2, -2 * Math.LN2];

  test("top-p keeps the candidate that crosses it", () => {
    const keptAt = (topP: number): number => sample(halves, { topP }).kept;
    expect([0, 0.25, 0.49, 0.51, 0.74, 0.76, 0.87, 0.88, 1].map(keptAt)).toEqual([1, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  test("a sum that equals top-p is enough, to the last bit", () => {
    const equal = [3, 3, 3, 3];
    expect([0.25, 0.5, 0.75].map((topP) => sample(equal, { topP }).kept)).toEqual([1, 2, 3]);
    expect([0.25, 0.5, 0.75].map((topP) => sample(equal, { topP: topP + 2 ** -24 }).kept)).toEqual([2, 3, 4]);
    expect([0.25, 0.5, 0.75].map((topP) => sample(equal, { topP: topP - 2 ** -24 }).kept)).toEqual([1, 2, 3]);
  });

  test("min-p keeps what equals it, and the best always", () => {
    const keptAt = (minP: number): number => sample(halves, { minP }).kept;
    expect([0, 0.2, 0.26, 0.49, 0.51, 1].map(keptAt)).toEqual([4, 4, 2, 2, 1, 1]);
    expect(sample([5, 5, 5, 4], { minP: 1 }).kept).toBe(3);
  });

  test("top-p is of the mass of all k, not of what min-p leaves", () => {
    // of four equal ones and many small ones, 0.7 of the whole needs more than min-p leaves; of the rest it would need three
    const values = [0, 0, 0, 0, ...Array.from({ length: 16 }, () => -2)];
    expect(sample(values, { topP: 0.6, minP: 0.5 }).kept).toBe(4);
    expect(sample(values.slice(0, 4), { topP: 0.6, minP: 0.5 }).kept).toBe(3);
  });

  test("as in f64, wherever f64 leaves no doubt", () => {
    const source = random(20, 0);
    let compared = 0;
    for (let round = 0; round < 400; round++) {
      const values = sortedNormals(1 + source.below(200), round, 3);
      const [temperature, topP] = [Math.fround(0.25 + 2 * source.uniform()), Math.fround(source.uniform())];
      const sums = softmax(values, temperature).map((_, place, all) => all.slice(0, place + 1).reduce((sum, p) => sum + p, 0));
      // weights are within an ulp of exp after two roundings of a score below 64; 2^-32 is cut off each
      if (sums.some((sum) => Math.abs(sum - topP) < 1e-5)) continue;
      compared++;
      const crossing = sums.findIndex((sum) => sum >= topP);
      expect(sample(values, { temperature, topP }).kept).toBe(crossing === -1 ? values.length : crossing + 1);
    }
    expect(compared).toBeGreaterThan(250);
  });
});

describe("temperature", () => {
  test("0 is greedy: the first candidate, whatever ties", () => {
    for (let offset = 0n; offset < 50n; offset++) expect(sample([7, 7, 6], { temperature: 0, offset })).toMatchObject({ token: 0, kept: 1, logprob: 0 });
  });

  test("tiny ones neither overflow nor make NaNs; ties at the top share", () => {
    for (const temperature of [2 ** -149, 1e-30, 1e-6]) {
      expect(sample([3e38, 3e38, -3e38], { temperature })).toMatchObject({ kept: 2, logprob: Math.fround(-Math.LN2) });
      expect(sample([1.5, 1.25], { temperature })).toMatchObject({ token: 0, kept: 1, logprob: 0 });
    }
  });

  test("great ones flatten", () => {
    expect(Array.from(sample([5, 4, 3, 2], { temperature: 3e38 }).logprobs)).toEqual(new Array(4).fill(Math.fround(-2 * Math.LN2)));
  });
});

describe("rows that are not numbers all through", () => {
  test.each([
    ["all -inf", [-inf, -inf]],
    ["a NaN", [nan, 1, 0]],
    ["a NaN above +inf", [nan, inf]],
  ])("%s: no distribution", (_, values) => {
    for (const temperature of [0, 1]) expect(sample(values, { temperature })).toEqual({ token: -1, logprob: nan, kept: 0, logprobs: new Float32Array(0) });
  });

  test("one finite, k greater than what is finite", () => {
    expect(sample([-3, -inf, -inf])).toMatchObject({ token: 0, kept: 1, logprob: 0 });
    for (let offset = 0n; offset < 100n; offset++) expect(sample([1, 0, -inf, -inf], { offset }).token).toBeLessThan(20);
  });

  test("+inf takes all; two of them share", () => {
    expect(sample([inf, 3e38, -inf])).toMatchObject({ token: 0, kept: 1, logprob: 0 });
    expect(sample([inf, inf, 0], { temperature: 0.5 })).toMatchObject({ kept: 2, logprob: Math.fround(-Math.LN2) });
  });

  test("both zeros are one value", () => {
    expect(sample([0, -0]).logprobs).toEqual(Float32Array.of(-Math.LN2, -Math.LN2));
  });

  test("k = 1", () => {
    expect(sample([-12.5], { topP: 0, minP: 1, temperature: 9 })).toMatchObject({ token: 0, kept: 1, logprob: 0 });
  });

  test("bad parameters", () => {
    for (const options of [{ temperature: -1 }, { temperature: nan }, { temperature: inf }, { topP: -0.1 }, { topP: 1.1 }, { topP: nan }, { minP: 2 }])
      expect(() => sample([1], options)).toThrow(RangeError);
    expect(() => sample([])).toThrow(RangeError);
    expect(() => sample([2, 1], { indices: Int32Array.of(0) })).toThrow(RangeError);
  });
});

describe("draws", () => {
  test("the same seed and offset, the same token; others, others", () => {
    const values = sortedNormals(50, 7, 0.1);
    const tokens = (seed: bigint): number[] => Array.from({ length: 40 }, (_, offset) => sample(values, { seed, offset: BigInt(offset) }).token);
    expect(tokens(9n)).toEqual(tokens(9n));
    expect(tokens(9n)).not.toEqual(tokens(10n));
    expect(tokens(9n + 2n ** 32n)).not.toEqual(tokens(9n));
    expect(sample(values, { offset: 2n ** 32n + 5n })).not.toEqual(sample(values, { offset: 5n }));
  });

  const DRAWS = 20_000;

  test.each([
    [4, 1, 1n],
    [10, 0.7, 2n],
    [20, 1.5, 3n],
  ])("%i candidates at temperature %d follow the softmax", (count, temperature, seed) => {
    const values = sortedNormals(count, Number(seed), 1);
    expect(chiSquare(countsOf(values, { temperature, seed }, DRAWS), softmax(values, temperature))).toBeLessThan(CHI_SQUARE_LIMIT[count - 1]!);
  });

  test("the kept ones follow the softmax of the kept ones", () => {
    const values = sortedNormals(40, 4, 1);
    const masses = softmax(values, 1);
    // half-way into the tenth
    const topP = Math.fround(masses.slice(0, 9).reduce((sum, mass) => sum + mass, masses[9]! / 2));
    const counts = countsOf(values, { topP, seed: 4n }, DRAWS);
    expect(counts.slice(10).every((count) => count === 0)).toBe(true);
    expect(chiSquare(counts.slice(0, 10), softmax(values.slice(0, 10), 1))).toBeLessThan(CHI_SQUARE_LIMIT[9]!);
  });

  test("chi-square sees a temperature that is 10 in 100 off", () => {
    const values = sortedNormals(20, 3, 1);
    expect(chiSquare(countsOf(values, { temperature: 1.5, seed: 3n }, DRAWS), softmax(values, 1.65))).toBeGreaterThan(CHI_SQUARE_LIMIT[19]!);
  });
});

test("log-probabilities are those of f64, and those of the kept ones add up to 1", () => {
  const values = sortedNormals(200, 11, 3);
  const { logprobs, kept } = sample(values, { temperature: 0.8 });
  const exact = softmax(values.slice(0, kept), Math.fround(0.8));
  for (const [place, logprob] of logprobs.entries()) expect(Math.abs(logprob - Math.log(exact[place]!))).toBeLessThan(4e-6);
  expect(logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 5);
});
