/** sample(): its arguments, its edges, and on the CPU and the emulator the oracle's bits and the softmax's frequencies. */
import { describe, expect, it } from "vitest";
import { random } from "../../bench/random.ts";
import { toBf16, toF16, toNumber } from "../../dsl/rounding.ts";
import { type Dtype, type HostArray, type SampleOptions, sample } from "../../runtime/index.ts";
import { CHI_SQUARE_LIMIT, chiSquare, softmax } from "../support/chi-square.ts";
import { oracleTopk } from "../support/oracle.ts";
import { differenceOfSamples, expectedSample } from "../support/sample-rows.ts";
import "../support/compiled-cache.ts";
import { failsWith } from "./fails-with.ts";

const BACKENDS = ["cpu", "emulate"] as const;
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const ROUND = { f32: Math.fround, f16: toF16, bf16: toBf16 };

function normals(dtype: Dtype, length: number, seed: number, scale = 1): HostArray {
  const source = random(seed, 0);
  const elements = Array.from({ length }, () => ROUND[dtype](source.normal() * scale));
  return dtype === "f32" ? Float32Array.from(elements) : Uint16Array.from(elements);
}

describe.each(BACKENDS)("on %s", { timeout: 120_000 }, (backend) => {
  it.each([
    ["f32", 7, 300, 40],
    ["bf16", 5, 9000, 50],
    ["f16", 3, 5003, 200],
    ["f32", 2, 700, 700],
    ["bf16", 1, 50304, 50],
  ] as const)("draws what the oracle draws: %s, %i x %i, k %i", async (dtype, rows, cols, k) => {
    const x = normals(dtype, rows * cols, rows, 2);
    const source = random(rows, 1);
    const parameters = {
      temperature: Float32Array.from({ length: rows }, () => [0, 0.5, 1, 2][source.below(4)]!),
      topP: Float32Array.from({ length: rows }, () => [1, 0.9, 0.3][source.below(3)]!),
      minP: Float32Array.from({ length: rows }, () => [0, 0.1][source.below(2)]!),
    };
    const offsets = BigUint64Array.from({ length: rows }, (_, row) => 2n ** 64n - 2n + BigInt(row));
    const drawn = await sample(x, { rows, k, dtype, backend, seed: 12n, offset: offsets[0]!, ...parameters, logprobs: true, candidates: true });
    expect([drawn.backend, drawn.dims]).toEqual([backend, [rows]]);
    const { values, indices } = oracleTopk({ data: x, rows, cols, k, dtype });
    const seeds = new BigUint64Array(rows).fill(12n);
    const { candidates } = drawn;
    expect(candidates!.indices).toEqual(indices);
    const answer = { tokens: drawn.tokens, logprobs: drawn.logprobs!, kept: candidates!.kept, candidateLogprobs: candidates!.logprobs };
    expect(differenceOfSamples(answer, expectedSample({ rows, k, dtype, values, indices, ...parameters, seeds, offsets }))).toBeUndefined();
  });

  it("gives a row the same token in any batch, and with arrays or numbers", async () => {
    const x = normals("bf16", 6 * 2000, 3);
    const whole = await sample(x, { rows: 6, k: 40, dtype: "bf16", backend, seed: 5, offset: 100 });
    for (const row of [0, 2, 5]) {
      const alone = await sample(x.subarray(row * 2000, (row + 1) * 2000), { k: 40, dtype: "bf16", backend, seed: 5n, offset: 100 + row });
      expect(alone.tokens).toEqual(whole.tokens.subarray(row, row + 1));
    }
    const arrays = { seed: new BigUint64Array(6).fill(5n), offset: BigUint64Array.from({ length: 6 }, (_, row) => 100n + BigInt(row)) };
    const ones = new Float32Array(6).fill(1);
    const spelled = await sample(x, { rows: 6, k: 40, dtype: "bf16", backend, ...arrays, temperature: ones, topP: ones, minP: 0 });
    expect(spelled.tokens).toEqual(whole.tokens);
    expect("logprobs" in spelled || "candidates" in spelled).toBe(false);
    expect((await sample(x, { rows: 6, k: 40, dtype: "bf16", backend, seed: 6, offset: 100 })).tokens).not.toEqual(whole.tokens);
  });

  it("keeps to the contract's table of cases", async () => {
    const one = (row: readonly number[], more: Partial<SampleOptions> = {}) =>
      sample(Float32Array.from(row), { k: row.length, seed: 1, backend, logprobs: true, candidates: true, ...more });
    const none = { tokens: Int32Array.of(-1), logprobs: Float32Array.of(nan) };
    expect(await one([-inf, -inf])).toMatchObject({ ...none, candidates: { kept: Int32Array.of(0) } });
    expect(await one([1, nan, 3])).toMatchObject(none);
    expect(await one([1, nan, 3], { temperature: 0 })).toMatchObject(none);
    expect(await one([-inf, -7, -inf])).toMatchObject({ tokens: Int32Array.of(1), logprobs: Float32Array.of(0), candidates: { kept: Int32Array.of(1) } });
    expect(await one([4, inf, 5])).toMatchObject({ tokens: Int32Array.of(1), logprobs: Float32Array.of(0) });
    expect(await one([2, 9, 9], { temperature: 0 })).toMatchObject({ tokens: Int32Array.of(1), logprobs: Float32Array.of(0) });
    expect(await one([2, 9, 9], { temperature: 1e-45 })).toMatchObject({ candidates: { kept: Int32Array.of(2) } });
    expect(await one([2, 9, 9], { topP: 0 })).toMatchObject({ tokens: Int32Array.of(1), candidates: { kept: Int32Array.of(1) } });
    expect(await one([2, 9, 9], { topP: 1 })).toMatchObject({ candidates: { kept: Int32Array.of(3) } });
    expect(await one([2, 9, 9], { minP: 1 })).toMatchObject({ candidates: { kept: Int32Array.of(2) } });
    expect(await one([2, 9, 9], { k: 1 })).toMatchObject({ tokens: Int32Array.of(1), logprobs: Float32Array.of(0) });
    const short = await sample(Float32Array.of(1, 2, 3, 4), { rows: 2, k: 2, lengths: Int32Array.of(1, 0), seed: 1, backend, candidates: true });
    expect(short).toMatchObject({ tokens: Int32Array.of(0, -1), candidates: { kept: Int32Array.of(1, 0), indices: Int32Array.of(0, -1, -1, -1) } });
  });

  it("takes tensors, no rows, and rows that lie apart", async () => {
    const data = Float32Array.of(0, 9, 7, 0, 0, 0, 0, 9);
    expect(await sample({ data, dims: [2, 1, 4] }, { k: 1, seed: 0, backend })).toEqual({ tokens: Int32Array.of(1, 3), dims: [2, 1], backend });
    expect((await sample(data, { rows: 2, cols: 2, rowStride: 4, k: 1, seed: 0, backend })).tokens).toEqual(Int32Array.of(1, 0));
    expect((await sample(new Float32Array(0), { rows: 0, cols: 4, k: 2, seed: 0, backend })).tokens).toEqual(new Int32Array(0));
  });

  // a batch of rows that are alike draws at the offsets 0 .. rows - 1
  it.each([
    [4, 1, 1n],
    [10, 0.7, 2n],
    [20, 1.5, 3n],
  ])("%i candidates at temperature %d follow the softmax", async (k, temperature, seed) => {
    const rows = backend === "cpu" ? 200_000 : 4_000;
    const logits = Array.from(normals("bf16", k, Number(seed)));
    const x = new Uint16Array(rows * k);
    for (let row = 0; row < rows; row++) x.set(logits, row * k);
    const { tokens } = await sample(x, { rows, k, dtype: "bf16", temperature, seed, backend });
    const counts = new Array<number>(k).fill(0);
    for (const token of tokens) counts[token]! += 1;
    const values = logits.map((bits) => toNumber("bf16", bits));
    expect(chiSquare(counts, softmax(values, temperature))).toBeLessThan(CHI_SQUARE_LIMIT[k - 1]!);
    // and not another temperature's
    if (backend === "cpu") expect(chiSquare(counts, softmax(values, temperature * 1.05))).toBeGreaterThan(CHI_SQUARE_LIMIT[k - 1]!);
  });
});

