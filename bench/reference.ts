/**
 * The reference that `run --demo`, the benchmarks and the GPU suite compare with: exact top-k in plain TypeScript, fast enough for millions of
 * elements. Keys as docs/contract.md has them; checked against the slower oracle of the tests.
 */
import type { Dtype, Order } from "../dsl/index.ts";

export interface ReferenceJob {
  /** Float32Array for f32, Uint16Array of raw bits for f16 and bf16; at least (rows - 1) * rowStride + cols elements. */
  readonly data: Float32Array | Uint16Array;
  readonly rows: number;
  readonly cols: number;
  /** 1..cols */
  readonly k: number;
  /** Elements from one row's start to the next one's; default cols. */
  readonly rowStride?: number;
  readonly dtype: Dtype;
  readonly order?: Order;
  /** One a row, clamped to 0..cols. */
  readonly lengths?: Int32Array;
}

/** rows x k each. `values` holds the input's own bits: compare through `rawBits` where NaNs may be. */
export interface ReferenceResult {
  readonly values: Float32Array | Uint16Array;
  readonly indices: Int32Array;
}

/** The same memory as unsigned integers: a float read and written as a number may lose a NaN's payload. */
export function rawBits(data: Float32Array | Uint16Array): Uint32Array | Uint16Array {
  return data instanceof Float32Array ? new Uint32Array(data.buffer, data.byteOffset, data.length) : data;
}

export interface Format {
  /** Bits of a 32-bit word that the element leaves empty. */
  readonly spare: number;
  readonly signBit: number;
  readonly allOnes: number;
  readonly negativeNans: number;
  readonly infinity: number;
}

export const FORMATS: Readonly<Record<Dtype, Format>> = {
  f32: { spare: 0, signBit: 0x80000000, allOnes: 0xffffffff, negativeNans: 0x7fffff, infinity: 0x7f800000 },
  f16: { spare: 16, signBit: 0x8000, allOnes: 0xffff, negativeNans: 0x3ff, infinity: 0x7c00 },
  bf16: { spare: 16, signBit: 0x8000, allOnes: 0xffff, negativeNans: 0x7f, infinity: 0x7f80 },
};

/**
 * Words kept beside the k best before they are reduced: large enough that the sorts are few, small enough for the cache.
 */
const SLACK = 4096;

/** Throws RangeError where the job is not one that docs/contract.md allows. */
export function referenceTopk(job: ReferenceJob): ReferenceResult {
  const { data, rows, cols, k, rowStride = cols, dtype, order = "largest", lengths } = job;
  check(job, rowStride);
  const { signBit, infinity } = FORMATS[dtype];
  const values = data instanceof Float32Array ? new Float32Array(rows * k) : new Uint16Array(rows * k);
  const valueBits = rawBits(values).fill(order === "largest" ? infinity + signBit : infinity);
  const indices = new Int32Array(rows * k).fill(-1);
  const input = rawBits(data);

  // A word is a key above the complement of its column: sorted as one integer, without making a BigInt of any.
  const words = new BigUint64Array(Math.min(cols, 2 * k + SLACK));
  for (let row = 0; row < rows; row++) {
    const length = Math.min(Math.max(lengths?.[row] ?? cols, 0), cols);
    const start = row * rowStride;
    const found = selectRow(input, start, length, k, FORMATS[dtype], order, words);
    for (let place = 0; place < found.length; place++) {
      const col = found[place]!;
      indices[row * k + place] = col;
      valueBits[row * k + place] = input[start + col]!;
    }
  }
  return { values, indices };
}

function check({ data, rows, cols, k, dtype, lengths }: ReferenceJob, rowStride: number): void {
  if (data instanceof Float32Array !== (dtype === "f32")) throw new RangeError(`reference: dtype ${dtype} does not go with a ${data.constructor.name}`);
  if (!(k >= 1 && k <= cols)) throw new RangeError(`reference: k is ${k}; allowed: 1..${cols}`);
  if (rowStride < cols) throw new RangeError(`reference: rowStride is ${rowStride}; at least cols = ${cols}`);
  if (rows > 0 && data.length < (rows - 1) * rowStride + cols) throw new RangeError(`reference: ${data.length} elements do not hold ${rows} rows`);
  if (lengths !== undefined && lengths.length !== rows) throw new RangeError(`reference: ${lengths.length} lengths for ${rows} rows`);
}

/** The columns of a row's min(k, length) best, best first. `words` is scratch of at least min(length, 2 k + SLACK). */
function selectRow(
  input: Uint32Array | Uint16Array,
  start: number,
  length: number,
  k: number,
  { spare, signBit, allOnes, negativeNans }: Format,
  order: Order,
  words: BigUint64Array,
): Uint32Array {
  const halves = new Uint32Array(words.buffer); // little-endian: the column's complement, then the key
  const magnitude = allOnes >>> 1;
  const flip = order === "largest" ? 0 : allOnes;
  let count = 0;
  let threshold = -1;
  for (let col = 0; col < length; col++) {
    const bits = input[start + col]!;
    const sign = (bits << spare) >> 31;
    const key = ((((bits ^ ((sign & magnitude) | signBit)) - negativeNans) & allOnes) ^ flip) >>> 0;
    // a later column with the threshold's own key loses the tie
    if (key <= threshold) continue;
    if (count === words.length) {
      reduce(words, count, k);
      count = k;
      threshold = halves[1]!;
      if (key <= threshold) continue;
    }
    halves[2 * count] = ~col;
    halves[2 * count + 1] = key;
    count++;
  }
  words.subarray(0, count).sort();
  return Uint32Array.from({ length: Math.min(k, count) }, (_, place) => ~halves[2 * (count - 1 - place)]! >>> 0);
}

/** Moves the k greatest of `count` words to the front, the least of them first. */
function reduce(words: BigUint64Array, count: number, k: number): void {
  words.subarray(0, count).sort();
  words.copyWithin(0, count - k, count);
}
