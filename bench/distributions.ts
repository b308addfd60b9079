/** What the distributions of bench/suites.csv mean: how each fills one row. */
import type { Random } from "./random.ts";

export const DISTRIBUTIONS = ["normal", "logprob", "equal", "few", "asc", "desc", "clustered", "ties", "bf16ramp", "spike", "llm"] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

/** Fills a row of f32; `source` is the row's own stream. */
export type Fill = (row: Float32Array, source: Random, k: number) => void;

const FEW = [-1.5, -0, 0, 0.25, 3] as const;

/** `bf16ramp` is made of bit patterns and not of numbers: see workloads.ts. */
export const FILLS: Readonly<Record<Exclude<Distribution, "bf16ramp">, Fill>> = {
  normal: (row, source) => each(row, () => 3 * source.normal()),
  logprob: (row, source) => {
    each(row, () => 3 * source.normal());
    logSoftmax(row);
  },
  equal: (row) => row.fill(1),
  few: (row, source) => each(row, () => FEW[source.below(FEW.length)]!),
  asc: (row) => each(row, (col) => ramp(col, row.length)),
  desc: (row) => each(row, (col) => -ramp(col, row.length)),
  clustered: (row, source) => each(row, () => 1 + source.below(64) * 2 ** -20),
  ties: (row, source) => each(row, (col) => (col % 97 === 0 ? 2 : source.uniform() < 0.5 ? 1 : 0.01 * source.normal())),
  spike: (row, source, k) => {
    each(row, () => 3 * source.normal());
    const winners = Math.min(2 * k, row.length);
    const first = Math.floor((row.length - winners) / 2);
    for (let col = first; col < first + winners; col++) row[col] = 100 + source.uniform();
  },
  // As a language model gives them: a broad bulk below zero, and a few hundred tokens whose logits fall with the logarithm of their rank.
  llm: (row, source) => {
    each(row, () => -4 + 2.2 * source.normal());
    const plausible = Math.min(400, row.length);
    for (let rank = 1; rank <= plausible; rank++) row[source.below(row.length)] = 18 - 2.4 * Math.log(rank) + 0.5 * source.normal();
  },
};

/** Those that fill every place alike: a long row of them can be made in segments, each of a stream of its own, on several threads. */
const ALIKE: readonly Distribution[] = ["normal", "equal", "few", "clustered"];

const SEGMENT = 2 ** 20;

/** Columns of a segment; infinitely many where a row cannot be cut. */
export const segmentOf = (dist: Distribution): number => (ALIKE.includes(dist) ? SEGMENT : Number.POSITIVE_INFINITY);

function each(row: Float32Array, value: (col: number) => number): void {
  for (let col = 0; col < row.length; col++) row[col] = value(col);
}

/** From -4 to 4 along the row. */
const ramp = (col: number, cols: number): number => (cols === 1 ? 0 : (8 * col) / (cols - 1) - 4);

function logSoftmax(row: Float32Array): void {
  const greatest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const logSum = greatest + Math.log(row.reduce((sum, value) => sum + Math.exp(value - greatest), 0));
  for (let col = 0; col < row.length; col++) row[col] = row[col]! - logSum;
}
