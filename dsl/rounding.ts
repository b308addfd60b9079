/** f32 to 16-bit formats and back; to nearest, ties to even, as IEEE 754 and the hardware's conversions have it. */
import type { Dtype } from "./element.ts";

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

const bitsOf = (value: number): number => {
  scratch[0] = value;
  return scratchBits[0]!;
};

/** Bits of the bf16 nearest to an f32. A NaN stays a quiet NaN of its sign. */
export function toBf16(value: number): number {
  const bits = bitsOf(value);
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Bits of the f16 nearest to an f32; beyond 65504 + 16 that is an infinity. A NaN stays a quiet NaN of its sign. */
export function toF16(value: number): number {
  const bits = bitsOf(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff);
  // 65520 is half-way between the greatest finite f16 and the next power of two
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // below 2^-14 an f16 is a multiple of 2^-24, which a double holds exactly
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(Math.fround(value)) * 2 ** 24);
  const rebiased = magnitude - 0x38000000;
  return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The number that a dtype's bits mean. */
export function toNumber(dtype: Dtype, element: number): number {
  if (dtype === "f32") return element;
  if (dtype === "bf16") {
    scratchBits[0] = element << 16;
    return scratch[0]!;
  }
  const exponent = (element >> 10) & 0x1f;
  const fraction = element & 0x3ff;
  const sign = element & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
