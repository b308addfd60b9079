/** Inputs that are hard for a selection, beside those of the GPU suite: what surrounds the k-th value decides how a threshold fares. */
import { type Random, random } from "../../bench/random.ts";
import { FORMATS, type Format, rawBits } from "../../bench/reference.ts";
import { DTYPE_BYTES, type Dtype, nextPow2, type Order, VECTOR_BYTES } from "../../dsl/index.ts";
import { toBf16, toF16 } from "../../dsl/rounding.ts";
import { emptyOf, makePattern, PATTERNS, type PatternName } from "../gpu/patterns.ts";
import { oracleBits, oracleKey } from "../support/oracle.ts";

interface Place {
  readonly source: Random;
  readonly cols: number;
  readonly k: number;
  readonly col: number;
  /** Elements of 16 bytes. */
  readonly perSlot: number;
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
  // one element more than k ties for the first place, neighbours that end with the row's first quarter: where a block's part ends
  quarterEnd: ({ source, cols, k, col }) => (col >= Math.floor(cols / 4) - k - 1 && col < Math.floor(cols / 4) ? 0 : -64 - source.below(64)),
  // one element less than k stands above masses of ties, all in the row's second quarter but for its first column
  quarterAbove: ({ source, cols, k, col }) => (col > Math.floor(cols / 4) && col < Math.floor(cols / 4) + k ? 1 + source.below(500) : 0),
  // masses of ties below the row's first three columns: of an unaligned row those before the first whole vector
  leadAbove: ({ col }) => (col < 3 ? 1 : 0),
  // k neighbours more than 63 keys above all others, of which masses of neighbours are 5 above the rest: few of a block's threads have any of them
  stairs: ({ source, k, col }) => (col < k ? 64 + source.below(64) : col < k + 1600 ? 5 : 0),
  // two elements less than k stand in the row's first quarter, in a vector each; behind it some of middling rank, far above all else of the first quarter
  quarterLess: ({ source, cols, k, col }) =>
    col % 16 !== 8 ? -2000 - source.below(500) : 4 * col >= cols ? -source.below(64) : col < 16 * (k - 2) ? 1 + source.below(500) : -2000,
  // the best of the quarters: 40 elements and 24, in 5 vectors of 8 and in 4; six of high rank, in six vectors; and six that all of these are above
  quarterCrowds: ({ source, cols, col }) => {
    const [quarter, at] = [Math.floor((4 * col) / cols), col % Math.floor(cols / 4)];
    const isOne = quarter === 0 ? at >= 64 && at < 104 : quarter === 1 ? at >= 64 && at < 96 && at % 8 < 6 : at % 64 === 32 && at < 384;
    return isOne ? [1 + source.below(4000), 1 + source.below(4000), 3000 + source.below(500), 0][quarter]! : -1000 - source.below(500);
  },
  // better where wide_sample does not look, at its least
  unsampled: ({ source, col, ...place }) => (isSampled(col, place) ? -12500 - source.below(500) : -source.below(12000)),
  // about k / 2 winners within 32 patterns of each other, and all others tie far below them
  crowdAbove: ({ source, cols, k }) => (source.uniform() * cols < k / 2 ? 12000 + source.below(32) : 0),
  // half as many again as k tie for the first place, all over the row's first three eighths, and the others far from them
  quarterTies: ({ source, cols, k, col }) =>
    8 * col < 3 * cols && Math.floor(((col + 1) * 4 * k) / cols) > Math.floor((col * 4 * k) / cols) ? 0 : -64 - source.below(64),
  // from the middle of the greatest power of two on, a winner in every slot; all others tie, in the first quarter below the rest
  lateComb: ({ cols, col, perSlot }) => {
    const power = 2 ** Math.floor(Math.log2(cols));
    return 2 * col >= power && col % perSlot === 0 ? 1 : 4 * col >= power ? 0 : -1;
  },
  // eight less than k winners, all over the row, and the others far from them
  shortShares: ({ source, cols, k, col }) =>
    Math.floor(((col + 1) * (k - 8)) / cols) > Math.floor((col * (k - 8)) / cols) ? source.below(500) : -1000 - source.below(500),
} satisfies Readonly<Record<string, (place: Place) => number>>;

