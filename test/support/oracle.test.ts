import { expect, test } from "vitest";
import { oracleBits, oracleKey, oracleTopk, rawBits } from "./oracle.ts";
import { allPatterns, EDGE_F32, precedes } from "./prose-order.ts";

const DTYPES = ["f16", "bf16"] as const;
const ORDERS = ["largest", "smallest"] as const;

for (const dtype of DTYPES) {
  for (const order of ORDERS) {
    test(`${dtype} ${order}: keys are a bijection on all 65,536 patterns, and decode to them`, () => {
      const keys = new Set<number>();
      for (let bits = 0; bits < 65536; bits++) {
        const key = oracleKey(bits, dtype, order);
        if (!Number.isInteger(key) || key < 0 || key > 0xffff) expect.fail(`pattern ${bits.toString(16)} has key ${key}`);
        if (oracleBits(key, dtype, order) !== bits) expect.fail(`pattern ${bits.toString(16)} has key ${key.toString(16)}, which decodes to another pattern`);
        keys.add(key);
      }
      expect(keys.size).toBe(65536);
    });

    test(`${dtype} ${order}: the order of all 65,536 patterns is that of the prose`, () => {
      const { values, indices } = oracleTopk({ data: allPatterns(), rows: 1, cols: 65536, k: 65536, dtype, order });
      expect(values).toEqual(Uint16Array.from(indices));
      // each precedes its neighbour strictly; an order is transitive, so this is the whole of it
      for (let place = 1; place < 65536; place++) {
        const [first, second] = [values[place - 1]!, values[place]!];
        if (!precedes(first, second, dtype, order)) expect.fail(`${first.toString(16)} stands before ${second.toString(16)}`);
        if (precedes(second, first, dtype, order)) expect.fail(`${first.toString(16)} and ${second.toString(16)} precede each other`);
      }
    });
  }
}

test("f32: every pair of edge patterns stands as the prose has it, and decodes", () => {
  for (const order of ORDERS) {
    for (const a of EDGE_F32) {
      expect(oracleBits(oracleKey(a, "f32", order), "f32", order)).toBe(a);
      for (const b of EDGE_F32) {
        const byKey = oracleKey(a, "f32", order) > oracleKey(b, "f32", order);
        if (byKey !== precedes(a, b, "f32", order)) expect.fail(`${order}: ${a.toString(16)} against ${b.toString(16)}`);
      }
    }
  }
});

test("the least key is -inf for largest and the greatest negative NaN for smallest", () => {
  expect(oracleBits(0, "f32")).toBe(0xff800000);
  expect(oracleBits(0, "bf16")).toBe(0xff80);
  expect(oracleBits(0, "f16")).toBe(0xfc00);
  expect(oracleBits(0, "bf16", "smallest")).toBe(0xff81);
});

test("largest and smallest by hand, ties to the smaller index in both", () => {
  const data = Float32Array.of(1, 3, 3, -2, Number.NaN, 1, -2);
  const largest = oracleTopk({ data, rows: 1, cols: 7, k: 5, dtype: "f32" });
  expect([...largest.indices]).toEqual([4, 1, 2, 0, 5]);
  const smallest = oracleTopk({ data, rows: 1, cols: 7, k: 7, dtype: "f32", order: "smallest" });
  expect([...smallest.indices]).toEqual([3, 6, 0, 5, 1, 2, 4]);
});

test("zeros: -0 ranks below +0, and keeps its sign in the answer", () => {
  const { values, indices } = oracleTopk({ data: Float32Array.of(-0, 0, -0), rows: 1, cols: 3, k: 3, dtype: "f32" });
  expect([...indices]).toEqual([1, 0, 2]);
  expect([...values].map((value) => Object.is(value, -0))).toEqual([false, true, true]);
});

test("NaN payloads survive bit for bit", () => {
  const data = new Float32Array(3);
  rawBits(data).set([0x7f800001, 0xffabcdef, 0x7fc12345]);
  const { values, indices } = oracleTopk({ data, rows: 1, cols: 3, k: 3, dtype: "f32" });
  expect([...rawBits(values)]).toEqual([0xffabcdef, 0x7fc12345, 0x7f800001]);
  expect([...indices]).toEqual([1, 2, 0]);
});

test("lengths are clamped; places beyond them hold index -1 and the least value of the order", () => {
  const data = Uint16Array.of(0x3f80, 0x4000, 0x4040, 0x7fff, 0x3f80, 0x4000, 0x4040, 0x7fff, 0x3f80, 0x4000, 0x4040, 0x7fff, 0x3f80, 0x4000, 0x4040);
  const lengths = Int32Array.of(2, -7, 99, 0);
  const job = { data, rows: 4, cols: 3, k: 2, rowStride: 4, dtype: "bf16", lengths } as const;
  expect([...oracleTopk(job).indices]).toEqual([1, 0, -1, -1, 2, 1, -1, -1]);
  expect([...oracleTopk(job).values]).toEqual([0x4000, 0x3f80, 0xff80, 0xff80, 0x4040, 0x4000, 0xff80, 0xff80]);
  expect([...oracleTopk({ ...job, order: "smallest" }).values]).toEqual([0x3f80, 0x4000, 0x7f80, 0x7f80, 0x3f80, 0x4000, 0x7f80, 0x7f80]);
});

test("no rows give an empty answer", () => {
  expect(oracleTopk({ data: new Float32Array(0), rows: 0, cols: 8, k: 3, dtype: "f32" }).indices.length).toBe(0);
});

test("jobs that the contract refuses are refused", () => {
  const data = new Float32Array(8);
  const job = { data, rows: 2, cols: 4, k: 2, dtype: "f32" } as const;
  expect(() => oracleTopk({ ...job, k: 5 })).toThrow("k is 5");
  expect(() => oracleTopk({ ...job, k: 0 })).toThrow("k is 0");
  expect(() => oracleTopk({ ...job, rowStride: 3 })).toThrow("rowStride is 3");
  expect(() => oracleTopk({ ...job, rows: 3 })).toThrow("do not hold 3 rows");
  expect(() => oracleTopk({ ...job, dtype: "bf16" })).toThrow("does not go with");
  expect(() => oracleTopk({ ...job, lengths: Int32Array.of(1) })).toThrow("1 lengths for 2 rows");
});
