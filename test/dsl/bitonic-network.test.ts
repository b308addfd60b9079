import fc from "fast-check";
import { expect, test } from "vitest";
import { bitonicNetwork } from "../../dsl/index.ts";

/** Runs a network as the declaration words it: positions with `position & size` zero sort downwards. */
function sortedBy(network: ReturnType<typeof bitonicNetwork>, values: readonly number[]): number[] {
  const out = [...values];
  for (const { size, stride } of network) {
    for (let position = 0; position < out.length; position++) {
      const partner = position ^ stride;
      if (partner < position) continue;
      const [a, b] = [out[position]!, out[partner]!];
      const downwards = (position & size) === 0;
      if (downwards ? a < b : a > b) [out[position], out[partner]] = [b, a];
    }
  }
  return out;
}

test.each([2, 4, 8, 16])("width %d sorts every sequence of zeros and ones, hence (Knuth's 0-1 principle) every sequence", (width) => {
  const network = bitonicNetwork(width, 2);
  for (let pattern = 0; pattern < 2 ** width; pattern++) {
    const bits = Array.from({ length: width }, (_, at) => (pattern >> at) & 1);
    expect(sortedBy(network, bits).join("")).toBe([...bits].sort((a, b) => b - a).join(""));
  }
});

test.each([64, 1024, 4096])("width %d sorts random numbers downwards", (width) => {
  const network = bitonicNetwork(width, 8);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: width, maxLength: width }), (values) => {
      expect(sortedBy(network, values)).toEqual([...values].sort((a, b) => b - a));
    }),
    { numRuns: 3 },
  );
});

test("a step says where partners meet: one thread's items, one warp's lanes, or the block", () => {
  const kinds = new Map(bitonicNetwork(1024, 4).map(({ stride, kind }) => [stride, kind]));
  expect([...kinds].sort(([a], [b]) => a - b)).toEqual([
    [1, "thread"],
    [2, "thread"],
    [4, "warp"],
    [8, "warp"],
    [16, "warp"],
    [32, "warp"],
    [64, "warp"],
    [128, "block"],
    [256, "block"],
    [512, "block"],
  ]);
});

test("a network of n positions has log n (log n + 1) / 2 steps", () => {
  for (const log of [1, 5, 12]) expect(bitonicNetwork(2 ** log, 2).length).toBe((log * (log + 1)) / 2);
});
