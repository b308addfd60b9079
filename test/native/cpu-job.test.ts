/** Malformed jobs are refused before anything is read; buffers that vanish are noticed. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { addon } from "../../native/index.ts";
import type { CpuTopkJob } from "../../native/types.ts";
import { jobOf } from "./cpu-job.ts";

const good = (): CpuTopkJob => jobOf({ data: new Float32Array(30), dtype: "f32", rows: 3, cols: 10, k: 4, lengths: new Int32Array(3) });

const refused = (change: Record<string, unknown>, message: RegExp): Promise<void> =>
  expect(addon().cpuTopk({ ...good(), ...change } as CpuTopkJob)).rejects.toMatchObject({ code: "TK_ARGUMENT", message: expect.stringMatching(message) });

test("the job that the others are made from is good", () => expect(addon().cpuTopk(good())).resolves.toBeUndefined());

describe("numbers", () => {
  test.each([
    ["k", 0, /k is 0; allowed: an integer from 1 to 10/],
    ["k", 11, /k is 11; allowed: an integer from 1 to 10/],
    ["k", 1.5, /k is 1.5/],
    ["k", Number.NaN, /k is NaN/],
    ["k", "4", /k is the string "4"/],
    ["k", undefined, /k is undefined/],
    ["rows", -1, /rows is -1; allowed: an integer from 0 to 2147483647/],
    ["rows", 2 ** 31, /rows is 2147483648/],
    ["cols", 0, /cols is 0; allowed: an integer from 1 to 2147483647/],
    ["cols", 2 ** 31, /cols is 2147483648/],
    ["rowStride", 9, /rowStride is 9; allowed: an integer from 10 to/],
    ["rowStride", Number.POSITIVE_INFINITY, /rowStride is Infinity/],
    ["indexBytes", 2, /indexBytes is 2/],
    ["indexBytes", 6, /indexBytes is 6; allowed: 4, 8/],
    ["threads", -1, /threads is -1; allowed: an integer from 0 to 1024/],
    ["threads", 1025, /threads is 1025/],
    ["dtype", "f64", /dtype is "f64"; allowed: "f32", "f16", "bf16"/],
    ["dtype", 4, /dtype is not a string/],
    ["order", "up", /order is "up"; allowed: "largest", "smallest"/],
  ])("%s = %s", (name, value, message) => refused({ [name]: value }, message));

  test("rows * rowStride beyond 64 bits", () => refused({ rowStride: 2 ** 53 - 1, rows: 2 ** 31 - 1 }, /input has 120 bytes; it needs more than 2\^63 bytes/));
});

describe("buffers", () => {
  test.each([
    ["input", new Float32Array(29), /input has 116 bytes; it needs 120 bytes, \(\(rows - 1\) \* rowStride \+ cols\) elements of 4/],
    ["values", new Float32Array(11), /values has 44 bytes; it needs 48 bytes, rows \* k elements of 4/],
    ["indices", new Int32Array(11), /indices has 44 bytes; it needs 48 bytes, rows \* k indices of 4/],
    ["lengths", new Int32Array(2), /lengths has 8 bytes; it needs 12 bytes, rows integers of 4/],
    ["input", [1, 2, 3], /input/],
    ["input", null, /input is null; allowed: a typed array/],
    ["values", undefined, /values is undefined/],
    ["lengths", undefined, /lengths is undefined/],
    ["input", { pointer: 0n, bytes: 400 }, /input is the null pointer with 400 bytes/],
    ["input", { pointer: 16n, bytes: 12 }, /input has 12 bytes; it needs 120/],
    ["input", { pointer: -1n, bytes: 400 }, /input is -1n/],
    ["input", { pointer: 16, bytes: 400 }, /input is 16/],
    ["input", { pointer: 16n, bytes: -1 }, /input is -1/],
  ])("%s = %o", (name, value, message) => refused({ [name]: value }, message));

  test("int64 indices need twice the room", () => refused({ indexBytes: 8 }, /indices has 48 bytes; it needs 96/));

  test("a job that is no object", () => expect(addon().cpuTopk(7 as unknown as CpuTopkJob)).rejects.toMatchObject({ code: "TK_ARGUMENT" }));

  test("a getter that throws rejects with what it threw", async () => {
    const job = Object.defineProperty({ ...good() }, "values", {
      get: () => {
        throw new RangeError("mine");
      },
    });
    await expect(addon().cpuTopk(job)).rejects.toThrow("mine");
  });

  test("outputs that share memory with the input, the lengths or each other", async () => {
    const shared = new ArrayBuffer(120);
    const overlapping = /overlap in memory; pass buffers that lie apart/;
    await refused({ input: new Float32Array(shared), values: new Float32Array(shared, 72, 12) }, overlapping);
    await refused({ input: new Float32Array(shared), indices: new Int32Array(shared, 0, 12) }, overlapping);
    await refused({ values: new Float32Array(shared, 0, 12), indices: new Int32Array(shared, 44, 12) }, overlapping);
    await refused({ values: new Float32Array(shared, 0, 12), lengths: new Int32Array(shared, 8, 3) }, overlapping);
  });

  test("one array for inputs and outputs that lie apart in it", async () => {
    const shared = new ArrayBuffer(120 + 48 + 48);
    const input = new Float32Array(shared, 0, 30).map((_, at) => at % 7);
    new Float32Array(shared, 0, 30).set(input);
    await addon().cpuTopk({
      ...good(),
      lengths: null,
      input: new Float32Array(shared, 0, 30),
      values: new Float32Array(shared, 120, 12),
      indices: new Int32Array(shared, 168, 12),
    });
    expect([...new Int32Array(shared, 168, 4)]).toEqual([6, 5, 4, 3]);
  });
});

describe("detached buffers", () => {
  test.each(["input", "values", "indices", "lengths"] as const)("%s, before the call", async (name) => {
    const job = good();
    const { buffer } = job[name] as Float32Array;
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    await expect(addon().cpuTopk(job)).rejects.toMatchObject({ code: "TK_ARGUMENT", message: expect.stringMatching(`${name} is detached`) });
  });

  test("during the call: its new owner keeps the memory, and the promise says so", async () => {
    const job = good();
    const { buffer } = job.values as Float32Array;
    const promise = addon().cpuTopk(job);
    const kept = structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    await expect(promise).rejects.toMatchObject({ code: "TK_ARGUMENT", message: expect.stringMatching("values was detached during the top-k") });
    expect(kept.byteLength).toBe(48);
  });
});

test("an input that nobody else holds lives until the end", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const start = (): { done: Promise<void>; indices: Int32Array } => {
    const data = Float32Array.from({ length: 4_000_000 }, (_, at) => at % 1_000_000);
    const job = jobOf({ data, dtype: "f32", rows: 4, cols: 1_000_000, k: 2 });
    return { done: addon().cpuTopk(job), indices: job.indices as Int32Array };
  };
  const { done, indices } = start();
  for (let turn = 0; turn < 3; turn++) collect();
  await done;
  expect([...indices]).toEqual([999_999, 999_998, 999_999, 999_998, 999_999, 999_998, 999_999, 999_998]);
});

test("memory given by address", async () => {
  const memory = addon().allocateHost(120);
  const { buffer, byteOffset } = memory.bytesView;
  new Float32Array(buffer, byteOffset, 30).set(Array.from({ length: 30 }, (_, at) => (at % 10) * (at < 20 ? 1 : -1)));
  const job = { ...good(), lengths: null, input: { pointer: memory.pointer, bytes: 120 } };
  await addon().cpuTopk(job);
  expect([...(job.indices as Int32Array)]).toEqual([9, 8, 7, 6, 9, 8, 7, 6, 1, 2, 3, 4].map((col, at) => (at < 8 ? col : col - 1)));
  memory.close();
});
