/** What the shipped device functions compute, on both sides: as TypeScript in f64, and in f32 as the device does. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { evaluator } from "../../dsl/device/evaluate.ts";
import { exp, logitBias, mask, repetitionPenalty, softcap, tanh, temperature } from "../../dsl/device/functions.ts";
import { deviceText } from "../../generator/device/cuda.ts";
import { shipped } from "./translated.ts";

const functions = shipped();
const f32 = (name: string): ((...given: number[]) => number) => evaluator(functions.get(name)!.program);

it("ships these, with these operands, in this order of parameters", () => {
  const operands = Object.fromEntries([...functions].map(([name, fn]) => [name, fn.operands]));
  expect(operands).toEqual({
    exp: undefined,
    tanh: undefined,
    temperature: temperature.operands,
    logitBias: logitBias.operands,
    mask: mask.operands,
    repetitionPenalty: repetitionPenalty.operands,
    softcap: softcap.operands,
  });
});

it.each([
  ["temperature", [3, 0.5], 1.5],
  ["temperature", [-Infinity, 0.5], -Infinity],
  ["logitBias", [3, -Infinity], -Infinity],
  ["logitBias", [Infinity, -Infinity], Number.NaN],
  ["logitBias", [1, 2 ** -24], 1],
  ["mask", [3, 0], -Infinity],
  ["mask", [Number.NaN, 0], -Infinity],
  ["mask", [3, 1], 3],
  ["mask", [3, Number.NaN], 3],
  ["repetitionPenalty", [3, 2, 0], 3],
  ["repetitionPenalty", [3, 2, 1], 1.5],
  ["repetitionPenalty", [-3, 2, 1], -6],
  ["softcap", [Infinity, 30], 30],
  ["softcap", [-Infinity, 30], -30],
  ["softcap", [-0, 30], -0],
  ["softcap", [Number.NaN, 30], Number.NaN],
] as const)("%s of %j is %d", (name, given, expected) => expect(f32(name)(...given)).toBe(expected));

it("computes in f64 where it is called as TypeScript", () => {
  expect(temperature(0.1, { invTemp: 3 })).toBe(0.1 * 3);
  expect(logitBias(1, { bias: 2 ** -24 })).toBe(1 + 2 ** -24);
  expect(mask(1, { keep: 0 })).toBe(-Infinity);
  expect(repetitionPenalty(3, { penalty: 2, seen: 1 })).toBe(1.5);
  expect(softcap(1, { cap: 2 })).toBeCloseTo(2 * Math.tanh(0.5), 6);
});

/** The greatest error over 100,000 values of a range, relative to the true value, in units of 2^-23. */
function worst(of: (x: number) => number, truth: (x: number) => number, from: number, to: number): number {
  let greatest = 0;
  for (let i = 0; i <= 100_000; i++) {
    const x = Math.fround(from + ((to - from) * i) / 100_000);
    if (x !== 0) greatest = Math.max(greatest, Math.abs(of(x) / truth(x) - 1) * 2 ** 23);
  }
  return greatest;
}

it("exp and tanh are as near to the truth as docs/device-functions.md says", () => {
  expect(worst(f32("exp"), Math.exp, -87, 88)).toBeLessThan(2);
  expect(worst(f32("tanh"), Math.tanh, -20, 20)).toBeLessThan(2);
  expect(worst(f32("tanh"), Math.tanh, -0.7, 0.7)).toBeLessThan(2);
  expect(worst(exp, Math.exp, -87, 88)).toBeLessThan(2);
  expect(worst(tanh, Math.tanh, -20, 20)).toBeLessThan(2);
  expect(f32("exp")(1000)).toBe(f32("exp")(88));
});

it("is rendered as docs/device-functions.md shows", () => {
  const docs = readFileSync(new URL("../../docs/device-functions.md", import.meta.url), "utf8");
  const { text, symbol } = deviceText(functions.get("repetitionPenalty")!.program);
  expect(symbol).toBe("repetitionPenalty_score");
  expect(docs).toContain(`\`\`\`cuda\n${text}\`\`\``);
});
