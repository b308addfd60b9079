/** A binding's JavaScript computes what the evaluator does, bit for bit; and rounding to elements, on the CPU and in the kernels' text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluator } from "../../dsl/device/evaluate.ts";
import { pow2 } from "../../dsl/device/math.ts";
import { type Dtype, toBf16, toF16, toNumber } from "../../dsl/index.ts";
import { javascriptText } from "../../generator/device/javascript.ts";
import { shipped, translated } from "../device/translated.ts";
import { runPlan } from "../emulator/plan-job.ts";
import { scoredFunctions, scoredSource } from "../support/scored.ts";

const OWN = `
const LIMIT = -0;
export const every = deviceFn((a, b) => {
  const less = a < b || !(a >= -b) && a !== LIMIT;
  const size = Math.sqrt(Math.abs(a)) - Math.floor(b) * Math.ceil(-a) / Math.trunc(a + 0.5);
  return less ? Math.min(size, -1.5) : Math.max(pow2(b), b === a ? NaN : Infinity);
});`;

const functions = new Map([...shipped(), ...translated({ "own.ts": OWN })]);
const SPECIAL = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** -149, -(2 ** -126), 3.4028234663852886e38, 88, 9];
const f32 = fc.oneof(fc.constantFrom(...SPECIAL), fc.float(), fc.float({ min: -4, max: 4, noNaN: true }));

describe("JavaScript", () => {
  it.each([...functions.keys()])("of %s gives the evaluator's bits", (name) => {
    const { program } = functions.get(name)!;
    const entry = program.functions.at(-1)!;
    const compiled = new Function("pow2", `${javascriptText(program)}\nreturn ${entry.name}_;`)(pow2) as (...given: number[]) => number;
    const judge = evaluator(program);
    fc.assert(
      fc.property(fc.array(f32, { minLength: entry.parameters.length, maxLength: entry.parameters.length }), (given) => {
        expect(Object.is(compiled(...given), judge(...given))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

/** f32 patterns around every place where rounding to the dtype turns: the middle of two neighbours, and one step to either side of it. */
function turning(dtype: "f16" | "bf16"): Float32Array {
  const patterns: number[] = [];
  const number = new Float32Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let element = 0; element < 0x7c00; element += dtype === "f16" ? 1 : 3) {
    number[0] = (toNumber(dtype, element) + toNumber(dtype, element + 1)) / 2;
    const middle = bits[0]!;
    for (const each of [middle - 1, middle, middle + 1]) patterns.push(each, each ^ 0x80000000);
  }
  return new Float32Array(Uint32Array.from(patterns.filter((each) => (each & 0x7f800000) !== 0x7f800000)).buffer);
}

it.each(["f16", "bf16"] as const)(
  "the kernels round to %s as the host does, at every place where rounding turns",
  { timeout: 120_000 },
  async (dtype: Dtype) => {
    // x is 0, and the score the bias: what comes out is the bias rounded
    const bias = turning(dtype as "f16" | "bf16");
    const { prologue } = scoredFunctions().get("logitBias")!;
    const source = await scoredSource(prologue);
    const cols = bias.length;
    const request = { rows: 1, cols, k: cols, rowStride: cols, dtype, order: "largest", indexBytes: 4 } as const;
    const outcome = runPlan({ plan: "radix_select", request, data: new Uint16Array(cols), source, prologue: { ...prologue, values: { bias } } });
    expect([outcome.status, outcome.text]).toEqual([0, ""]);
    const round = dtype === "f16" ? toF16 : toBf16;
    const wrong = [...outcome.indices].findIndex((col, place) => outcome.values[place] !== round(bias[Number(col)]!));
    expect(wrong).toBe(-1);
  },
);

it.each(["f16", "bf16"] as const)("the kernels read every pattern of %s as the number that it is", { timeout: 120_000 }, async (dtype: Dtype) => {
  // a product with 1 changes no number
  const { prologue } = scoredFunctions().get("temperature")!;
  const source = await scoredSource(prologue);
  const cols = 65536;
  const data = Uint16Array.from({ length: cols }, (_, at) => at);
  const request = { rows: 1, cols, k: cols, rowStride: cols, dtype, order: "largest", indexBytes: 4 } as const;
  const values = { invTemp: Float32Array.of(1) };
  const outcome = runPlan({ plan: "radix_select", request, data, source, prologue: { ...prologue, values } });
  expect([outcome.status, outcome.text]).toEqual([0, ""]);
  const nan = dtype === "f16" ? 0x7e00 : 0x7fc0;
  const wrong = [...outcome.indices].findIndex((col, place) => outcome.values[place] !== (Number.isNaN(toNumber(dtype, Number(col))) ? nan : Number(col)));
  expect(wrong).toBe(-1);
});
