/** Plans that draw: in their last launch where they can, in one launch more where not. */
import { describe, expect, it } from "vitest";
import {
  blockSelectDraw,
  clusterSelect,
  clusterSelectDraw,
  drawingFrom,
  kernel,
  type Plan,
  plans,
  type Request,
  type ResolvedPlan,
  type ResolvedStage,
  resolve,
  sampleRow,
  single,
  storesAnswer,
  warpSelect,
  withDraw,
} from "../../dsl/index.ts";

const planOf = (name: string): Plan => plans.find((plan) => plan.name === name)!;
const requestOf = (rows: number, cols: number, k: number): Request => ({ rows, cols, k, rowStride: cols, dtype: "bf16", order: "largest", indexBytes: 4 });

function resolved(name: string, request: Request, force?: Record<string, number>): ResolvedPlan {
  const resolution = resolve(planOf(name), request, { force });
  if (!resolution.ok) throw new Error(resolution.reason);
  return resolution.resolved;
}

const all = { limits: undefined, rendered: () => true };
const kernelsOf = ({ stages }: ResolvedPlan): string[] => stages.map((stage) => stage.kernel.name);

describe("drawingFrom()", () => {
  it("takes the plan's last launch, with the same config, and stores no answer", () => {
    for (const [name, request, config] of [
      ["cluster_select", requestOf(1, 50304, 50), { threads: 512, vectors: 8 }],
      ["block_select", requestOf(128, 50304, 200), { stages: 3 }],
    ] as const) {
      const topk = resolved(name, request, config);
      const drawn = drawingFrom(topk, all);
      expect([drawn.plan.name, kernelsOf(drawn)]).toEqual([name, [`${name}_draw`]]);
      expect(drawn.stages[0]!.tune).toEqual(topk.stages[0]!.tune);
      expect([storesAnswer(topk), storesAnswer(drawn)]).toEqual([true, false]);
    }
  });

  it("takes one launch more where the plan has none that draws, or that one refuses", () => {
    const many = resolved("block_select", requestOf(128, 50304, 300));
    expect(kernelsOf(drawingFrom(many, all))).toEqual(["block_select", "sample_row"]);
    expect(storesAnswer(drawingFrom(many, all))).toBe(true);
    expect(kernelsOf(drawingFrom(resolved("warp_select", requestOf(128, 1000, 50)), all))).toEqual(["warp_select", "sample_row"]);
    const { sharedBytes } = resolved("cluster_select", requestOf(1, 50304, 50)).stages[0]!.launch;
    const limits = { arch: 90, maxThreadsPerBlock: 1024, maxSharedBytes: sharedBytes, maxCluster: 8 };
    expect(kernelsOf(drawingFrom(resolved("cluster_select", requestOf(1, 50304, 50)), { ...all, limits }))).toEqual(["cluster_select", "sample_row"]);
  });

  it("draws in its own launch where 26 groups a thread leave 128 registers, in one more where they do not", () => {
    const long = { tiles: 26, grouped: 4, vectors: 4, stages: 2, delegates: 1, candidates: 256, saved: 0 };
    const drawn = (config: Record<string, number>): string[] =>
      kernelsOf(drawingFrom(resolved("block_select", requestOf(128, 151936, 50), { ...long, ...config }), all));
    expect(drawn({ warps: 16, blocksPerSm: 1 })).toEqual(["block_select_draw"]);
    expect(drawn({ warps: 10, blocksPerSm: 2 })).toEqual(["block_select", "sample_row"]);
  });

  it("takes one launch more where the kernel that draws is not rendered", () => {
    const rendered = ({ kernel: { name } }: ResolvedStage): boolean => name !== clusterSelectDraw.name;
    expect(kernelsOf(drawingFrom(resolved("cluster_select", requestOf(1, 50304, 50)), { ...all, rendered }))).toEqual(["cluster_select", "sample_row"]);
  });

  it("refuses indices of 64 bits", () => {
    const wide = { ...requestOf(128, 1000, 50), indexBytes: 8 } as const;
    expect(() => drawingFrom(resolved("warp_select", wide), all)).toThrow(/sample_row: indices are 32 bits wide/);
  });
});

describe("withDraw()", () => {
  it("refuses a kernel that draws from another", () => {
    const plan = single("warp_select", warpSelect);
    expect(() => withDraw(plan, clusterSelectDraw)).toThrow(
      new RangeError('plan "warp_select": "cluster_select_draw" does not draw from "warp_select", its last kernel; give the one that does'),
    );
    expect(() => withDraw(plan, sampleRow)).toThrow(/"sample_row" does not draw from "warp_select"/);
  });

  it("leaves the plan as it is but for its twin", () => {
    const plan = single("cluster_select", clusterSelect);
    const { draws, ...rest } = withDraw(plan, kernel("other_draw", clusterSelectDraw));
    expect(rest).toEqual(plan);
    expect(draws?.stages.map(({ name }) => name)).toEqual(["other_draw"]);
  });
});

it.each([
  { threads: 512, vectors: 5, blocks: 2 },
  { threads: 448, vectors: 12, blocks: 2 },
  { threads: 512, vectors: 16, blocks: 1 },
  { threads: 256, vectors: 4, blocks: 4 },
  { threads: 224, vectors: 8, blocks: 4 },
  { threads: 224, vectors: 12, blocks: 3 },
  { threads: 288, vectors: 12, blocks: 3 },
] as const)(
  "bounds the registers of a cluster that draws: $blocks blocks of $threads threads with $vectors slots a multiprocessor",
  ({ threads, vectors, blocks }) => {
    const { groupLanes, segment, rankLanes } = clusterSelectDraw.ships[0]!;
    expect(clusterSelectDraw.derive({ threads, vectors, blocks: 8, groupLanes, segment, rankLanes, dtype: "bf16", order: "largest" }).blocksPerSm).toBe(blocks);
  },
);

it.each([
  { warps: 16, grouped: 1, tiles: 2, blocksPerSm: 1, boundThreads: 640 },
  { warps: 26, grouped: 1, tiles: 2, blocksPerSm: 1, boundThreads: 832 },
  { warps: 10, grouped: 1, tiles: 2, blocksPerSm: 2, boundThreads: 320 },
  { warps: 10, grouped: 4, tiles: 16, blocksPerSm: 1, boundThreads: 320 },
] as const)("bounds the registers of a block that draws and has a multiprocessor for itself: $warps warps, $tiles tiles", ({ boundThreads, ...config }) => {
  const rest = { vectors: 8, stages: 2, delegates: 1, candidates: 512, saved: 0, multiprocessors: 132, dtype: "bf16", order: "largest" } as const;
  expect(blockSelectDraw.derive({ ...rest, ...config }).boundThreads).toBe(boundThreads);
});

it("ships a kernel that draws for each config of what it draws from that it takes", () => {
  expect(clusterSelectDraw.ships).toBe(clusterSelect.ships);
  expect(blockSelectDraw.ships.length).toBeGreaterThan(0);
  for (const { candidates, tiles, warps, blocksPerSm } of blockSelectDraw.ships) {
    expect([candidates <= 512, tiles <= 16 || warps * 32 * blocksPerSm <= 512]).toEqual([true, true]);
  }
});
