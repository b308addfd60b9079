/**
 * templates/device/exp_log.cuh in TypeScript, to the bit. A product, sum, difference or quotient of two f32 is correctly rounded as
 * Math.fround of the f64 one: 53 bits are at least 2 * 24 + 2 (Figueroa 1995), and where the result is subnormal it has fewer bits still.
 */
const round = Math.fround;
const mul = (a: number, b: number): number => round(a * b);
const add = (a: number, b: number): number => round(a + b);
const sub = (a: number, b: number): number => round(a - b);

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

function bitsOf(x: number): number {
  scratch[0] = x;
  return scratchBits[0]!;
}

function floatOf(bits: number): number {
  scratchBits[0] = bits;
  return scratch[0]!;
}

// f32 constants as the C++ compiler reads them
const [LOG2_E, LN2_HIGH, LN2_LOW] = [1.4426950216293335, 0.693359375, -2.1219444e-4].map(round) as [number, number, number];
const MAGIC = 12582912;
const EXP = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1].map(round);
const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(round);

/** Horner's rule, the highest power first. */
const polynomial = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, coefficient) => add(mul(sum, x), coefficient));

/** e^x of an f32, as an f32. */
export function exactExp(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x > 88.72283935546875) return Number.POSITIVE_INFINITY;
  if (x < -103.97208404541016) return 0;
  const n = sub(add(mul(x, LOG2_E), MAGIC), MAGIC);
  const r = sub(sub(x, mul(n, LN2_HIGH)), mul(n, LN2_LOW));
  const mantissa = add(add(mul(polynomial(EXP, r), mul(r, r)), r), 1);
  const half = n >> 1;
  return mul(mul(mantissa, 2 ** half), 2 ** (n - half));
}

/** ln x of an f32, as an f32. */
export function exactLog(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  const subnormal = x < 2 ** -126;
  const bits = (bitsOf(subnormal ? mul(x, 2 ** 24) : x) - 0x3f3504f3) | 0;
  const exponent = (bits >> 23) - (subnormal ? 24 : 0);
  const f = sub(floatOf((bits & 0x7fffff) + 0x3f3504f3), 1);
  const square = mul(f, f);
  const tail = add(mul(mul(polynomial(LOG, f), f), square), mul(exponent, LN2_LOW));
  return add(add(f, sub(tail, mul(square, 0.5))), mul(exponent, LN2_HIGH));
}
