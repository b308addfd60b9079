import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DeviceLimits, input, kernel, output, type Plan, plans, type Request, type ResolvedPlan, resolve, tileStream, twoStage } from "../../dsl/index.ts";
import { request, requests } from "./arbitrary.ts";

/** By name: a plan that is added changes no test of the others. */
const named = (wanted: string): Plan => plans.find(({ name }) => name === wanted)!;
const bitonic = named("bitonic_block");
const streamHeap = named("stream_heap");
const streamTile = named("stream_tile");
const h200: DeviceLimits = { arch: 90, maxThreadsPerBlock: 1024, maxSharedBytes: 232448, maxCluster: 8, ptx: "9.0" };

function accepted(plan: Plan, asked: Request, options?: Parameters<typeof resolve>[2]): ResolvedPlan {
  const resolution = resolve(plan, asked, options);
  if (!resolution.ok) throw new Error(resolution.reason);
  return resolution.resolved;
}

const refusal = (plan: Plan, asked: Request, options?: Parameters<typeof resolve>[2]): string => {
  const resolution = resolve(plan, asked, options);
  return resolution.ok ? "accepted" : resolution.reason;
};

describe("which plan answers what", () => {
  test("every request has a plan that takes a prologue, on an H200 and on the least device", () => {
    const prologue = { name: "any", operands: { bias: "column" } } as const;
    for (const limits of [h200, { ...h200, arch: 80, maxSharedBytes: 99 * 1024, maxCluster: 1, ptx: "7.0" }]) {
      fc.assert(
        fc.property(requests, (asked) => plans.some((plan) => resolve(plan, asked, { limits, prologue }).ok)),
        { numRuns: 1000 },
      );
    }
  });

  test("with a prologue, every plan is what it is for f32, but for x, the operands and the names", () => {
    const prologue = { name: "any", operands: { scale: "uniform", bias: "column", keep: "element" } } as const;
    fc.assert(
      fc.property(requests, fc.constantFrom(...plans), (asked, plan) => {
        const scored = resolve(plan, asked, { limits: h200, prologue });
        const plain = resolve(plan, { ...asked, dtype: "f32" }, { limits: h200 });
        expect(scored.ok).toBe(plain.ok);
        if (!scored.ok || !plain.ok) return;
        expect(scored.resolved).toMatchObject({ request: plain.resolved.request, config: plain.resolved.config, workspace: plain.resolved.workspace });
        for (const [at, { kernel, spec, tune, launch, extents }] of scored.resolved.stages.entries()) {
          const { kernel: own, ...rest } = plain.resolved.stages[at]!;
          expect({ spec, tune, launch }).toEqual({ spec: rest.spec, tune: rest.tune, launch: rest.launch });
          if (!("x" in own.buffers)) {
            expect(kernel).toBe(own);
            continue;
          }
          expect(kernel.name).toBe(`${own.name}_any_of_${asked.dtype}`);
          expect(kernel.buffers).toMatchObject({ ...own.buffers, x: { dir: "in", element: asked.dtype === "f32" ? "u32" : "u16" } });
          expect(extents).toEqual({ ...rest.extents, operand_scale: 1, operand_bias: asked.cols, operand_keep: asked.rows * asked.cols });
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("every request has a plan on an H200", () => {
    fc.assert(
      fc.property(requests, (asked) => plans.some((plan) => resolve(plan, asked, { limits: h200 }).ok)),
      { numRuns: 2000 },
    );
  });

  test("and on the least of devices, whatever TOPKIT_CANDIDATE_TARGET says", () => {
    const least = { ...h200, arch: 80, ptx: "7.0", maxSharedBytes: 99 * 1024, maxCluster: 1 };
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 100000 }), (asked, candidateTarget) => {
        // 131072 words of stage 2 a row and 70,000 rows: past 2^31 blocks a grid ends, and that is a reason, not a fault
        const reasons = plans.map((plan) => refusal(plan, asked, { limits: least, surroundings: { candidateTarget } }));
        expect(reasons.some((reason) => reason === "accepted" || reason.includes("a grid has at most"))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("refusals are sentences that name the kernel", () => {
    expect(refusal(bitonic, request({ cols: 4097, k: 1 }))).toBe("bitonic_block: a row has at most 4096 columns");
    expect(refusal(streamTile, request({ cols: 5000, k: 1025 }))).toBe("tile_stream: k is at most 1024");
    expect(refusal(streamHeap, request({ cols: 300000, k: 1000 }), { force: { chunkSize: 4096 } })).toBe(
      "heap_merge: all lists of a row fit the shared memory that every device has",
    );
    expect(refusal(bitonic, request({ cols: 10, k: 1 }), { limits: { ...h200, arch: 75 } })).toBe(
      "bitonic_block: needs compute capability 8, the device has 7.5",
    );
    expect(refusal(streamTile, request({ rows: 2 ** 31 - 1, cols: 50304, k: 50 }), { limits: h200, force: { chunkSize: 8192 } })).toMatch(
      /^tile_stream: needs \d+ blocks/,
    );
  });
});

describe("force", () => {
  test("a plain name turns every stage that has it, owner.name one", () => {
    const asked = request({ cols: 50304, k: 50 });
    const both = accepted(streamTile, asked, { force: { warps: 4 } });
    expect(both.stages.map(({ tune }) => tune.warps)).toEqual([4, 4]);
    const one = accepted(streamTile, asked, { force: { warps: 4, "tile_merge.warps": 16 } });
    expect(one.stages.map(({ tune }) => tune.warps)).toEqual([4, 16]);
    const chunked = accepted(streamTile, asked, { force: { "stream_tile.chunkSize": 8192 } });
    expect(chunked.config).toEqual({ candidateTarget: 4000, chunkSize: 8192 });
    expect(chunked.stages[0]!.launch.grid).toBe(7);
  });

  test("it beats the surroundings, which beat the default", () => {
    const asked = request({ cols: 1000000, k: 50 });
    const chunks = (options: Parameters<typeof resolve>[2]) => accepted(streamTile, asked, options).stages[0]!.launch.grid;
    expect(chunks({})).toBe(80);
    expect(chunks({ surroundings: { candidateTarget: 1500 } })).toBe(30);
    expect(chunks({ surroundings: { candidateTarget: 1500 }, force: { candidateTarget: 250 } })).toBe(5);
  });

  test("unknown names and values outside a domain are refused, with what there is", () => {
    const asked = request({ cols: 50304, k: 50 });
    expect(refusal(streamHeap, asked, { force: { chunks: 4 } })).toBe(
      'no tunable "chunks"; there are stream_heap.candidateTarget, stream_heap.chunkSize, tile_stream.warps, tile_stream.candidates, tile_stream.vectors, heap_merge.warps, heap_merge.listSize',
    );
    expect(refusal(streamHeap, asked, { force: { "tile_merge.warps": 4 } })).toMatch(/^no tunable "tile_merge.warps"/);
    expect(refusal(streamHeap, asked, { force: { "tile_stream.warps": 5 } })).toBe('"tile_stream.warps" is 5; allowed: 4, 8, 16');
    expect(refusal(streamHeap, asked, { force: { "tile_stream.warps": "4" } })).toBe('"tile_stream.warps" is "4"; allowed: 4, 8, 16');
    expect(refusal(streamHeap, asked, { force: { warps: 2 } })).toBe('"warps" is 2; allowed: 4, 8, 16');
  });

  test("a forced config that breaks a rule is refused by the rule's name", () => {
    expect(refusal(streamHeap, request({ cols: 50304, k: 100 }), { force: { candidates: 64 } })).toBe("tile_stream: the candidates cover k");
    expect(refusal(bitonic, request({ cols: 100, k: 1 }), { force: { width: 512 } })).toBe("bitonic_block: the network is no wider than twice the row");
  });
});

describe("workspace", () => {
  test("a single-kernel plan has none", () => {
    const { workspaceBytes, workspace, stages } = accepted(bitonic, request({ cols: 1000, k: 10, indexBytes: 8 }));
    expect([workspaceBytes, workspace]).toEqual([0, []]);
    expect(stages[0]!.arguments).toEqual([
      ...["x", "lengths", "values", "indices"].map((name) => ({ kind: "caller", name })),
      ...Object.entries({ rows: 1, cols: 1000, k: 10, rowStride: 1000, indexBytes: 8 }).map(([name, value]) => ({ kind: "shape", name, value })),
    ]);
  });

  test("two stages pass rows x chunks x k words, at the same place for both", () => {
    const { workspaceBytes, workspace, stages } = accepted(streamHeap, request({ rows: 3, cols: 50304, k: 50 }));
    expect(workspace).toEqual([{ name: "words", offset: 0, bytes: 3 * 13 * 50 * 8, zeroed: false }]);
    expect(workspaceBytes).toBe(15616);
    const words = { kind: "workspace", name: "words", offset: 0 };
    expect(stages.map((stage) => stage.arguments.find(({ name }) => name === "words"))).toEqual([words, words]);
  });

  test("regions start at multiples of 256 and do not overlap", () => {
    const base = tileStream;
    const first = kernel("first", {
      ...base,
      buffers: { ...base.buffers, counts: output("i32") },
      extents: (c, shape) => ({ ...base.extents(c, shape), counts: shape.rows * shape.chunks }),
    });
    const second = kernel("second", {
      ...first,
      buffers: { words: input("word"), counts: input("i32"), values: output("value"), indices: output("index") },
      extents: (_, { rows, chunks, k }) => ({ words: rows * chunks * k, counts: rows * chunks, values: rows * k, indices: rows * k }),
    });
    const resolved = accepted(twoStage("both", first, second), request({ rows: 3, cols: 50304, k: 50 }));
    expect(resolved.workspace).toEqual([
      { name: "words", offset: 0, bytes: 15600, zeroed: false },
      { name: "counts", offset: 15616, bytes: 156, zeroed: false },
    ]);
    expect(resolved.workspaceBytes).toBe(15616 + 256);

    const unlike = kernel("unlike", { ...second, extents: (c, shape) => ({ ...second.extents(c, shape), counts: shape.rows }) });
    expect(() => resolve(twoStage("odd", first, unlike), request({ cols: 50304, k: 50 }))).toThrow('stages disagree on the extent of "counts": 52 and 4 bytes');
  });

  test("a shape value that the plan does not give is the plan's fault, and said so", () => {
    const forgetful: Plan = { ...streamTile, shape: (asked, config) => ({ ...streamTile.shape(asked, config), rowStride: undefined as unknown as number }) };
    expect(() => resolve(forgetful, request({ cols: 50304, k: 50 }))).toThrow('plan "stream_tile" gives no "rowStride"');
  });
});

test("no rows resolve to launches of no blocks and an empty workspace", () => {
  const none = request({ rows: 0, cols: 3000, k: 5 });
  const answering = plans.filter((plan) => resolve(plan, none).ok);
  expect(answering.map(({ stages }) => stages.length)).toEqual(expect.arrayContaining([1, 2]));
  for (const plan of answering) {
    const { stages, workspaceBytes } = accepted(plan, none, { limits: h200 });
    expect(stages.map(({ launch }) => launch.grid)).toEqual(stages.map(() => 0));
    expect(workspaceBytes).toBe(0);
  }
});

test("resolve is pure", () => {
  const asked = request({ rows: 7, cols: 123457, k: 77, dtype: "f32" });
  for (const plan of plans) expect(JSON.stringify(resolve(plan, asked))).toBe(JSON.stringify(resolve(plan, asked)));
});
