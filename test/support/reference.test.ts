import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { rawBits, referenceTopk } from "../../bench/reference.ts";
import { DISTRIBUTIONS, makeInput } from "../../bench/workloads.ts";
import { oracleTopk } from "./oracle.ts";
import { allPatterns, EDGE_F32 } from "./prose-order.ts";

// all 65,536 patterns through the oracle take seconds on a busy machine
vi.setConfig({ testTimeout: 60_000 });

const dtypes = fc.constantFrom("f32", "f16", "bf16");
const orders = fc.constantFrom("largest", "smallest");

type Job = Parameters<typeof oracleTopk>[0];

function expectSame(job: Job): void {
  const [expected, actual] = [oracleTopk(job), referenceTopk(job)];
  expect(actual.indices).toEqual(expected.indices);
  expect(rawBits(actual.values)).toEqual(rawBits(expected.values));
}

/** Few patterns, so that ties are the rule, and all the places where the order changes its ways. */
const element = (dtype: "f32" | "f16" | "bf16"): fc.Arbitrary<number> =>
  dtype === "f32"
    ? fc.oneof(fc.constantFrom(...EDGE_F32), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
    : fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.constantFrom(0, 0x8000, 0x7f80, 0xff80, 0x7c00, 0xfc00, 0xffff));

const jobs = fc
  .record({ dtype: dtypes, order: orders, rows: fc.integer({ min: 0, max: 4 }), cols: fc.integer({ min: 1, max: 40 }), gap: fc.integer({ min: 0, max: 3 }) })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      bits: fc.array(element(shape.dtype), { minLength: shape.rows * (shape.cols + shape.gap), maxLength: shape.rows * (shape.cols + shape.gap) }),
      k: fc.integer({ min: 1, max: shape.cols }),
      lengths: fc.option(fc.array(fc.integer({ min: -3, max: 45 }), { minLength: shape.rows, maxLength: shape.rows })),
    }),
  );

test("the reference is the oracle, for any bits, strides and lengths", () => {
  fc.assert(
    fc.property(jobs, ({ shape: { dtype, order, rows, cols, gap }, bits, k, lengths }) => {
      const data = dtype === "f32" ? new Float32Array(Uint32Array.from(bits).buffer) : Uint16Array.from(bits);
      expectSame({ data, rows, cols, k, rowStride: cols + gap, dtype, order, ...(lengths && { lengths: Int32Array.from(lengths) }) });
    }),
    { numRuns: 500 },
  );
});

test("the reference is the oracle on rows long enough to be reduced, of every distribution", () => {
  for (const dist of DISTRIBUTIONS) {
    for (const [dtype, order] of [
      ["f32", "largest"],
      ["bf16", "smallest"],
      ["f16", "largest"],
    ] as const) {
      const shape = { rows: 2, cols: 9001, k: 70, dtype };
      expectSame({ ...shape, data: makeInput({ ...shape, dist, seed: 5 }), order });
    }
  }
});

test("the reference is the oracle on all 65,536 patterns, whole and in part", () => {
  for (const dtype of ["f16", "bf16"] as const) {
    for (const order of ["largest", "smallest"] as const) {
      for (const k of [300, 65536]) expectSame({ data: allPatterns(), rows: 1, cols: 65536, k, dtype, order });
    }
  }
});

test("jobs that the contract refuses are refused", () => {
  const job = { data: new Float32Array(8), rows: 2, cols: 4, k: 2, dtype: "f32" } as const;
  expect(() => referenceTopk({ ...job, k: 5 })).toThrow("k is 5");
  expect(() => referenceTopk({ ...job, k: Number.NaN })).toThrow("k is NaN");
  expect(() => referenceTopk({ ...job, rowStride: 3 })).toThrow("rowStride is 3");
  expect(() => referenceTopk({ ...job, rows: 3 })).toThrow("do not hold 3 rows");
  expect(() => referenceTopk({ ...job, dtype: "bf16" })).toThrow("does not go with");
  expect(() => referenceTopk({ ...job, lengths: Int32Array.of(1) })).toThrow("1 lengths for 2 rows");
});
