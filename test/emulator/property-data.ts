/** Inputs that are hard for a selection, beside those of the GPU suite: what surrounds the k-th value decides how a threshold fares. */
import { type Random, random } from "../../bench/random.ts";
import { FORMATS, type Format, rawBits } from "../../bench/reference.ts";
import type { Dtype, Order } from "../../dsl/index.ts";
import { toBf16, toF16 } from "../../dsl/rounding.ts";
import { emptyOf, makePattern, PATTERNS, type PatternName } from "../gpu/patterns.ts";
import { oracleBits, oracleKey } from "../support/oracle.ts";

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
  // about k / 2 winners, a third of the row ties for the places that are left, and all others lie far from each other
  farTies: ({ source, cols, k }) => (source.uniform() * cols < k / 2 ? 1 + source.below(12000) : source.below(3) === 0 ? 0 : -1 - source.below(12000)),
  // about k / 2 winners of one pattern, and all others tie for the places that are left
  oneAbove: ({ source, cols, k }) => (source.uniform() * cols < k / 2 ? 1 : 0),
  // a winner in every eighth column, a better one than all before: vectors and threads have one each
  comb: ({ source, col }) => (col % 8 === 0 ? Math.floor(col / 8) : -1000 - source.below(500)),
  // k winners, all over the row, and the others far from them
  exactlyK: ({ source, cols, k, col }) => (Math.floor(((col + 1) * k) / cols) > Math.floor((col * k) / cols) ? source.below(500) : -1000 - source.below(500)),
} satisfies Readonly<Record<string, (place: Place) => number>>;

/** Keys (docs/contract.md), given one that means something. */
const KEYS = {
  // about k / 2 elements with it, and all others tie below it
  edgeTies: ({ source, cols, k }, edge) => (source.uniform() * cols < k / 2 ? edge : edge - 1),
  // about k elements above the least key, which all others have
  lowTies: ({ source, cols, k }) => (source.uniform() * cols < k ? 1 + source.below(9) : 0),
  // few keys to either side of it
  edgeNear: ({ source }, edge) => edge - 2 + source.below(5),
} satisfies Readonly<Record<string, (place: Place, edge: number) => number>>;

export type DataName = PatternName | keyof typeof NUMBERS | keyof typeof STEPS | keyof typeof KEYS;
export const DATA = [...PATTERNS, ...[NUMBERS, STEPS, KEYS].flatMap((each) => Object.keys(each))] as readonly DataName[];

const isNumbers = (name: DataName): name is keyof typeof NUMBERS => name in NUMBERS;
const isSteps = (name: DataName): name is keyof typeof STEPS => name in STEPS;
const isKeys = (name: DataName): name is keyof typeof KEYS => name in KEYS;

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
  if (!isNumbers(name) && !isSteps(name) && !isKeys(name)) return makePattern({ rows, cols, k, dtype, pattern: name, seed });
  const data = emptyOf(dtype, rows * cols);
  const bits = rawBits(data);
  for (let row = 0; row < rows; row++) {
    const source = random(seed, row);
    const edge = edgeOf(rows * seed + row, dtype, order);
    for (let col = 0; col < cols; col++) {
      const place: Place = { source, cols, k, col };
      const at = row * cols + col;
      if (isNumbers(name)) bits[at] = bitsOf(NUMBERS[name](place), dtype);
      else if (isKeys(name)) bits[at] = patternOf(KEYS[name](place, edge), dtype, order);
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

/** The keys of patterns that mean something, in turns: either zero, what is next to it, the infinities and what is next to them, the least NaN. */
function edgeOf(turn: number, dtype: Dtype, order: Order): number {
  const { signBit, infinity } = FORMATS[dtype];
  const patterns = [0, infinity, signBit, infinity + 1, signBit + infinity - 1, 1, infinity - 1, signBit + 1, signBit + infinity];
  return oracleKey(patterns[turn % patterns.length]!, dtype, order);
}

/** Of the key, or of the next one that there is. */
const patternOf = (key: number, dtype: Dtype, order: Order): number => oracleBits(Math.min(Math.max(key, 0), FORMATS[dtype].allOnes), dtype, order);
