import { describe, expect, test } from "vitest";
import { bitonicBlock, chain, input, kernel, oneOf, output, pass, type Resolution, type ResolvedPlan, resolve, scratch, state } from "../../dsl/index.ts";
import { request } from "./arbitrary.ts";

const base = {
  ...bitonicBlock,
  tune: { warps: oneOf(1, 2) },
  accepts: {},
  where: {},
  derive: () => ({ threads: 32 }),
  ships: [{ warps: 1 }],
  search: undefined,
} as const;
const launchOf = (grid: number) => ({ grid, block: 32, cluster: 1, sharedBytes: 0 });

const count = kernel("count", {
  ...base,
  shape: ["rows", "cols", "parts"],
  buffers: { x: input("value"), found: output("u32"), tickets: state("u32") },
  extents: (_, { rows, cols, parts }) => ({ x: rows * cols, found: rows * parts, tickets: rows }),
  launch: (_, { rows, parts }) => launchOf(rows * parts),
  untuned: () => ({ warps: 1 }),
});
/** Not launched for the digits above the last. */
const sort = kernel("sort", {
  ...base,
  shape: ["rows", "k", "digit", "lastDigit"],
  buffers: { found: input("u32"), list: scratch("word") },
  where: { "digit 5 is never launched": (_, { digit }) => digit !== 5 },
  extents: (_, { rows, k }) => ({ found: rows * 3, list: rows * k }),
  launch: (_, { rows, digit, lastDigit }) => launchOf(digit <= lastDigit ? rows : 0),
  untuned: () => ({ warps: 1 }),
});
const emit = kernel("emit", {
  ...base,
  shape: ["rows", "k"],
  buffers: { list: input("word"), values: output("value"), indices: output("index") },
  extents: (_, { rows, k }) => ({ list: rows * k, values: rows * k, indices: rows * k }),
  launch: (_, { rows }) => launchOf(rows),
  untuned: () => ({ warps: 1 }),
});

const plan = chain("digits", [count, pass(sort, { digit: 0 }), pass(sort, { digit: 1 }), pass(sort, { digit: 5 }), emit], {
  tune: { lastDigit: oneOf(1, 0, 5) },
  untuned: () => ({ lastDigit: 1 }),
  shape: (_, { lastDigit }) => ({ parts: 3, lastDigit }),
});
const asked = request({ rows: 2, cols: 100, k: 10, dtype: "f32" });

function accepted(resolution: Resolution): ResolvedPlan {
  if (!resolution.ok) throw new Error(resolution.reason);
  return resolution.resolved;
}

describe("a chain", () => {
  test("launches its kernels in order, each pass with values of its own", () => {
    const { stages } = accepted(resolve(plan, asked));
    expect(stages.map((stage) => [stage.kernel.name, stage.arguments.find(({ name }) => name === "digit")])).toEqual([
      ["count", undefined],
      ["sort", { kind: "shape", name: "digit", value: 0 }],
      ["sort", { kind: "shape", name: "digit", value: 1 }],
      ["emit", undefined],
    ]);
  });

  test("leaves out what has no blocks, and asks it no rule", () => {
    const names = (lastDigit: number) => accepted(resolve(plan, asked, { force: { lastDigit } })).stages.map(({ kernel }) => kernel.name);
    expect(names(0)).toEqual(["count", "sort", "emit"]);
    expect(resolve(plan, asked, { force: { lastDigit: 5 } })).toEqual({ ok: false, reason: "sort: digit 5 is never launched" });
  });

  test("without rows is all of its kernels, with no blocks", () => {
    const { stages } = accepted(resolve(plan, { ...asked, rows: 0 }, { force: { lastDigit: 0 } }));
    expect(stages.map(({ launch }) => launch.grid)).toEqual([0, 0, 0, 0, 0]);
  });

  test("has one region for each name, and says which are state", () => {
    const { workspace, workspaceBytes, stages } = accepted(resolve(plan, asked));
    expect(workspace).toEqual([
      { name: "found", offset: 0, bytes: 2 * 3 * 4, zeroed: false },
      { name: "tickets", offset: 256, bytes: 2 * 4, zeroed: true },
      { name: "list", offset: 512, bytes: 2 * 10 * 8, zeroed: false },
    ]);
    expect(workspaceBytes).toBe(768);
    expect(stages[1]!.extents).toEqual({ found: 6, list: 20 });
  });

  test("in which a region is state for some only is a fault of the plan", () => {
    const other = kernel("other", {
      ...sort,
      buffers: { found: input("u32"), list: scratch("word"), tickets: scratch("u32") },
      extents: (c, shape) => ({ ...sort.extents(c, shape), tickets: shape.rows }),
    });
    const odd = chain("odd", [count, pass(other, { digit: 0 }), emit], { tune: {}, untuned: () => ({}), shape: () => ({ parts: 3, lastDigit: 0 }) });
    expect(() => resolve(odd, asked)).toThrow('plan "odd": "tickets" is state for one stage and not for another');
  });

  test("gives a kernel that is launched twice one config", () => {
    const { stages } = accepted(resolve(plan, asked, { force: { "sort.warps": 2 } }));
    expect(stages.map(({ tune }) => tune.warps)).toEqual([1, 2, 2, 1]);
  });
});
