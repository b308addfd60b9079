/** The addon's draw against the oracle, bit for bit; and jobs that it refuses. */
import { describe, expect, test } from "vitest";
import { random } from "../../bench/random.ts";
import { addon } from "../../native/index.ts";
import type { CpuSampleJob } from "../../native/types.ts";
import { differenceOfSamples, expectedSample, type SampleAnswer, type SampleRows, sampleRows } from "../support/sample-rows.ts";

/** A job with outputs of its own, full of what no answer is. */
function jobOf(given: SampleRows, threads = 0): CpuSampleJob & SampleAnswer {
  const { rows, k } = given;
  const dirt = new Uint8Array(rows * (k + 3) * 4).fill(0xcd).buffer;
  return {
    ...given,
    threads,
    tokens: new Int32Array(dirt, 0, rows),
    logprobs: new Float32Array(dirt, rows * 4, rows),
    kept: new Int32Array(dirt, rows * 8, rows),
    candidateLogprobs: new Float32Array(dirt, rows * 12, rows * k),
  };
}

describe("the oracle's bits", () => {
  test.each(["f32", "f16", "bf16"] as const)("%s, any k, parameters of every kind, one thread or all", async (dtype) => {
    const source = random(31, dtype.length);
    for (const [rows, k] of [
      [0, 5],
      [1, 1],
      [300, 1],
      [300, 2],
      [300, 50],
      [100, 200],
      [20, 1500],
    ] as const) {
      const given = sampleRows(source, { rows, k, dtype, invalid: true });
      const expected = expectedSample(given);
      for (const threads of [1, 0, 7]) {
        const job = jobOf(given, threads);
        await addon().cpuSample(job);
        expect(differenceOfSamples(job, expected)).toBeUndefined();
      }
    }
  });

  test("parameters that are null are 1, 1 and 0; outputs that are null are not written", async () => {
    const given = sampleRows(random(32, 0), { rows: 200, k: 20, dtype: "f32" });
    const plain = { ...given, temperature: new Float32Array(200).fill(1), topP: new Float32Array(200).fill(1), minP: new Float32Array(200) };
    const job = { ...jobOf(given), temperature: null, topP: null, minP: null };
    await addon().cpuSample(job);
    expect(differenceOfSamples(job, expectedSample(plain))).toBeUndefined();
    const tokens = new Int32Array(200);
    await addon().cpuSample({ ...job, tokens, logprobs: null, kept: null, candidateLogprobs: null });
    expect(tokens).toEqual(job.tokens);
  });

  test("a row draws the same whatever stands beside it", async () => {
    const given = sampleRows(random(33, 0), { rows: 50, k: 30, dtype: "bf16" });
    const whole = jobOf(given);
    await addon().cpuSample(whole);
    for (const row of [0, 7, 49]) {
      const own = <T extends { subarray(from: number, to: number): T }>(array: T, each = 1): T => array.subarray(row * each, (row + 1) * each);
      const { temperature, topP, minP, seeds, offsets } = given;
      const alone = jobOf({
        ...{ ...given, rows: 1, values: own(given.values as Uint16Array, 30), indices: own(given.indices, 30) },
        ...{ temperature: own(temperature), topP: own(topP), minP: own(minP), seeds: own(seeds), offsets: own(offsets) },
      });
      await addon().cpuSample(alone);
      expect([alone.tokens[0], alone.kept[0]]).toEqual([whole.tokens[row], whole.kept[row]]);
    }
  });
});

test("one bit in any answer is seen", () => {
  const expected = expectedSample(sampleRows(random(34, 0), { rows: 3, k: 4, dtype: "f32" }));
  for (const name of ["tokens", "logprobs", "kept", "candidateLogprobs"] as const) {
    const changed = structuredClone(expected);
    new Uint8Array(changed[name].buffer)[4]! ^= 1;
    expect(differenceOfSamples(changed, expected)).toMatch(new RegExp(`^${name}\\[1\\] is `));
  }
});

describe("refuses", () => {
  const good = (): CpuSampleJob => jobOf(sampleRows(random(1, 0), { rows: 3, k: 4, dtype: "f32" }));

  test.each([
    ["k", 0, /k is 0; allowed: an integer from 1/],
    ["rows", -1, /rows is -1/],
    ["rows", 4, /values has 48 bytes; it needs 64 bytes, rows \* k elements of 4/],
    ["dtype", "f64", /dtype is "f64"; allowed: "f32", "f16", "bf16"/],
    ["threads", 1025, /threads is 1025/],
    ["indices", new Int32Array(11), /indices has 44 bytes; it needs 48/],
    ["temperature", new Float32Array(2), /temperature has 8 bytes; it needs 12 bytes, rows numbers of 4/],
    ["seeds", new BigUint64Array(2), /seeds has 16 bytes; it needs 24 bytes, rows integers of 8/],
    ["seeds", null, /seeds is null/],
    ["tokens", new Int32Array(2), /tokens has 8 bytes; it needs 12/],
    ["candidateLogprobs", new Float32Array(11), /candidateLogprobs has 44 bytes; it needs 48/],
  ])("%s = %o", (name, value, message) =>
    expect(addon().cpuSample({ ...good(), [name]: value } as CpuSampleJob)).rejects.toMatchObject({
      code: "TK_ARGUMENT",
      message: expect.stringMatching(message),
    }),
  );

  test("outputs that share memory", async () => {
    const shared = new Int32Array(3);
    await expect(addon().cpuSample({ ...good(), tokens: shared, kept: shared })).rejects.toThrow(/overlap in memory/);
    await expect(addon().cpuSample({ ...good(), temperature: shared, tokens: shared })).rejects.toThrow(/overlap in memory/);
  });

  test("a buffer that is detached meanwhile", async () => {
    const job = good();
    const promise = addon().cpuSample(job);
    const { buffer } = job.tokens as Int32Array;
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    await expect(promise).rejects.toMatchObject({ code: "TK_ARGUMENT", message: expect.stringMatching("was detached during the sampling") });
  });
});
