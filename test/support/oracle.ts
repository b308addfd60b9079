/**
 * The oracle: top-k as docs/contract.md words it, by sorting whole rows. Written from the contract alone, slow on purpose, and the judge of
 * every backend and of bench/reference.ts.
 */

export type OracleDtype = "f32" | "f16" | "bf16";
export type OracleOrder = "largest" | "smallest";

export interface OracleJob {
  /** Raw elements: Float32Array for f32, Uint16Array of bits for f16 and bf16; at least (rows - 1) * rowStride + cols of them. */
  readonly data: Float32Array | Uint16Array;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  /** Elements from one row's start to the next one's; default cols. */
  readonly rowStride?: number;
  readonly dtype: OracleDtype;
  readonly order?: OracleOrder;
  /** One a row, clamped to 0..cols. */
  readonly lengths?: Int32Array;
}

/** rows x k each, row after row. `values` holds the input's own bits: compare through a Uint32Array view where NaNs may be. */
export interface OracleResult {
  readonly values: Float32Array | Uint16Array;
  readonly indices: Int32Array;
}

interface Format {
  readonly signBit: number;
  readonly allOnes: number;
  /** NaN patterns with the sign set: they lie below -inf before the rotation. */
  readonly negativeNans: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
}

export const FORMATS: Readonly<Record<OracleDtype, Format>> = {
  f32: { signBit: 2 ** 31, allOnes: 2 ** 32 - 1, negativeNans: 0x7fffff, positiveInfinity: 0x7f800000, negativeInfinity: 0xff800000 },
  f16: { signBit: 2 ** 15, allOnes: 2 ** 16 - 1, negativeNans: 0x3ff, positiveInfinity: 0x7c00, negativeInfinity: 0xfc00 },
  bf16: { signBit: 2 ** 15, allOnes: 2 ** 16 - 1, negativeNans: 0x7f, positiveInfinity: 0x7f80, negativeInfinity: 0xff80 },
};

/** The contract's key of a bit pattern: an unsigned integer of the dtype's width, greater for a greater element (for `smallest`: for a lesser one). */
export function oracleKey(bits: number, dtype: OracleDtype, order: OracleOrder = "largest"): number {
  const { signBit, allOnes, negativeNans } = FORMATS[dtype];
  const flipped = bits >= signBit ? allOnes - bits : bits + signBit;
  const key = (flipped - negativeNans + allOnes + 1) % (allOnes + 1);
  return order === "largest" ? key : allOnes - key;
}

/** The bit pattern of a key: oracleKey backwards. */
export function oracleBits(key: number, dtype: OracleDtype, order: OracleOrder = "largest"): number {
  const { signBit, allOnes, negativeNans } = FORMATS[dtype];
  const flipped = ((order === "largest" ? key : allOnes - key) + negativeNans) % (allOnes + 1);
  return flipped >= signBit ? flipped - signBit : allOnes - flipped;
}

export function oracleTopk({ data, rows, cols, k, rowStride = cols, dtype, order = "largest", lengths }: OracleJob): OracleResult {
  const input = rawBits(data);
  if (input.BYTES_PER_ELEMENT !== (dtype === "f32" ? 4 : 2)) throw new RangeError(`oracle: dtype ${dtype} does not go with a ${data.constructor.name}`);
  if (k < 1 || k > cols) throw new RangeError(`oracle: k is ${k}; allowed: 1..${cols}`);
  if (rowStride < cols) throw new RangeError(`oracle: rowStride is ${rowStride}; at least cols = ${cols}`);
  if (rows > 0 && input.length < (rows - 1) * rowStride + cols) throw new RangeError(`oracle: ${input.length} elements do not hold ${rows} rows`);
  if (lengths !== undefined && lengths.length !== rows) throw new RangeError(`oracle: ${lengths.length} lengths for ${rows} rows`);

  const values = data instanceof Float32Array ? new Float32Array(rows * k) : new Uint16Array(rows * k);
  const valueBits = rawBits(values).fill(order === "largest" ? FORMATS[dtype].negativeInfinity : FORMATS[dtype].positiveInfinity);
  const indices = new Int32Array(rows * k).fill(-1);

  for (let row = 0; row < rows; row++) {
    const length = Math.min(Math.max(lengths?.[row] ?? cols, 0), cols);
    const bits = Array.from({ length }, (_, col) => input[row * rowStride + col]!);
    const ranked = bits
      .map((pattern, col) => ({ pattern, col, key: oracleKey(pattern, dtype, order) }))
      .sort((a, b) => b.key - a.key || a.col - b.col)
      .slice(0, k);
    for (const [place, { pattern, col }] of ranked.entries()) {
      valueBits[row * k + place] = pattern;
      indices[row * k + place] = col;
    }
  }
  return { values, indices };
}

/** The same memory as unsigned integers: a float read and written as a number may lose a NaN's payload. */
export function rawBits(data: Float32Array | Uint16Array): Uint32Array | Uint16Array {
  return data instanceof Float32Array ? new Uint32Array(data.buffer, data.byteOffset, data.length) : data;
}
