import { describe, expect, it } from "vitest";
import { geometricMean, noise, quantile, summarize } from "../../bench/statistics.ts";

describe("summarize", () => {
  it("has the middle sample of an odd number, the mean of the middle two of an even one", () => {
    expect(summarize([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(summarize([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });
  it("leaves its input as it is, and refuses none", () => {
    const samples = [2, 1];
    summarize(samples);
    expect(samples).toEqual([2, 1]);
    expect(() => summarize([])).toThrow(RangeError);
  });
});

it("gives quantiles that are samples: the least that a part of them does not exceed", () => {
  const samples = [5, 1, 4, 2, 3];
  expect([0, 0.2, 0.5, 0.75, 0.8, 0.9, 1].map((part) => quantile(samples, part))).toEqual([1, 1, 3, 4, 4, 5, 5]);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

it("gives noise as the spread over the median", () => {
  expect(noise({ median: 10, min: 9, max: 12 })).toBeCloseTo(0.3);
  expect(noise({ median: 0, min: 0, max: 0 })).toBe(0);
});

it("gives geometric means", () => {
  expect(geometricMean([1, 100])).toBeCloseTo(10);
  expect(() => geometricMean([])).toThrow(RangeError);
});
