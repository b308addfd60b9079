/** Scores on the host: what the kernels compute where they read x, for the backend that has no kernels. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Dtype, type Request, SCORE_DTYPE, toNumber } from "../dsl/index.ts";
import { newArray } from "./check.ts";
import type { ScoreFunction } from "./scoring.ts";
import type { HostArray } from "./types.ts";

/** Elements between two looks at the event loop: about a millisecond. */
const SLICE = 2 ** 15;

/** Of a NaN score: docs/device-functions.md. */
const NAN = 0x7fc00000;

/**
 * rows x cols, packed: each element's score. Those beyond a row's length are zeros. `data` has rows `rowStride` apart. Does not hold the event loop for
 * longer than a slice of the work.
 */
export async function scoreElements(
  { rows, cols, rowStride, dtype }: Pick<Request, "rows" | "cols" | "rowStride" | "dtype">,
  data: HostArray,
  lengths: Int32Array | null,
  operands: Readonly<Record<string, Float32Array>>,
  score: ScoreFunction,
): Promise<Float32Array> {
  const scores = newArray(SCORE_DTYPE, rows * cols) as Float32Array;
  const bits = new Uint32Array(scores.buffer);
  const numbers = dtype === "f32" ? undefined : numbersOf(dtype);
  let left = SLICE;
  for (let row = 0; row < rows; row += 1) {
    const end = Math.min(Math.max(lengths === null ? cols : lengths[row]!, 0), cols);
    for (let col = 0; col < end; ) {
      const until = Math.min(end, col + left);
      left -= until - col;
      for (; col < until; col += 1) {
        const element = data[row * rowStride + col]!;
        const value = score(numbers === undefined ? element : numbers[element]!, operands, row, col, cols);
        const at = row * cols + col;
        if (Number.isNaN(value)) bits[at] = NAN;
        else scores[at] = value;
      }
      if (left > 0) continue;
      await nextTurn();
      left = SLICE;
    }
  }
  return scores;
}

const tables = new Map<Dtype, Float32Array>();

/** The number of each of a 16-bit dtype's patterns. */
function numbersOf(dtype: Dtype): Float32Array {
  const known = tables.get(dtype) ?? Float32Array.from({ length: 2 ** 16 }, (_, bits) => toNumber(dtype, bits));
  tables.set(dtype, known);
  return known;
}
