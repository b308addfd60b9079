/** The plane through near values: exact where they lie on one, tame where they do not make one out. */
import { expect, test } from "vitest";
import { localFit, type Sample } from "../../runtime/local-fit.ts";

const sample = (offset: readonly number[], value: number): Sample => ({ offset, squaredDistance: offset.reduce((sum, each) => sum + each ** 2, 0), value });
/** Around the point, the nearest first. */
const around = (value: (offset: readonly number[]) => number): Sample[] =>
  [-1, 1, -2, 2, -3, 3]
    .flatMap((step) => [0, 1, 2].map((side) => [0, 0, 0].map((_, at) => (at === side ? step / 4 : 0))))
    .map((offset) => sample(offset, value(offset)));

test("what is the same everywhere is that here", () => {
  expect(localFit(around(() => 0.7))).toBeCloseTo(0.7, 12);
});

test("a plane that is seen from all sides is met", () => {
  expect(localFit(around(([rows, cols, k]) => 2 + rows! - 3 * cols! + 0.5 * k!))).toBeCloseTo(2, 12);
});

test("a slope that is seen from one side is gone on with, in part: nearer to what it leads to than the mean is", () => {
  const line = [0.5, 1, 1.5, 2, 2.5, 3].map((at) => sample([at, 0, 0], at));
  const mean = localFit(line.map(({ offset, ...each }) => ({ ...each, offset: offset.map(() => 0) })));
  const fitted = localFit(line);
  expect(fitted).toBeGreaterThan(0);
  expect(fitted).toBeLessThan(mean - 0.3);
});

test("one sample says what it says, however far away", () => {
  expect(localFit([sample([2, -1, 3], 0.25)])).toBeCloseTo(0.25, 1);
  expect(localFit([sample([0, 0, 0], -1.5)])).toBe(-1.5);
});

test("the nearer of two says more", () => {
  const near = sample([0.1, 0, 0], 0);
  const far = sample([-3, 0, 0], 1);
  expect(localFit([near, far])).toBeLessThan(0.5);
});
