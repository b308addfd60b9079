/** A binding's JavaScript computes what the evaluator does, bit for bit; and what the kernels' text makes of 16-bit elements. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluator, NAN_BITS } from "../../dsl/device/evaluate.ts";
import { pow2 } from "../../dsl/device/math.ts";
import { type Dtype, toNumber } from "../../dsl/index.ts";
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

it.each(["f16", "bf16"] as const)(
  "scores of %s are not rounded: f32s beside each other are two, and come out as they are",
  { timeout: 120_000 },
  async (dtype) => {
    // x is 0, and the score the bias
    const patterns = Array.from({ length: 3000 }, (_, at) => [at * 0xabcd + 1, at * 0xabcd + 2]).flat();
    const bits = Uint32Array.from(patterns.flatMap((pattern) => [pattern, pattern ^ 0x80000000])).sort();
    const bias = new Float32Array(bits.buffer);
    const { prologue } = scoredFunctions().get("logitBias")!;
    const source = await scoredSource(prologue);
    const cols = bias.length;
    const request = { rows: 1, cols, k: cols, rowStride: cols, dtype, order: "smallest", indexBytes: 4 } as const;
    const outcome = runPlan({ plan: "radix_select", request, data: new Uint16Array(cols), source, prologue: { ...prologue, values: { bias } } });
    expect([outcome.status, outcome.text]).toEqual([0, ""]);
    const order = [...bias.keys()].sort((a, b) => bias[a]! - bias[b]!);
    expect([...outcome.indices]).toEqual(order);
    expect([...outcome.values]).toEqual(order.map((col) => bits[col]));
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
  const numbers = new Float32Array(Uint32Array.from(outcome.values).buffer);
  const wrong = [...outcome.indices].findIndex((col, place) => !Object.is(numbers[place], toNumber(dtype, Number(col))));
  expect(wrong).toBe(-1);
  expect([...outcome.values].filter((bits) => (bits & 0x7fffffff) > 0x7f800000 && bits !== NAN_BITS)).toEqual([]);
});
