/** The order a second time, by the prose of docs/contract.md and with no keys: decode to a Number, then rule by rule. The oracle's own check. */
import type { OracleDtype, OracleOrder } from "./oracle.ts";

/** Exponent and fraction widths of IEEE 754 binary formats. */
const WIDTHS: Readonly<Record<OracleDtype, { readonly exponent: number; readonly fraction: number }>> = {
  f32: { exponent: 8, fraction: 23 },
  f16: { exponent: 5, fraction: 10 },
  bf16: { exponent: 8, fraction: 7 },
};

/** The number that a bit pattern stands for, by the definition of the format; every NaN is NaN. */
export function decode(bits: number, dtype: OracleDtype): number {
  const { exponent: exponentWidth, fraction: fractionWidth } = WIDTHS[dtype];
  const fraction = bits % 2 ** fractionWidth;
  const exponent = Math.floor(bits / 2 ** fractionWidth) % 2 ** exponentWidth;
  const sign = bits >= 2 ** (exponentWidth + fractionWidth) ? -1 : 1;
  const bias = 2 ** (exponentWidth - 1) - 1;
  if (exponent === 2 ** exponentWidth - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionWidth);
  return sign * (1 + fraction / 2 ** fractionWidth) * 2 ** (exponent - bias);
}

/**
 * Whether an element of pattern `a` stands before one of pattern `b` for its value alone (equal patterns do not: the index decides).
 * Largest: NaN over everything; then by value; -0 below +0. NaNs among each other, by the keys' rotation: negative ones on top,
 * of these the lesser payload first; of positive ones the greater payload first.
 */
export function precedes(a: number, b: number, dtype: OracleDtype, order: OracleOrder): boolean {
  return order === "largest" ? above(a, b, dtype) : above(b, a, dtype);
}

function above(a: number, b: number, dtype: OracleDtype): boolean {
  const [x, y] = [decode(a, dtype), decode(b, dtype)];
  const signBit = 2 ** (WIDTHS[dtype].exponent + WIDTHS[dtype].fraction);
  if (Number.isNaN(x) && Number.isNaN(y)) {
    const [xNegative, yNegative] = [a >= signBit, b >= signBit];
    if (xNegative !== yNegative) return xNegative;
    return xNegative ? a < b : a > b;
  }
  if (Number.isNaN(x)) return true;
  if (Number.isNaN(y)) return false;
  if (x === 0 && y === 0) return Object.is(x, 0) && Object.is(y, -0);
  return x > y;
}

/** All 65,536 patterns, in order. */
export const allPatterns = (): Uint16Array => Uint16Array.from({ length: 65536 }, (_, bits) => bits);

/** Where f32 changes its ways: zeros, denormals, normals' ends, infinities, NaNs quiet and signalling; of both signs, with neighbours. */
export const EDGE_F32: readonly number[] = [
  0x0, 0x1, 0x2, 0x7ffffe, 0x7fffff, 0x800000, 0x800001, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x7f7ffffe, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fbfffff,
  0x7fc00000, 0x7fc00001, 0x7ffffffe, 0x7fffffff,
].flatMap((bits) => [bits, bits + 2 ** 31]);
