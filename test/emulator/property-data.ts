/** Inputs that are hard for a selection, beside those of the GPU suite: what surrounds the k-th value decides how a threshold fares. */
import { type Random, random } from "../../bench/random.ts";
import { FORMATS, type Format, rawBits } from "../../bench/reference.ts";
import type { Dtype, Order } from "../../dsl/index.ts";
import { toBf16, toF16 } from "../../dsl/rounding.ts";
import { emptyOf, makePattern, PATTERNS, type PatternName } from "../gpu/patterns.ts";

interface Place {
  readonly source: Random;
  readonly cols: number;
  readonly k: number;
  readonly col: number;
}

/** Numbers, rounded to the dtype. */
const NUMBERS = {
  uniform: ({ source }) => source.uniform(),
  // ranks that follow Zipf's law with exponent 1.1; bounded, so that f16 holds them
  zipf: ({ source }) => Math.min(60000, Math.floor((1 - source.uniform()) ** (-1 / 0.1))),
} satisfies Readonly<Record<string, (place: Place) => number>>;

/** How many patterns an element stands above a common one; below it where the order is `smallest`. */
const STEPS = {
  // two k elements within three patterns of each other, the others far from them
  nearKth: ({ source, cols, k }) => (source.uniform() * cols < 2 * k ? source.below(7) : -64 - source.below(64)),
  // about k / 2 winners, and half of the row ties for the places that are left
  boundaryTies: ({ source, cols, k }) => (source.uniform() * cols < k / 2 ? 1 + source.below(2) : -(source.bits() & 1)),
  // the same, winners in the first eighth only, so that what ties for the other places is in neighbouring columns, and early
  earlyTies: ({ source, cols, k, col }) => (8 * col < cols && (source.uniform() * cols) / 8 < k / 2 ? 1 + source.below(2) : 0),
  // k winners, all over the row, and the others far from them
  exactlyK: ({ source, cols, k, col }) => (Math.floor(((col + 1) * k) / cols) > Math.floor((col * k) / cols) ? source.below(500) : -1000 - source.below(500)),
} satisfies Readonly<Record<string, (place: Place) => number>>;

export type DataName = PatternName | keyof typeof NUMBERS | keyof typeof STEPS;
export const DATA = [...PATTERNS, ...Object.keys(NUMBERS), ...Object.keys(STEPS)] as readonly DataName[];

const isNumbers = (name: DataName): name is keyof typeof NUMBERS => name in NUMBERS;
const isSteps = (name: DataName): name is keyof typeof STEPS => name in STEPS;

export interface DataOptions {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly order: Order;
  readonly data: DataName;
  readonly seed: number;
}

/** rows x cols elements, rows packed. */
export function makeData({ rows, cols, k, dtype, order, data: name, seed }: DataOptions): Float32Array | Uint16Array {
  if (!isNumbers(name) && !isSteps(name)) return makePattern({ rows, cols, k, dtype, pattern: name, seed });
  const data = emptyOf(dtype, rows * cols);
  const bits = rawBits(data);
  for (let row = 0; row < rows; row++) {
    const source = random(seed, row);
    for (let col = 0; col < cols; col++) {
      const place: Place = { source, cols, k, col };
      const at = row * cols + col;
      if (isNumbers(name)) bits[at] = bitsOf(NUMBERS[name](place), dtype);
      else bits[at] = middle(FORMATS[dtype]) + (order === "largest" ? 1 : -1) * STEPS[name](place);
    }
  }
  return data;
}

const float = new Float32Array(1);

function bitsOf(value: number, dtype: Dtype): number {
  if (dtype !== "f32") return dtype === "bf16" ? toBf16(value) : toF16(value);
  float[0] = value;
  return new Uint32Array(float.buffer)[0]!;
}

/** A positive normal number's pattern, in the middle of them. */
const middle = (format: Format): number => Math.floor(format.infinity / 2);
