/** Rows to draw from, sorted as a top-k leaves them, with parameters of every kind; and what the oracle draws. */
import type { Random } from "../../bench/random.ts";
import { toBf16, toF16, toNumber } from "../../dsl/rounding.ts";
import { type OracleDtype, type OracleJob, type OracleResult, oracleTopk } from "./oracle.ts";
import { sampleOracle } from "./sample-oracle.ts";

export interface SampleRows {
  readonly rows: number;
  readonly k: number;
  readonly dtype: OracleDtype;
  readonly cols: number;
  /** rows x cols: what the values are the greatest of. */
  readonly data: Float32Array | Uint16Array;
  /** rows x k each, greatest first. */
  readonly values: Float32Array | Uint16Array;
  readonly indices: Int32Array;
  /** One a row. */
  readonly temperature: Float32Array;
  readonly topP: Float32Array;
  readonly minP: Float32Array;
  readonly seeds: BigUint64Array;
  readonly offsets: BigUint64Array;
}

export interface SampleAnswer {
  readonly tokens: Int32Array;
  readonly logprobs: Float32Array;
  readonly kept: Int32Array;
  /** rows x k, -inf behind the kept ones. */
  readonly candidateLogprobs: Float32Array;
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** Elements of a row, by what it is like. */
const KINDS: readonly ((source: Random) => number)[] = [
  (source) => source.normal() * 3,
  (source) => source.normal() * 0.1,
  (source) => source.normal() * 1e30,
  (source) => source.normal() * 1e-40,
  (source) => Math.round(source.normal()),
  () => 5,
  (source) => (source.below(3) === 0 ? source.normal() : -inf),
  () => -inf,
  (source) => (source.below(4) === 0 ? inf : source.normal()),
  (source) => (source.below(50) === 0 ? nan : source.normal()),
  (source) => (source.below(2) === 0 ? 0 : -0),
];
const TEMPERATURES = [1, 1, 0.7, 1.5, 0, 0.05, 1e-30, 2 ** -149, 3e38];
const TOP_P = [1, 1, 0.9, 0.5, 0.999999, 0, 2 ** -149, 0.1];
const MIN_P = [0, 0, 0.05, 1, 0.5, 2 ** -149];
/** In no range: a device cannot refuse them. */
const INVALID = [nan, -1, inf, -(2 ** -149)];

export interface RowsOptions {
  readonly rows: number;
  readonly k: number;
  readonly dtype: OracleDtype;
  /** Default: k, or a few more. */
  readonly cols?: number;
  /** Some rows have a parameter outside its range. */
  readonly invalid?: boolean;
  /** What finds the candidates; default: the oracle, which sorts whole rows and is slow where there are many elements. */
  readonly topk?: (job: OracleJob) => OracleResult;
}

export function sampleRows(source: Random, { rows, k, dtype, cols = k + source.below(4), invalid = false, topk = oracleTopk }: RowsOptions): SampleRows {
  const round = { f32: Math.fround, f16: toF16, bf16: toBf16 }[dtype];
  const data = new (dtype === "f32" ? Float32Array : Uint16Array)(rows * cols);
  for (let row = 0; row < rows; row++) {
    const element = pick(source, KINDS);
    for (let col = 0; col < cols; col++) data[row * cols + col] = round(element(source));
  }
  const parameters = (values: readonly number[]): Float32Array =>
    Float32Array.from({ length: rows }, () => pick(source, invalid && source.below(8) === 0 ? INVALID : values));
  const words = (): BigUint64Array => BigUint64Array.from({ length: rows }, () => (BigInt(source.bits()) << 32n) | BigInt(source.bits()));
  return {
    ...{ rows, cols, k, dtype, data, ...topk({ data, rows, cols, k, dtype }) },
    ...{ temperature: parameters(TEMPERATURES), topP: parameters(TOP_P), minP: parameters(MIN_P), seeds: words(), offsets: words() },
  };
}

const pick = <T>(source: Random, list: readonly T[]): T => list[source.below(list.length)]!;

/** What the oracle draws from each row; nothing from one whose parameters it refuses. */
export function expectedSample({ rows, k, dtype, values, indices, temperature, topP, minP, seeds, offsets }: Omit<SampleRows, "cols" | "data">): SampleAnswer {
  const answer = {
    ...{ tokens: new Int32Array(rows), logprobs: new Float32Array(rows), kept: new Int32Array(rows) },
    candidateLogprobs: new Float32Array(rows * k).fill(-inf),
  };
  for (let row = 0; row < rows; row++) {
    const own = { temperature: temperature[row]!, topP: topP[row]!, minP: minP[row]!, seed: seeds[row]!, offset: offsets[row]! };
    const inRange = own.temperature >= 0 && own.temperature < inf && own.topP >= 0 && own.topP <= 1 && own.minP >= 0 && own.minP <= 1;
    const part = [row * k, (row + 1) * k] as const;
    const numbers = Float32Array.from(values.subarray(...part), (element) => toNumber(dtype, element));
    const drawn = inRange
      ? sampleOracle({ values: numbers, indices: indices.subarray(...part), ...own })
      : { token: -1, logprob: nan, kept: 0, logprobs: new Float32Array(0) };
    answer.tokens[row] = drawn.token;
    answer.logprobs[row] = drawn.logprob;
    answer.kept[row] = drawn.kept;
    answer.candidateLogprobs.set(drawn.logprobs, row * k);
  }
  return answer;
}

/** The first place where the bits are not the same. */
export function differenceOfSamples(given: SampleAnswer, expected: SampleAnswer): string | undefined {
  for (const name of ["kept", "tokens", "logprobs", "candidateLogprobs"] as const) {
    const [found, wanted] = [given[name], expected[name]].map((array) => new Uint32Array(array.buffer, array.byteOffset, array.length)) as [
      Uint32Array,
      Uint32Array,
    ];
    if (found.length !== wanted.length) return `${found.length} ${name}, not ${wanted.length}`;
    const at = wanted.findIndex((bits, place) => bits !== found[place]);
    if (at >= 0)
      return `${name}[${at}] is ${given[name][at]} (0x${found[at]!.toString(16)}), the oracle has ${expected[name][at]} (0x${wanted[at]!.toString(16)})`;
  }
  return undefined;
}
