/** The device functions that ship. docs/device-functions.md says what each is for. */
import { deviceFn } from "./declare.ts";
import { pow2 } from "./math.ts";

/** 1 / ln 2 as the nearest f32: it only chooses n. */
const PER_LN2 = 1.44269502;
/** ln 2 in two parts: n * LN2_HIGH is exact for |n| < 2^15. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;

/** e^x to 2 units in the last place for -87 <= x <= 88, held outside. Coefficients: Cephes expf, S. L. Moshier. */
export const exp = deviceFn((x: number) => {
  const held = Math.max(-87, Math.min(88, x));
  const n = Math.floor(held * PER_LN2 + 0.5);
  const r = held - n * LN2_HIGH - n * LN2_LOW;
  const high = ((((1.98756915e-4 * r + 1.3981999507e-3) * r + 8.3334519073e-3) * r + 4.1665795894e-2) * r + 1.6666665459e-1) * r + 5.0000001201e-1;
  return (high * (r * r) + r + 1) * pow2(n);
});

/** The hyperbolic tangent. Coefficients: Cephes tanhf, S. L. Moshier; beyond 9 it is 1 in f32. */
export const tanh = deviceFn((x: number) => {
  const size = Math.abs(x);
  const z = x * x;
  const poly = (((-5.70498872745e-3 * z + 2.06390887954e-2) * z - 5.37397155531e-2) * z + 1.33314422036e-1) * z - 3.33332819422e-1;
  const far = size > 9 ? 1 : 1 - 2 / (exp(size + size) + 1);
  return size < 0.625 ? x * (1 + z * poly) : x < 0 ? -far : far;
});

/** x times the reciprocal of the temperature, which is the caller's to compute: the same for every element. */
export const temperature = deviceFn({ invTemp: "uniform" }, (x, o) => x * o.invTemp);

/** x plus a bias of its column; -Infinity takes the column out, except where x is NaN or +Infinity: then NaN. */
export const logitBias = deviceFn({ bias: "column" }, (x, o) => x + o.bias);

/** x where the element's `keep` is not 0, else -Infinity, whatever x is. */
export const mask = deviceFn({ keep: "element" }, (x, o) => (o.keep !== 0 ? x : -Infinity));

/** Where the element's `seen` is not 0: x divided by the row's penalty where x is positive, else multiplied by it. */
export const repetitionPenalty = deviceFn({ penalty: "row", seen: "element" }, (x, o) => (o.seen === 0 ? x : x > 0 ? x / o.penalty : x * o.penalty));

/** cap * tanh(x / cap): between -cap and cap. */
export const softcap = deviceFn({ cap: "uniform" }, (x, o) => o.cap * tanh(x / o.cap));
