import { expect, test } from "vitest";
import { combinations, oneOf, pow2 } from "../../dsl/index.ts";

test("oneOf keeps its values in order, frozen", () => {
  const domain = oneOf(4, 2, 8);
  expect(domain.values).toEqual([4, 2, 8]);
  expect(() => (domain.values as number[]).push(1)).toThrow(TypeError);
});

test("pow2 counts both bounds", () => {
  expect(pow2(1, 1).values).toEqual([1]);
  expect(pow2(32, 1024).values).toEqual([32, 64, 128, 256, 512, 1024]);
});

test.each([
  [0, 8, "0 is not a power of two"],
  [0.5, 8, "0.5 is not a power of two"],
  [3, 8, "3 is not a power of two"],
  [4, 12, "12 is not a power of two"],
  [-4, 8, "-4 is not a power of two"],
  [Number.NaN, 8, "NaN is not a power of two"],
  [16, 8, "the lower bound is above the upper one"],
])("pow2(%d, %d) is refused", (lo, hi, message) => expect(() => pow2(lo, hi)).toThrow(message));

test("combinations turn the last domain fastest, and are each given once", () => {
  const all = [...combinations({ a: oneOf("x", "y"), b: oneOf(1, 2, 3) })];
  expect(all.map(({ a, b }) => `${a}${b}`)).toEqual(["x1", "x2", "x3", "y1", "y2", "y3"]);
  expect(new Set(all).size).toBe(6);
});

test("no domains have one combination: the empty one", () => expect([...combinations({})]).toEqual([{}]));
