/** The CPU top-k against the oracle: orders, dtypes, shapes, layouts. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeInput } from "../../bench/workloads.ts";
import { addon } from "../../native/index.ts";
import { oracleTopk, rawBits } from "../support/oracle.ts";
import { elements, expectExact, expectSame, jobOf } from "./cpu-job.ts";

const DTYPES = ["f32", "f16", "bf16"] as const;
const ORDERS = ["largest", "smallest"] as const;
const NANS = {
  f32: [0x7f800001, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffc00000, 0xffffffff],
  f16: [0x7c01, 0x7fff, 0xfc01, 0xffff],
  bf16: [0x7f81, 0x7fff, 0xff81, 0xffff],
};
const SPECIAL = {
  f32: [...NANS.f32, 0, 0x80000000, 1, 0x80000001, 0x7f800000, 0xff800000, 0x7f7fffff, 0xff7fffff, 0x3f800000],
  f16: [...NANS.f16, 0, 0x8000, 1, 0x8001, 0x7c00, 0xfc00, 0x7bff, 0xfbff, 0x3c00],
  bf16: [...NANS.bf16, 0, 0x8000, 1, 0x8001, 0x7f80, 0xff80, 0x7f7f, 0xff7f, 0x3f80],
};
/** A permutation of 0..65535 without a pattern that a filter could profit from. */
const scattered = Uint16Array.from({ length: 65536 }, (_, at) => Math.imul(at, 40503) & 0xffff);

describe("every 16-bit pattern in one row", () => {
  for (const dtype of ["f16", "bf16"] as const) {
    for (const order of ORDERS) {
      test.each([1, 50, 200, 5000, 65536])(`${dtype} ${order} k %i`, (k) => expectExact({ data: scattered, dtype, rows: 1, cols: 65536, k, order }));
    }
  }
});

describe("NaNs, infinities, zeros and denormals", () => {
  for (const dtype of DTYPES) {
    for (const order of ORDERS) {
      test(`${dtype} ${order}, each several times, whole and in part`, async () => {
        const bits = Array.from({ length: 5 * SPECIAL[dtype].length + 3 }, (_, at) => SPECIAL[dtype][(at * 7) % SPECIAL[dtype].length]!);
        for (const k of [1, 4, 20, bits.length]) await expectExact({ data: elements(dtype, bits), dtype, rows: 1, cols: bits.length, k, order });
      });
      test(`${dtype} ${order}, long rows of one NaN, of the lowest key and of the highest`, async () => {
        const patterns = [...NANS[dtype], ...elementsOfEnds(dtype)];
        for (const pattern of patterns) {
          const data = elements(dtype, new Array<number>(40000).fill(pattern));
          await expectExact({ data, dtype, rows: 1, cols: 40000, k: 70, order });
        }
      });
    }
  }
});

function elementsOfEnds(dtype: (typeof DTYPES)[number]): number[] {
  return dtype === "f32" ? [0x7f800000, 0xff800000] : dtype === "f16" ? [0x7c00, 0xfc00] : [0x7f80, 0xff80];
}

describe("distributions", () => {
  for (const dist of ["normal", "logprob", "equal", "few", "asc", "desc", "clustered", "ties", "bf16ramp", "spike"] as const) {
    for (const dtype of DTYPES) {
      test(`${dist} ${dtype}`, async () => {
        const data = makeInput({ rows: 3, cols: 50257, dtype, dist, k: 50 });
        for (const order of ORDERS) await expectExact({ data, dtype, rows: 3, cols: 50257, k: 50, order });
      });
    }
  }
});

describe("rows of one value, with a few late ones that are the next better or worse", () => {
  const one = { f32: 0x3f800000, f16: 0x3c00, bf16: 0x3f80 };
  for (const dtype of DTYPES) {
    test.each([1, 70, 400])(`${dtype} k %i`, async (k) => {
      const bits = new Array<number>(70000).fill(one[dtype]);
      for (let col = 20000; col < bits.length; col += 2999) bits[col] = one[dtype] + (col % 2 === 0 ? 1 : -1);
      for (const order of ORDERS) await expectExact({ data: elements(dtype, bits), dtype, rows: 1, cols: bits.length, k, order });
    });
  }
});

describe("shapes", () => {
  const lengths = [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 255, 257, 1000, 1023, 1025, 4095, 4097, 32767, 32768, 32769, 40000];
  test.each(lengths)("%i columns, k = 1, 2, half and all", async (cols) => {
    for (const dtype of DTYPES) {
      const data = makeInput({ rows: 2, cols, dtype, dist: "normal", seed: cols });
      for (const k of new Set([1, Math.min(2, cols), Math.ceil(cols / 2), cols])) await expectExact({ data, dtype, rows: 2, cols, k });
    }
  });

  test("no rows", () => expectExact({ data: new Float32Array(0), dtype: "f32", rows: 0, cols: 5, k: 5 }));

  test("70000 rows of 3", () =>
    expectExact({ data: makeInput({ rows: 70000, cols: 3, dtype: "bf16", dist: "few" }), dtype: "bf16", rows: 70000, cols: 3, k: 2 }));

  test("int64 indices", async () => {
    const data = makeInput({ rows: 5, cols: 300, dtype: "f32", dist: "few" });
    await expectExact({ data, dtype: "f32", rows: 5, cols: 300, k: 20, indexBytes: 8, lengths: Int32Array.of(300, 3, 0, 19, 20) });
  });

  test("lengths: negative, zero, short, all, more than there are", async () => {
    const lengths = Int32Array.of(-(2 ** 31), -1, 0, 1, 9, 10, 11, 399, 400, 401, 2 ** 31 - 1);
    for (const dtype of DTYPES) {
      const data = makeInput({ rows: lengths.length, cols: 400, dtype, dist: "normal" });
      for (const order of ORDERS) await expectExact({ data, dtype, rows: lengths.length, cols: 400, k: 10, order, lengths });
    }
  });

  test("what lies between rows and behind a length is never an answer", async () => {
    const data = makeInput({ rows: 4, cols: 1013, dtype: "bf16", dist: "normal" }) as Uint16Array;
    for (let row = 0; row < 4; row++) data.fill(0x7fff, row * 1013 + 1000, (row + 1) * 1013);
    await expectExact({ data, dtype: "bf16", rows: 4, cols: 1000, rowStride: 1013, k: 30 });
    await expectExact({ data, dtype: "bf16", rows: 4, cols: 1013, k: 30, lengths: Int32Array.of(1000, 1000, 500, 1000) });
  });
});

