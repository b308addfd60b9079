/** What sample() was given, as one checked job. */
import type { SampleParameters } from "./backend.ts";
import { checkOptions, viewOf } from "./check.ts";
import { shown, TopkitError } from "./errors.ts";
import { type HostInput, type Options, readHostInput } from "./host-input.ts";

const TOPK = ["k", "dtype", "rows", "cols", "rowStride", "lengths", "backend"] as const;
const OWN = ["temperature", "topP", "minP", "seed", "offset", "logprobs", "candidates"] as const;

export interface SampleInput {
  readonly input: HostInput;
  readonly parameters: SampleParameters;
  readonly logprobs: boolean;
  readonly candidates: boolean;
}

/** Errors: TK101 to TK109, TK116. */
export function checkSampleInput(x: unknown, given: unknown): SampleInput {
  checkOptions(given, [...TOPK, ...OWN], "sample()");
  const input = readHostInput(x, Object.fromEntries(TOPK.map((name) => [name, given[name]])) as Options);
  const { rows } = input.request;
  const { seed, offset = 0, logprobs = false, candidates = false } = given;
  return {
    input,
    parameters: {
      temperature: perRow("temperature", given.temperature, rows, UNBOUNDED),
      topP: perRow("topP", given.topP, rows, FRACTION),
      minP: perRow("minP", given.minP, rows, FRACTION),
      seeds: words("seed", seed, rows, 0n),
      offsets: words("offset", offset, rows, 1n),
    },
    logprobs: flag("logprobs", logprobs),
    candidates: flag("candidates", candidates),
  };
}

function flag(name: string, given: unknown): boolean {
  if (typeof given === "boolean") return given;
  throw new TopkitError("TK101", `${name} is ${shown(given)}; give true or false`);
}

/** Of values as f32. */
export interface Range {
  readonly holds: (value: number) => boolean;
  readonly allowed: string;
}
export const UNBOUNDED: Range = { holds: (value) => value >= 0 && value < Number.POSITIVE_INFINITY, allowed: "a finite f32 >= 0" };
export const FRACTION: Range = { holds: (value) => value >= 0 && value <= 1, allowed: "a number from 0 to 1" };

/** An array of its own, which the caller may change meanwhile; null for what is not given. */
function perRow(name: string, given: unknown, rows: number, { holds, allowed }: Range): Float32Array | null {
  if (given === undefined) return null;
  const wrong = (what: string): TopkitError =>
    new TopkitError("TK116", `${what}; it is ${allowed}: give one for all rows, or a Float32Array of ${rows}, one a row`, { name, rows });
  if (typeof given === "number") {
    if (!holds(Math.fround(given))) throw wrong(`${name} is ${shown(given)}`);
    return new Float32Array(rows).fill(given);
  }
  const array = viewOf(name, given, Float32Array);
  if (array === undefined) throw wrong(`${name} is ${shown(given)}`);
  if (array.length !== rows) throw wrong(`${name} has ${array.length} entries`);
  const row = array.findIndex((value) => !holds(value));
  if (row >= 0) throw wrong(`${name}[${row}] is ${array[row]}`);
  return Float32Array.from(array);
}

const WORDS = 2n ** 64n;

/** Row r has what is given plus r steps. */
function words(name: string, given: unknown, rows: number, step: bigint): BigUint64Array {
  const wrong = (what: string): TopkitError =>
    new TopkitError("TK116", `${what}; it is an integer from 0 to 2^64-1 (a bigint above 2^53-1): give one, or a BigUint64Array of ${rows}, one a row`, {
      name,
      rows,
    });
  if (typeof given === "bigint" || (typeof given === "number" && Number.isSafeInteger(given))) {
    const first = BigInt(given);
    if (first < 0n || first >= WORDS) throw wrong(`${name} is ${shown(given)}`);
    // the array keeps the lower 64 bits
    return BigUint64Array.from({ length: rows }, (_, row) => first + BigInt(row) * step);
  }
  const array = viewOf(name, given, BigUint64Array);
  if (array === undefined) throw wrong(`${name} is ${shown(given)}`);
  if (array.length !== rows) throw wrong(`${name} has ${array.length} entries`);
  return BigUint64Array.from(array);
}
