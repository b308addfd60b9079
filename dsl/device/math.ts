/** The math functions of device code: what is correctly rounded everywhere, and nothing whose last bit differs between libraries. */

/**
 * 2^n for a whole n of -126 to 127; n is cut to a whole number and held in that range, and NaN gives 2^-126. Exact.
 */
export const pow2 = (n: number): number => 2 ** Math.max(-126, Math.min(127, Math.trunc(Number.isNaN(n) ? -126 : n)));

export interface MathFunction {
  /** As it is written in TypeScript. */
  readonly written: string;
  readonly arity: number;
  /** Of f32 values; the result is rounded to f32 by the caller. */
  readonly evaluate: (...given: number[]) => number;
  /** The CUDA function. */
  readonly cuda: string;
  /** Its definition, where CUDA has none of this meaning. */
  readonly definition?: string;
}

/** As Math.min and Math.max: NaN where either is, and -0 below +0, which equal values' bits decide; CUDA's fminf gives the other value. */
const extremum = (name: string, comparison: "<" | ">", bits: "|" | "&"): string =>
  [
    `__device__ __forceinline__ float ${name}(float a, float b) {`,
    "  if (a != a) return a;",
    "  if (b != b) return b;",
    `  if (a == b) return __uint_as_float(__float_as_uint(a) ${bits} __float_as_uint(b));`,
    `  return a ${comparison} b ? a : b;`,
    "}",
  ].join("\n");

const POW2 = [
  "__device__ __forceinline__ float topkit_pow2(float n) {",
  "  const float held = n >= -126.0f ? (n <= 127.0f ? n : 127.0f) : -126.0f;",
  "  return __int_as_float((__float2int_rz(held) + 127) << 23);",
  "}",
].join("\n");

const table = {
  abs: { written: "Math.abs", arity: 1, evaluate: Math.abs, cuda: "fabsf" },
  sqrt: { written: "Math.sqrt", arity: 1, evaluate: Math.sqrt, cuda: "__fsqrt_rn" },
  floor: { written: "Math.floor", arity: 1, evaluate: Math.floor, cuda: "floorf" },
  ceil: { written: "Math.ceil", arity: 1, evaluate: Math.ceil, cuda: "ceilf" },
  trunc: { written: "Math.trunc", arity: 1, evaluate: Math.trunc, cuda: "truncf" },
  min: { written: "Math.min", arity: 2, evaluate: Math.min, cuda: "topkit_min", definition: extremum("topkit_min", "<", "|") },
  max: { written: "Math.max", arity: 2, evaluate: Math.max, cuda: "topkit_max", definition: extremum("topkit_max", ">", "&") },
  pow2: { written: "pow2", arity: 1, evaluate: pow2, cuda: "topkit_pow2", definition: POW2 },
} satisfies Record<string, MathFunction>;

export type MathName = keyof typeof table;

export const MATH: Readonly<Record<MathName, MathFunction>> = table;

/** By what is written, `Math.abs`. */
export function mathNamed(written: string): MathName | undefined {
  return (Object.keys(MATH) as MathName[]).find((name) => MATH[name].written === written);
}
