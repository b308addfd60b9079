/**
 * The oracle of sampling: one row's draw as docs/contract.md words it ("Sampling"), over candidates that a top-k has sorted. Slow on purpose:
 * masses are bigints. What is f32 there is rounded after every operation here.
 */
import { exactExp, exactLog } from "./exact-math.ts";
import { drawBits } from "./philox.ts";

export interface SampleJob {
  /** A row's k best as f32, greatest first, in the contract's order; what a short row leaves is -inf. 1 to 2^21: their mass is exact in f64. */
  readonly values: Float32Array;
  /** Their columns. */
  readonly indices: Int32Array;
  /** f32, finite, >= 0; 0: greedy. */
  readonly temperature: number;
  /** f32, 0 to 1; 1: no cut. */
  readonly topP: number;
  /** f32, 0 to 1; 0: no cut. */
  readonly minP: number;
  /** Unsigned, 64 bits each. */
  readonly seed: bigint;
  readonly offset: bigint;
}

export interface SampleResult {
  /** Column of the token drawn; -1 where the row has no distribution: its best is a NaN, or nothing is above -inf. */
  readonly token: number;
  /** ln of the probability that the token was drawn with, f32; NaN for token -1. */
  readonly logprob: number;
  /** How many candidates the cuts left: a prefix of them, in their order. */
  readonly kept: number;
  /** ln of each kept candidate's probability, f32. */
  readonly logprobs: Float32Array;
}

const UNIT = 2 ** 32;
const WORD = 64n;
const NONE: SampleResult = { token: -1, logprob: Number.NaN, kept: 0, logprobs: new Float32Array(0) };

export function sampleOracle(job: SampleJob): SampleResult {
  const { values, indices, seed, offset } = job;
  const [temperature, topP, minP] = [Math.fround(job.temperature), Math.fround(job.topP), Math.fround(job.minP)];
  if (values.length < 1 || values.length > 2 ** 21 || indices.length !== values.length)
    throw new RangeError(`sample oracle: ${values.length} values, ${indices.length} indices; allowed: as many of both, 1..2^21`);
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY)) throw new RangeError(`sample oracle: temperature is ${temperature}`);
  if (!(topP >= 0 && topP <= 1 && minP >= 0 && minP <= 1)) throw new RangeError(`sample oracle: topP is ${topP}, minP is ${minP}; allowed: 0..1`);
  const best = values[0]!;
  if (Number.isNaN(best) || best === Number.NEGATIVE_INFINITY) return NONE;

  const scores = Array.from(values, (value) => score(value, best, temperature));
  const weights = scores.map(exactExp);
  const masses = weights.map((weight) => BigInt(Math.floor(weight * UNIT)));
  const kept =
    temperature === 0
      ? 1
      : Math.min(
          prefixOfMass(masses, topP),
          prefixOf(weights, (weight) => weight >= minP),
        );
  const total = sum(masses.slice(0, kept));

  const logTotal = exactLog(Math.fround(Number(total) / UNIT));
  const logprobs = Float32Array.from(scores.slice(0, kept), (value) => Math.fround(value - logTotal));
  const target = (drawBits(seed, offset) * total) >> WORD;
  const place = placeOf(masses, target);
  return { token: indices[place]!, logprob: logprobs[place]!, kept, logprobs };
}

/** (value - best) / temperature. At the best it is 0, even where best is +inf or the temperature 0. */
function score(value: number, best: number, temperature: number): number {
  if (value === best) return 0;
  return Math.fround(Math.fround(value - best) / temperature);
}

/** How many candidates top-p keeps: the shortest prefix with at least topP of all mass; of topP 1, all that have mass. */
function prefixOfMass(masses: readonly bigint[], topP: number): number {
  const fraction = BigInt(Math.floor(topP * 2 ** 64));
  const product = fraction * sum(masses);
  const enough = (product >> WORD) + (product % 2n ** WORD === 0n ? 0n : 1n);
  let before = 0n;
  const kept = prefixOf(masses, (mass) => {
    const keep = mass > 0n && before < enough;
    before += mass;
    return keep;
  });
  return Math.max(kept, 1);
}

/** How many elements stand before the first that does not pass. */
function prefixOf<T>(elements: readonly T[], passes: (element: T) => boolean): number {
  const end = elements.findIndex((element) => !passes(element));
  return end === -1 ? elements.length : end;
}

/** The first place where the masses up to and including it exceed the target. */
function placeOf(masses: readonly bigint[], target: bigint): number {
  let upTo = 0n;
  return masses.findIndex((mass) => {
    upTo += mass;
    return upTo > target;
  });
}

const sum = (masses: readonly bigint[]): bigint => masses.reduce((total, mass) => total + mass, 0n);
