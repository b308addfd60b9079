/** topk(), sample(), open() and isAvailable() with any arguments: an exact answer, or a coded error. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { isAvailable, open, sample, topk } from "../../runtime/index.ts";
import type { SampleOptions, TopkOptions } from "../../runtime/types.ts";
import { oracleTopk, rawBits } from "../support/oracle.ts";
import { fuzz, outcomeOf } from "./fuzz.ts";
import { hostile, hostileArrays, make, mostly, options } from "./hostile.ts";

const OPTIONS = {
  k: [1, 2, 4],
  dtype: ["f32", "f16", "bf16", undefined],
  rows: [0, 1, 2, 4],
  cols: [1, 2, 4],
  rowStride: [1, 2, 4],
  order: ["largest", "smallest"],
  lengths: [new Int32Array(1), Int32Array.of(1, -5), undefined],
  indices: ["i32", "i64"],
  backend: ["cpu", "auto", undefined],
};
const tensors = fc.record(
  { data: fc.oneof(hostileArrays, hostile), dims: mostly([4], [2, 2], [1, 4], [4, 1], [0, 4], [2, 1, 2]), type: mostly(undefined, "float32", "float16") },
  { requiredKeys: [] },
);
const inputs = fc.oneof({ weight: 3, arbitrary: hostileArrays }, { weight: 3, arbitrary: tensors }, hostile);

it("topk() answers exactly or refuses", () => {
  let answered = 0;
  return fuzz("topk()", 3000, fc.tuple(inputs, options(OPTIONS)), async (drawn) => {
    const [x, given] = make(drawn) as unknown[];
    const outcome = await outcomeOf(() => topk(x as Float32Array, given as TopkOptions));
    if ("error" in outcome) return;
    answered += 1;
    const { values, indices, dims, dtype, backend } = outcome.value;
    expect(backend).toBe("cpu");
    const asked = given as TopkOptions;
    const data = (ArrayBuffer.isView(x) ? x : (x as { data: Float32Array }).data) as Float32Array | Uint16Array;
    // a copy by the engine: the array itself may say anything of its length
    const elements = structuredClone(data);
    const k = dims[dims.length - 1]!;
    const rows = dims.slice(0, -1).reduce((product, dim) => product * dim, 1);
    expect([values.length, indices.length, asked.k]).toEqual([rows * k, rows * k, k]);
    const cols = asked.cols ?? (ArrayBuffer.isView(x) ? elements.length / rows : (x as { dims: number[] }).dims.at(-1)!);
    const { order = "largest", rowStride = cols, lengths } = asked;
    const expected = oracleTopk({ data: elements, rows, cols, k, order, rowStride, dtype, ...(lengths && { lengths }) });
    expect(rawBits(values)).toEqual(rawBits(expected.values));
    expect(Array.from(indices, Number)).toEqual([...expected.indices]);
  }).then(() => expect(answered).toBeGreaterThan(0));
});

const SAMPLE_OPTIONS = {
  ...{ k: [1, 2, 4], dtype: ["f32", "f16", "bf16", undefined], rows: [0, 1, 2, 4], cols: [1, 2, 4], lengths: [new Int32Array(1), undefined] },
  temperature: [0, 1, 0.5, Float32Array.of(1, 0), undefined],
  topP: [0, 1, 0.5, Float32Array.of(1, 0), undefined],
  minP: [0, 1, Float32Array.of(1), undefined],
  seed: [0, 1n, 2n ** 64n - 1n, BigUint64Array.of(1n, 2n)],
  offset: [0, 2n ** 64n - 1n, BigUint64Array.of(1n, 2n), undefined],
  ...{ logprobs: [true, false], candidates: [true, undefined], backend: ["cpu", "auto", undefined] },
};

it("sample() draws one of the kept candidates of each row, or refuses", () => {
  let answered = 0;
  return fuzz("sample()", 3000, fc.tuple(inputs, options(SAMPLE_OPTIONS)), async (drawn) => {
    const [x, given] = make(drawn) as unknown[];
    const outcome = await outcomeOf(() => sample(x as Float32Array, given as SampleOptions));
    if ("error" in outcome) return;
    answered += 1;
    const { tokens, candidates, dims, backend } = outcome.value;
    expect([backend, tokens.length]).toEqual(["cpu", dims.reduce((product, dim) => product * dim, 1)]);
    if (candidates === undefined) return;
    const k = candidates.indices.length / tokens.length;
    for (const [row, token] of tokens.entries()) {
      const kept = candidates.indices.subarray(row * k, row * k + candidates.kept[row]!);
      expect(kept.length === 0 ? token === -1 : kept.includes(token)).toBe(true);
    }
  }).then(() => expect(answered).toBeGreaterThan(0));
});

it("open() and isAvailable() give a device, an answer or a coded error", () =>
  fuzz("open()", 300, fc.tuple(options({ device: [0, 1], backend: ["cpu", "cpu", "cuda"] }), hostile), async (drawn) => {
    const [given, backend] = make(drawn) as unknown[];
    const opened = await outcomeOf(() => open(given as object));
    if ("value" in opened) opened.value.dispose();
    await outcomeOf(() => isAvailable(backend as "cpu"));
  }));
