import fc from "fast-check";
import { expect, test } from "vitest";
import { ceilDiv, elementBytes, nextPow2, requestShape, roundUp, spanOf } from "../../dsl/index.ts";
import { request } from "./arbitrary.ts";

test("ceilDiv and roundUp are exact up to sizes past 2^32", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), fc.integer({ min: 1, max: 2 ** 31 }), (value, by) => {
      const exact = (BigInt(value) + BigInt(by) - 1n) / BigInt(by);
      expect(BigInt(ceilDiv(value, by))).toBe(exact);
      expect(BigInt(roundUp(value, by))).toBe(exact * BigInt(by));
    }),
  );
});

test("nextPow2 is the least power of two that is no less", () => {
  expect([0, 1, 2, 3, 4, 5, 4095, 4096, 4097, 2 ** 31 - 1].map(nextPow2)).toEqual([1, 1, 2, 4, 4, 8, 4096, 4096, 8192, 2 ** 31]);
});

test("bytes of each element", () => {
  expect(elementBytes("value", "f32", 4)).toBe(4);
  expect(elementBytes("value", "bf16", 8)).toBe(2);
  expect(elementBytes("index", "f16", 8)).toBe(8);
  expect(elementBytes("i32", "f16", 8)).toBe(4);
  expect(elementBytes("u32", "f16", 8)).toBe(4);
  expect(elementBytes("word", "f16", 4)).toBe(8);
});

test("the span of x ends with the last row's last element", () => {
  expect(spanOf({ rows: 0, cols: 5, rowStride: 8 })).toBe(0);
  expect(spanOf({ rows: 1, cols: 5, rowStride: 8 })).toBe(5);
  expect(spanOf({ rows: 3, cols: 5, rowStride: 8 })).toBe(21);
});

test("a request's shape is its numbers", () => {
  expect(requestShape(request({ rows: 3, cols: 5, k: 2, indexBytes: 8 }))).toEqual({ rows: 3, cols: 5, k: 2, rowStride: 5, indexBytes: 8 });
});
