/** Inputs of the GPU suite: the workloads' distributions, and bit patterns that kernels go wrong on. */
import { type Random, random } from "../../bench/random.ts";
import { FORMATS, type Format, rawBits } from "../../bench/reference.ts";
import { DISTRIBUTIONS, type Distribution, makeInput } from "../../bench/workloads.ts";
import type { Dtype } from "../../dsl/index.ts";

/** Bits of one element. A format's `negativeNans` is also the mask of its fraction. */
type BitPattern = (at: { readonly col: number; readonly cols: number; readonly source: Random; readonly format: Format }) => number;

const either = (source: Random, a: number, b: number): number => (source.bits() & 1 ? a : b);
const sign = (source: Random, format: Format): number => either(source, 0, format.signBit);
/** Of either sign, of any payload. */
const nan: BitPattern = ({ source, format }) => sign(source, format) + format.infinity + 1 + source.below(format.negativeNans);
const one = (format: Format): number => Math.floor(format.infinity / 2 / (format.negativeNans + 1)) * (format.negativeNans + 1);

const BIT_PATTERNS = {
  allNegInf: ({ format }) => format.signBit + format.infinity,
  allPosInf: ({ format }) => format.infinity,
  infMix: ({ source, format }) => sign(source, format) + either(source, format.infinity, one(format)),
  nans: nan,
  someNans: (at) => (at.source.below(16) === 0 ? nan(at) : sign(at.source, at.format) + at.source.below(at.format.infinity)),
  zeros: ({ source, format }) => sign(source, format),
  denormals: ({ source, format }) => sign(source, format) + source.below(format.negativeNans + 1),
  twoValues: ({ source, format }) => either(source, one(format), one(format) + 1),
  fewBits: ({ source, format }) => one(format) + source.below(4),
  anyBits: ({ source, format }) => source.bits() >>> format.spare,
  // an odd factor permutes the patterns: every 65,536 columns hold each pattern of 16 bits once
  shuffledBits: ({ col, format }) => Math.imul(col, format.spare === 0 ? 0x9e3779b1 : 40503) & format.allOnes,
  lastWins: ({ col, cols, format }) => one(format) + (col === cols - 1 ? 1 : 0),
  firstWins: ({ col, format }) => one(format) + (col === 0 ? 1 : 0),
  negatives: ({ source, format }) => format.signBit + source.below(format.infinity),
} satisfies Readonly<Record<string, BitPattern>>;

export type PatternName = Distribution | keyof typeof BIT_PATTERNS;
export const PATTERNS = [...DISTRIBUTIONS, ...Object.keys(BIT_PATTERNS)] as readonly PatternName[];

const isBitPattern = (name: PatternName): name is keyof typeof BIT_PATTERNS => name in BIT_PATTERNS;

export interface PatternOptions {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly pattern: PatternName;
  readonly seed: number;
}

/** rows x cols elements, rows packed. */
export function makePattern({ rows, cols, k, dtype, pattern, seed }: PatternOptions): Float32Array | Uint16Array {
  if (!isBitPattern(pattern)) return makeInput({ rows, cols, dtype, dist: pattern, seed, k });
  const data = emptyOf(dtype, rows * cols);
  const bits = rawBits(data);
  const bitsOf: BitPattern = BIT_PATTERNS[pattern];
  for (let row = 0; row < rows; row++) {
    const source = random(seed, row);
    for (let col = 0; col < cols; col++) bits[row * cols + col] = bitsOf({ col, cols, source, format: FORMATS[dtype] });
  }
  return data;
}

export const emptyOf = (dtype: Dtype, length: number): Float32Array | Uint16Array => (dtype === "f32" ? new Float32Array(length) : new Uint16Array(length));

/** Bits of the element that stands before every other: a kernel that reads where it must not, shows it. */
export function winner(dtype: Dtype, order: "largest" | "smallest"): number {
  const { signBit, infinity } = FORMATS[dtype];
  return order === "largest" ? signBit + infinity + 1 : signBit + infinity;
}