test("odd addresses, for inputs, outputs and lengths", async () => {
  const rows = 3;
  const cols = 5000;
  const k = 60;
  for (const dtype of DTYPES) {
    const data = makeInput({ rows, cols, dtype, dist: "normal" });
    const lengths = Int32Array.of(cols, 77, -4);
    const expected = oracleTopk({ data, dtype, rows, cols, k, lengths });
    const misplaced = (view: ArrayBufferView): DataView => {
      const moved = new Uint8Array(view.byteLength + 1);
      moved.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), 1);
      return new DataView(moved.buffer, 1);
    };
    const restored = (view: ArrayBufferView): ArrayBuffer => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;
    const job = jobOf({ data, dtype, rows, cols, k, lengths });
    const values = misplaced(job.values as ArrayBufferView);
    const indices = misplaced(job.indices as ArrayBufferView);
    // lengths are an Int32Array in the types; C++ takes any view of their bytes
    await addon().cpuTopk({ ...job, input: misplaced(data), values, indices, lengths: misplaced(lengths) as unknown as Int32Array });
    expectSame(new Int32Array(restored(indices)), expected.indices, "indices");
    expectSame(dtype === "f32" ? new Uint32Array(restored(values)) : new Uint16Array(restored(values)), rawBits(expected.values), "values");
  }
});

describe("threads", () => {
  const threads = [1, 2, 3, 4];

  test("many rows", () =>
    expectExact({ data: makeInput({ rows: 1500, cols: 700, dtype: "bf16", dist: "normal" }), dtype: "bf16", rows: 1500, cols: 700, k: 9, threads }));

  test.each(["normal", "few", "asc", "equal"] as const)("long rows that are split, %s", (dist) => {
    const data = makeInput({ rows: 2, cols: 600001, dtype: "f32", dist });
    return expectExact({ data, dtype: "f32", rows: 2, cols: 600001, k: 300, threads, lengths: Int32Array.of(600001, 290000) });
  });

  test("several jobs at once", async () => {
    const data = makeInput({ rows: 40, cols: 9000, dtype: "f16", dist: "normal" });
    await Promise.all(Array.from({ length: 6 }, (_, at) => expectExact({ data, dtype: "f16", rows: 40, cols: 9000, k: 20 + at, threads: [2] })));
  });
});

test("any small job", async () => {
  const job = fc
    .record({
      dtype: fc.constantFrom(...DTYPES),
      order: fc.constantFrom(...ORDERS),
      rows: fc.integer({ min: 1, max: 4 }),
      cols: fc.integer({ min: 1, max: 700 }),
    })
    .chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        k: fc.integer({ min: 1, max: shape.cols }),
        gap: fc.integer({ min: 0, max: 9 }),
        palette: fc.array(fc.oneof(fc.constantFrom(...SPECIAL[shape.dtype]), fc.integer({ min: 0, max: shape.dtype === "f32" ? 2 ** 32 - 1 : 65535 })), {
          minLength: 1,
          maxLength: 300,
        }),
        lengths: fc.option(fc.array(fc.integer({ min: -2, max: shape.cols + 2 }), { minLength: shape.rows, maxLength: shape.rows }), { nil: undefined }),
        threads: fc.integer({ min: 0, max: 4 }),
        step: fc.integer({ min: 1, max: 1000 }),
      }),
    );
  await fc.assert(
    fc.asyncProperty(job, ({ shape, k, gap, palette, lengths, threads, step }) => {
      const rowStride = shape.cols + gap;
      const data = elements(
        shape.dtype,
        Array.from({ length: shape.rows * rowStride }, (_, at) => palette[(at * step) % palette.length]!),
      );
      return expectExact({ ...shape, data, k, rowStride, threads: [threads], ...(lengths && { lengths: Int32Array.from(lengths) }) });
    }),
    { numRuns: 300 },
  );
});

test("the code for processors without AVX2 gives the same bits", () => {
  const program = fileURLToPath(new URL("cpu-checksum.ts", import.meta.url));
  const run = (isa: string): string =>
    execFileSync(process.execPath, ["--import", "tsx", program], { encoding: "utf8", env: { ...process.env, TOPKIT_CPU_ISA: isa } });
  const widest = run("");
  expect(widest).toMatch(/^[0-9a-f]{64}\n$/);
  expect(run("baseline")).toBe(widest);
});
