import { expect, it } from "vitest";
import { DRAWN, drawnWorkloads, MOST_ELEMENTS } from "../../bench/drawn.ts";

it("draws distinct shapes over the whole ranges, the first ones whatever the count", () => {
  const drawn = drawnWorkloads(400, 7);
  expect(drawnWorkloads(30, 7)).toEqual(drawn.slice(0, 30));
  expect(drawnWorkloads(30, 8)).not.toEqual(drawn.slice(0, 30));
  expect(new Set(drawn.map(({ rows, cols, k, dtype }) => [rows, cols, k, dtype].join())).size).toBe(400);
  for (const side of ["rows", "cols", "k"] as const) {
    const [least, most] = DRAWN[side];
    const places = drawn.map((workload) => Math.log2(workload[side] / least) / Math.log2(most / least));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...places)).toBeLessThanOrEqual(1);
    // no half of the range is left out
    for (const half of [0, 1]) expect(places.filter((place) => Math.floor(2 * place) === half).length).toBeGreaterThan(80);
  }
  for (const { rows, cols, k } of drawn) {
    expect(rows * cols).toBeLessThanOrEqual(MOST_ELEMENTS);
    expect(k).toBeLessThanOrEqual(cols);
  }
  expect(new Set(drawn.map(({ dtype }) => dtype)).size).toBe(3);
});
