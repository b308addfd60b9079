import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { brokenRule, contextOf, plans, resolve, wideStream } from "../../dsl/index.ts";
import { request, requests } from "./arbitrary.ts";

const plan = plans.find(({ name }) => name === "wide_select")!;
const shapeOf = (asked: Parameters<typeof request>[0], config = {}) => plan.shape(request(asked), { ...plan.untuned({}, request(asked)), ...config });
const isPow2 = (value: number): boolean => Number.isInteger(Math.log2(value));

describe("how a row is sampled and shared", () => {
  test("delegates cover k, groups are powers of two of a warp's threads, and no more blocks stream than run at once", () => {
    fc.assert(
      fc.property(requests, (asked) => {
        fc.pre(resolve(plan, asked).ok);
        const { samplers, groups, sampleSlots, parts } = plan.shape(asked, plan.untuned({}, asked)) as Record<string, number>;
        expect([samplers, groups, sampleSlots].map((value) => isPow2(value!))).toEqual([true, true, true]);
        expect(groups).toBeGreaterThanOrEqual(2 * asked.k);
        expect(256 * samplers!).toBeGreaterThanOrEqual(groups!);
        // no group is of two warps
        expect(8 * samplers!).toBeLessThanOrEqual(groups!);
        expect(asked.rows * parts!).toBeLessThanOrEqual(Math.max(132, asked.rows));
      }),
      { numRuns: 1000 },
    );
  });

  test("a sample grows with the square root of cols x k, up to sixteen slots a thread", () => {
    const sample = (cols: number, k: number, dtype: "f32" | "bf16" = "f32") => {
      const { samplers, groups, sampleSlots } = shapeOf({ rows: 1, cols, k, dtype });
      return [samplers, groups, sampleSlots];
    };
    expect(sample(4097, 1)).toEqual([1, 256, 4]);
    expect(sample(65536, 64)).toEqual([16, 512, 8]);
    expect(sample(2 ** 20, 256)).toEqual([256, 2048, 4]);
    expect(sample(2 ** 24, 256, "bf16")).toEqual([256, 2048, 8]);
    expect(sample(2 ** 28, 256)).toEqual([256, 2048, 16]);
    // a delegate a warp at least, though eight times k are fewer
    expect(sample(2 ** 22, 1)).toEqual([128, 1024, 1]);
    expect(sample(2 ** 28, 2048)).toEqual([256, 4096, 16]);
  });

  test("rows share the blocks", () => {
    const shares = (rows: number, cols = 2 ** 20) => {
      const { samplers, parts } = shapeOf({ rows, cols, k: 32 });
      return [samplers, parts];
    };
    expect([1, 2, 3, 16, 132, 133, 5000].map((rows) => shares(rows))).toEqual([
      [128, 132],
      [128, 66],
      [64, 44],
      [16, 8],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    // a part has 4096 columns at least
    expect(shares(1, 4097)[1]).toBe(2);
    expect(shapeOf({ rows: 2, cols: 2 ** 20, k: 32 }, { streamers: 264 }).parts).toBe(132);
  });
});

describe("wide_stream", () => {
  const stream = (k: number, candidates: number, warps = 32, vectors = 4) => {
    const context = contextOf(wideStream, { dtype: "bf16", order: "largest", warps, vectors, candidates });
    return brokenRule(wideStream, context, { rows: 1, cols: 10 ** 6, k, rowStride: 10 ** 6, indexBytes: 4, groups: 4096, parts: 132 });
  };

  test("every k has room beside it for a warp's step, and to be sorted", () => {
    expect([1, 1024, 2048].map((k) => stream(k, 4096))).toEqual([undefined, undefined, undefined]);
  });

  test("workspace: a sorted list of k words a block, and a ticket a row that is zero between runs", () => {
    const resolution = resolve(plan, request({ rows: 2, cols: 2 ** 20, k: 100 }));
    if (!resolution.ok) throw new Error(resolution.reason);
    const { workspace, stages } = resolution.resolved;
    expect(workspace.map(({ name, bytes, zeroed }) => [name, bytes, zeroed])).toEqual([
      ["delegates", 2 * 1024 * 8, false],
      ["tickets", 2 * 4, true],
      ["words", 2 * 66 * 100 * 8, false],
    ]);
    expect(stages.map(({ launch }) => [launch.grid, launch.block])).toEqual([
      [2 * 128, 256],
      [2 * 66, 512],
    ]);
  });

  test("refuses short rows and k beyond its delegates, by name", () => {
    const refusal = (cols: number, k: number) => {
      const resolution = resolve(plan, request({ rows: 1, cols, k }));
      return resolution.ok ? undefined : resolution.reason;
    };
    expect([refusal(4097, 2048), refusal(2 ** 31 - 1, 1)]).toEqual([undefined, undefined]);
    expect(refusal(4096, 1)).toBe("wide_sample: a row has more than 4096 columns: a block holds fewer");
    expect(refusal(4097, 2049)).toBe("wide_sample: k is at most 2048");
  });
});
