/** Workloads: seeded inputs of the distributions that bench/suites.csv names. */
import type { Dtype } from "../dsl/index.ts";
import { toBf16, toF16 } from "../dsl/rounding.ts";
import { DISTRIBUTIONS, type Distribution, FILLS, segmentOf } from "./distributions.ts";
import { random } from "./random.ts";
import { rawBits } from "./reference.ts";

export { DISTRIBUTIONS, type Distribution } from "./distributions.ts";
export { readSuites, shapeText, type Workload, withNormal } from "./suites.ts";

export interface InputOptions {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: Dtype;
  readonly dist: Distribution;
  /** Same seed, same bits. Each row has its own random stream, and each segment of a long one (distributions.ts). Default 1. */
  readonly seed?: number;
  /** The stream of the first row, so that an input can be made in parts. Default 0. */
  readonly firstRow?: number;
  /** Where in the row these columns begin: at a segment. Default 0. */
  readonly firstCol?: number;
  /** Only `spike` looks at it: 2 k winners stand side by side. Default 50. */
  readonly k?: number;
}

/** Streams of a row's segments are that far apart; no memory holds so many rows of several segments. */
const MOST_LONG_ROWS = 2 ** 20;

/** rows x cols elements, rounded to nearest even from f32: Float32Array for f32, raw bits for f16 and bf16. */
export function makeInput({ rows, cols, dtype, dist, seed = 1, firstRow = 0, firstCol = 0, k = 50 }: InputOptions): Float32Array | Uint16Array {
  if (!DISTRIBUTIONS.includes(dist)) throw new RangeError(`no distribution "${dist}"; there are ${DISTRIBUTIONS.join(", ")}`);
  if (dist === "bf16ramp") return bf16Ramp(rows, cols, dtype);
  const segment = segmentOf(dist);
  const row = new Float32Array(cols);
  const data = dtype === "f32" ? new Float32Array(rows * cols) : new Uint16Array(rows * cols);
  for (let r = 0; r < rows; r++) {
    for (let start = 0; start < cols; start += segment) {
      const number = (firstCol + start) / segment;
      FILLS[dist](row.subarray(start, start + segment), random(seed, firstRow + r + number * MOST_LONG_ROWS), k);
    }
    if (data instanceof Float32Array) data.set(row, r * cols);
    else roundInto(row, data.subarray(r * cols), dtype === "bf16" ? toBf16 : toF16);
  }
  return data;
}

/** Consecutive 16-bit patterns, NaNs included: of bf16 (the upper half of an f32), and of f16 where that is the dtype. Bits, because a number's NaN loses its payload. */
function bf16Ramp(rows: number, cols: number, dtype: Dtype): Float32Array | Uint16Array {
  const patterns = Uint16Array.from({ length: cols }, (_, col) => col & 0xffff);
  const data = dtype === "f32" ? new Float32Array(rows * cols) : new Uint16Array(rows * cols);
  const bits = rawBits(data);
  const row = dtype === "f32" ? Uint32Array.from(patterns, (pattern) => pattern * 0x10000) : patterns;
  for (let r = 0; r < rows; r++) bits.set(row, r * cols);
  return data;
}

function roundInto(from: Float32Array, to: Uint16Array, round: (value: number) => number): void {
  for (let col = 0; col < from.length; col++) to[col] = round(from[col]!);
}
