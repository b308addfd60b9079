/** A device function's CUDA text, run by the emulator, gives the bits that the evaluator computes: one source, two ways. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { evaluator, NAN_BITS } from "../../dsl/device/evaluate.ts";
import type { DeviceProgram } from "../../dsl/device/program.ts";
import { deviceText } from "../../generator/device/cuda.ts";
import type { TranslatedFunction } from "../../generator/device/program.ts";
import { compileKernel, runJob, scratch } from "../emulator/emulator.ts";
import { shipped, translated } from "./translated.ts";

/** f32 bits: both zeros, subnormals, the edges of normals, ones, halves, infinities, NaNs of either sign and other payloads. */
const EDGES = [
  0, 1, 2, 0x400000, 0x7fffff, 0x800000, 0x800001, 0x33800000, 0x3effffff, 0x3f000000, 0x3f200000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x40000000, 0x41100000,
  0x42ae0000, 0x42b00000, 0x42fe0000, 0x4b7fffff, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff,
].flatMap((bits) => [bits, (bits | 0x80000000) >>> 0]);
const COUNT = 40_000;

/** For each parameter COUNT values: the edges in every pairing with those of the first two parameters, then random bits, then what logits look like. */
function inputs(parameters: number): Uint32Array[] {
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
  const small = new Float32Array(1);
  const asLogit = (): number => {
    small[0] = ((random() >>> 8) / 2 ** 24 - 0.5) * 40;
    return new Uint32Array(small.buffer)[0]!;
  };
  return Array.from({ length: parameters }, (_, p) =>
    Uint32Array.from({ length: COUNT }, (_, i) => {
      if (i < EDGES.length ** 2) return EDGES[p === 0 ? i % EDGES.length : p === 1 ? Math.floor(i / EDGES.length) : random() % EDGES.length]!;
      return i % 2 === 0 ? random() : asLogit();
    }),
  );
}

const kernelText = (program: DeviceProgram): string => {
  const { symbol, text } = deviceText(program);
  const given = program.functions.at(-1)!.parameters.map((_, p) => `given[${p} * count + i]`);
  return `${text}
extern "C" __global__ void apply(float* out, const float* given, unsigned long long count) {
  for (unsigned long long i = threadIdx.x; i < count; i += blockDim.x) out[i] = ${symbol}(${given.join(", ")});
}
`;
};

/** What the emulator computes, as bits. */
function onDevice(name: string, program: DeviceProgram, given: readonly Uint32Array[]): Uint32Array {
  using folder = scratch();
  const object = compileKernel(`device_${name}.cu`, kernelText(program), "fast");
  const [input, output] = [join(folder.path, "in"), join(folder.path, "out")];
  writeFileSync(input, Buffer.concat(given.map((values) => Buffer.from(values.buffer))));
  const { status, text } = runJob("plain", [
    ["buffer", "out", COUNT * 4, 0, "-", output],
    ["buffer", "in", COUNT * 4 * given.length, 0, input, "-"],
    ["launch", object, "apply", "grid=1", "block=32", "checked=0", "--", "@out", "@in", COUNT],
  ]);
  expect(text).toBe("");
  expect(status).toBe(0);
  return new Uint32Array(new Uint8Array(readFileSync(output)).buffer);
}

function onEvaluator(program: DeviceProgram, given: readonly Uint32Array[]): Uint32Array {
  const evaluate = evaluator(program);
  const columns = given.map((values) => new Float32Array(values.buffer));
  const results = Float32Array.from({ length: COUNT }, (_, i) => evaluate(...columns.map((column) => column[i]!)));
  return new Uint32Array(results.buffer).map((bits, i) => (Number.isNaN(results[i]) ? NAN_BITS : bits));
}

const OPERATIONS = translated({
  "f.ts": `const SMALL = -1e-40;
    export const add = deviceFn((a, b) => a + b);
    export const subtract = deviceFn((a, b) => a - b);
    export const multiply = deviceFn((a, b) => a * b);
    export const divide = deviceFn((a, b) => a / b);
    export const contract = deviceFn((a, b, c) => a * b + c);
    export const negate = deviceFn((a) => -a);
    export const abs = deviceFn((a) => Math.abs(a));
    export const sqrt = deviceFn((a) => Math.sqrt(a));
    export const round = deviceFn((a) => Math.floor(a) + 2 * Math.ceil(a) + 4 * Math.trunc(a));
    export const floor = deviceFn((a) => Math.floor(a));
    export const ceil = deviceFn((a) => Math.ceil(a));
    export const trunc = deviceFn((a) => Math.trunc(a));
    export const min = deviceFn((a, b) => Math.min(a, b));
    export const max = deviceFn((a, b) => Math.max(a, b));
    export const power = deviceFn((a) => pow2(a));
    export const compare = deviceFn((a, b) => (a < b ? 1 : 0) + (a <= b ? 2 : 0) + (a > b ? 4 : 0) + (a >= b ? 8 : 0) + (a === b ? 16 : 0) + (a !== b ? 32 : 0));
    export const logic = deviceFn((a, b) => { const p = a > 0; const q = !(b > 0); return p && q ? 1 : p || q ? 2 : 3; });
    export const numbers = deviceFn((a) => a > 1 ? -SMALL : a < -1 ? -Infinity : a > 0 ? 1e3 : a === 0 ? -0 : 0.1);`,
});

const CASES: readonly (readonly [string, TranslatedFunction])[] = [...OPERATIONS, ...shipped()];

describe("device and evaluator agree to the bit", () => {
  it.each(CASES)("%s", (name, { program }) => {
    const given = inputs(program.functions.at(-1)!.parameters.length);
    const [device, expected] = [onDevice(name, program, given), onEvaluator(program, given)];
    const wrong = device.findIndex((bits, i) => bits !== expected[i]);
    const hex = (bits: number | undefined): string => `0x${bits?.toString(16)}`;
    expect(wrong, `of ${given.map((values) => hex(values[wrong]))}: device ${hex(device[wrong])}, evaluator ${hex(expected[wrong])}`).toBe(-1);
  });

  it("and contraction would be seen: multiply-add rounds twice", () => {
    const evaluate = evaluator(OPERATIONS.get("contract")!.program);
    const x = 1 + 2 ** -12;
    expect(evaluate(x, x, -1)).toBe(Math.fround(Math.fround(x * x) - 1));
    expect(evaluate(x, x, -1)).not.toBe(Math.fround(x * x - 1));
  });
});
