import { expect, it } from "vitest";
import { cover } from "../../bench/autotune/cover.ts";

const times = (of: Record<string, number>): Map<string, number> => new Map(Object.entries(of));

it("takes the fewest choices that serve the requests nearly as well as their bests", () => {
  const requests = [times({ a: 10, b: 10.1, c: 30 }), times({ b: 5.1, c: 5 }), times({ c: 7, d: 6.95 }), times({ e: 1, b: 1.5 })];
  // a greedy search: b, which gains most, stays when better ones have come
  expect(cover(requests, 0)[0]).toBe("b");
  expect(cover(requests, 0).toSorted()).toEqual(["a", "b", "c", "d", "e"]);
  expect(cover(requests, 0.01).toSorted()).toEqual(["b", "c", "e"]);
  expect(cover(requests, 0.2).toSorted()).toEqual(["b", "c"]);
  expect(cover([...requests].reverse(), 0.01)).toEqual(cover(requests, 0.01));
  expect(cover([], 0.01)).toEqual([]);
});