/** Whether wide_sample reads the column of an aligned row where each thread has one slot: pieces of four slots, four groups to one (dsl/kernels/wide.ts). */
function isSampled(col: number, { cols, k, perSlot }: Pick<Place, "cols" | "k" | "perSlot">): boolean {
  const pieces = Math.min(Math.max(256, nextPow2(8 * k)), 4096) / 4;
  const [slot, slots] = [Math.floor(col / perSlot), Math.ceil(cols / perSlot)];
  const piece = Math.floor((slot * pieces) / slots);
  return [piece, piece + 1].some((each) => Math.floor(slot / 4) === Math.floor(Math.floor((each * slots) / pieces) / 4));
}

/** Keys (docs/contract.md), given one that means something. */
const KEYS = {
  // about k / 2 elements with it, and all others tie below it
  edgeTies: ({ source, cols, k }, edge) => (source.uniform() * cols < k / 2 ? edge : edge - 1),
  // about k elements above the least key, which all others have
  lowTies: ({ source, cols, k }) => (source.uniform() * cols < k ? 1 + source.below(9) : 0),
  // a hundredth has the least key, and the others are far above it
  fewLow: ({ source, col }) => (col % 100 === 50 ? 0 : 1000 + source.below(50000)),
  // the greatest key and another stand above all others, in one slot
  fallingPair: ({ col }) => (col === 800 ? 2 ** 32 : col === 801 ? 2000 : 1000),
  risingPair: ({ col }) => (col === 800 ? 2000 : col === 801 ? 2 ** 32 : 1000),
  // few keys to either side of it
  edgeNear: ({ source }, edge) => edge - 2 + source.below(5),
} satisfies Readonly<Record<string, (place: Place, edge: number) => number>>;

/** Patterns of bits; `sign`: the wanted one's. */
const BITS = {
  // about k / 4 NaNs of either sign, and all others are numbers of one octave
  fewNans: ({ source, cols, k }, { signBit, infinity, negativeNans }, sign) =>
    source.uniform() * cols < k / 4
      ? source.below(2) * signBit + infinity + 1 + source.below(negativeNans)
      : sign + Math.floor(infinity / 2) + source.below(negativeNans),
  // about k / 2 least negative NaNs, and all others are the NaN that instructions make, which is next to it
  nanTies: ({ source, cols, k }, { signBit, infinity }) => (source.uniform() * cols < k / 2 ? signBit + infinity + 1 : signBit - 1),
  // a greatest number in every third slot, and all others are NaNs
  numbersAmongNans: ({ col, perSlot }, { signBit, infinity }) => (col % (3 * perSlot) === 0 ? infinity - 1 : signBit - 1),
} satisfies Readonly<Record<string, (place: Place, format: Format, sign: number) => number>>;

export type DataName = PatternName | keyof typeof NUMBERS | keyof typeof STEPS | keyof typeof KEYS | keyof typeof BITS;
export const DATA = [...PATTERNS, ...[NUMBERS, STEPS, KEYS, BITS].flatMap((each) => Object.keys(each))] as readonly DataName[];

const isNumbers = (name: DataName): name is keyof typeof NUMBERS => name in NUMBERS;
const isSteps = (name: DataName): name is keyof typeof STEPS => name in STEPS;
const isKeys = (name: DataName): name is keyof typeof KEYS => name in KEYS;
const isBits = (name: DataName): name is keyof typeof BITS => name in BITS;

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
  if (!isNumbers(name) && !isSteps(name) && !isKeys(name) && !isBits(name)) return makePattern({ rows, cols, k, dtype, pattern: name, seed });
  const data = emptyOf(dtype, rows * cols);
  const bits = rawBits(data);
  for (let row = 0; row < rows; row++) {
    const source = random(seed, row);
    const edge = edgeOf(rows * seed + row, dtype, order);
    for (let col = 0; col < cols; col++) {
      const place: Place = { source, cols, k, col, perSlot: VECTOR_BYTES / DTYPE_BYTES[dtype] };
      const at = row * cols + col;
      if (isNumbers(name)) bits[at] = bitsOf(NUMBERS[name](place), dtype);
      else if (isKeys(name)) bits[at] = patternOf(KEYS[name](place, edge), dtype, order);
      else if (isBits(name)) bits[at] = BITS[name](place, FORMATS[dtype], order === "largest" ? 0 : FORMATS[dtype].signBit);
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