describe("refuses", () => {
  // biome-ignore lint/suspicious/noExplicitAny: wrong arguments are the subject
  const loosely = sample as any;
  const x = Float32Array.of(1, 2, 3, 4);

  it.each<[string, object, RegExp]>([
    ["temperature", { temperature: -1 }, /temperature is -1; it is a finite f32 >= 0/],
    ["temperature", { temperature: 1e39 }, /temperature is 1e\+39/],
    ["temperature", { temperature: "1" }, /temperature is "1"/],
    ["temperature", { temperature: Float32Array.of(1) }, /temperature has 1 entries; .* a Float32Array of 2, one a row/],
    ["temperature", { temperature: Float32Array.of(1, nan) }, /temperature\[1\] is NaN/],
    ["topP", { topP: 1.5 }, /topP is 1.5; it is a number from 0 to 1/],
    ["topP", { topP: Float32Array.of(0, -1) }, /topP\[1\] is -1/],
    ["minP", { minP: nan }, /minP is NaN/],
    ["no seed", { seed: undefined }, /seed is undefined; it is an integer from 0 to 2\^64-1/],
    ["seed", { seed: -1 }, /seed is -1/],
    ["seed", { seed: 0.5 }, /seed is 0.5/],
    ["seed", { seed: 2 ** 53 }, /seed is 9007199254740992/],
    ["seed", { seed: 2n ** 64n }, /seed is 18446744073709551616n/],
    ["seed", { seed: new BigUint64Array(3) }, /seed has 3 entries/],
    ["offset", { offset: Float32Array.of(1, 2) }, /offset is a Float32Array/],
  ])("%s", (_, options, message) => failsWith("TK116", () => loosely(x, { rows: 2, k: 1, seed: 0, backend: "cpu", ...options }), message));

  it("what topk() refuses, and options that it has none of", async () => {
    await failsWith("TK105", () => loosely(x, { k: 5, seed: 0 }), /k is 5/);
    await failsWith("TK102", () => loosely("x", { k: 1, seed: 0 }), /x is "x"/);
    await failsWith("TK101", () => loosely(x, { k: 1, seed: 0, order: "smallest" }), /sample\(\) has no option "order"/);
    await failsWith("TK101", () => loosely(x, { k: 1, seed: 0, logprobs: 1 }), /logprobs is 1; give true or false/);
    await failsWith("TK101", () => loosely(x, undefined), /the options of sample\(\) are undefined/);
    await failsWith(
      "TK109",
      () => {
        const gone = new Float32Array(2);
        structuredClone(gone.buffer, { transfer: [gone.buffer] });
        return loosely(x, { rows: 2, k: 1, seed: 0, topP: gone });
      },
      /the buffer of topP was detached/,
    );
  });
});
