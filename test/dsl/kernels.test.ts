import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AnyConfig,
  type AnyKernel,
  brokenRule,
  combinations,
  contextOf,
  drawPlan,
  kernels,
  plans,
  type Request,
  radixShape,
  refusedBy,
  resolve,
  type Shape,
  variantSymbol,
} from "../../dsl/index.ts";
import { requests } from "./arbitrary.ts";

/** Every plan's shapes that a kernel accepts, for a request. */
function acceptedShapes(kernel: AnyKernel, request: Request, candidateTarget: number): Shape<string>[] {
  const spec = { dtype: request.dtype, order: request.order };
  return [...plans, ...plans.flatMap(({ draws }) => draws ?? []), drawPlan]
    .flatMap((plan) =>
      plan.passes
        .filter((_, at) => plan.stages[at] === kernel)
        .map((own): Shape<string> => ({ ...plan.shape(request, plan.untuned({ candidateTarget }, request)), ...own })),
    )
    .filter((shape) => refusedBy(kernel, spec, shape) === undefined);
}

const targets = fc.oneof(fc.constant(500), fc.integer({ min: 1, max: 10000 }));
const forEachShape = (kernel: AnyKernel, check: (spec: AnyConfig, shape: Shape<string>) => void): void => {
  let seen = 0;
  fc.assert(
    fc.property(requests, targets, ({ ...request }, target) => {
      for (const shape of acceptedShapes(kernel, request, target)) {
        seen++;
        check({ dtype: request.dtype, order: request.order }, shape);
      }
    }),
    { numRuns: 2000 },
  );
  expect(seen).toBeGreaterThan(50);
};

for (const kernel of kernels) {
  describe(kernel.name, () => {
    test("an untuned device takes a config that ships", () => {
      forEachShape(kernel, (spec, shape) => expect(kernel.ships).toContainEqual(kernel.untuned(spec, shape)));
    });

    test("the untuned config is valid, wherever any that ships is", () => {
      forEachShape(kernel, (spec, shape) => {
        const valid = (config: AnyConfig): boolean => brokenRule(kernel, contextOf(kernel, { ...spec, ...config }), shape) === undefined;
        if (!valid(kernel.untuned(spec, shape))) expect(kernel.ships.filter(valid)).toEqual([]);
      });
    });

    test("what ships draws from the domains, once each", () => {
      for (const config of kernel.ships) {
        expect(Object.keys(config)).toEqual(Object.keys(kernel.tune));
        for (const [name, value] of Object.entries(config)) expect(kernel.tune[name]!.values).toContain(value);
      }
      const specs = [...combinations(kernel.spec)];
      const symbols = specs.flatMap((spec) => kernel.ships.map((config) => variantSymbol(kernel, spec, config)));
      expect(new Set(symbols).size).toBe(specs.length * kernel.ships.length);
    });

    test("every launch has whole warps, derives its threads, and stays within what every device has", () => {
      forEachShape(kernel, (spec, shape) => {
        for (const config of kernel.ships) {
          const context = contextOf(kernel, { ...spec, ...config });
          if (brokenRule(kernel, context, shape) !== undefined) continue;
          const { grid, block, cluster, sharedBytes } = kernel.launch(context, shape);
          expect([Number.isInteger(grid), block % 32, grid % cluster, cluster > 1 && kernel.minArch < 90]).toEqual([true, 0, 0, false]);
          expect(context.threads).toBe(block);
          expect(block).toBeLessThanOrEqual(1024);
          // what a block may ask for: of every device of compute capability 8.0 and above, or of every device that the kernel runs on
          expect(sharedBytes).toBeLessThanOrEqual((kernel.minArch >= 90 ? 227 : 99) * 1024);
          if (shape.rows === 0) expect(grid).toBe(0);
        }
      });
    });

    test("extents name every buffer, in whole elements", () => {
      forEachShape(kernel, (spec, shape) => {
        const extents = kernel.extents(contextOf(kernel, { ...spec, ...kernel.untuned(spec, shape) }), shape);
        expect(Object.keys(extents).sort()).toEqual(Object.keys(kernel.buffers).sort());
        for (const elements of Object.values(extents)) expect(Number.isSafeInteger(elements) && elements >= 0).toBe(true);
      });
    });
  });
}

const named = (name: string): AnyKernel => kernels.find((kernel) => kernel.name === name)!;
const untuned = (name: string, shape: Shape<string>): AnyConfig => named(name).untuned({ dtype: "bf16", order: "largest" }, shape);

test("the untuned warps: stage 1 has as many as a short chunk has slots for, heap_merge 8 from 512 candidates, tile_merge 8 from 129", () => {
  const stream = { rows: 4, rowStride: 50304, k: 50, chunks: 10, chunkSize: 4096 };
  const tile = (cols: number) => {
    const { warps, vectors } = untuned("tile_stream", { ...stream, cols });
    return [warps, vectors];
  };
  expect([1024, 1025, 2048, 2049, 50304].map(tile)).toEqual([4, 4, 4, 8, 8].map((warps, at) => [warps, at === 0 ? 1 : 2]));
  const merge = (name: string) => (chunks: number, k: number) => untuned(name, { rows: 1, cols: 50304, k, chunks, indexBytes: 4 }).warps;
  const heap = merge("heap_merge");
  expect([heap(8, 64), heap(10, 51), heap(7, 73), heap(1, 1)]).toEqual([8, 4, 4, 4]);
  const second = merge("tile_merge");
  expect([second(2, 64), second(3, 43), second(1, 65), second(1, 257)]).toEqual([4, 8, 4, 8]);
});

test("the untuned lists cover k, candidates twice k where there are enough", () => {
  const kept = (k: number) => [
    untuned("tile_stream", { rows: 1, cols: 9999, rowStride: 9999, k, chunkSize: 9999, chunks: 1 }).candidates,
    untuned("heap_merge", { rows: 1, k, chunks: 1, indexBytes: 4 }).listSize,
    untuned("tile_merge", { rows: 1, cols: 9999, k, chunks: 2, indexBytes: 4 }).candidates,
  ];
  expect([1, 64, 65, 256, 257, 1024].map(kept)).toEqual([
    [128, 64, 128],
    [128, 64, 128],
    [512, 256, 512],
    [512, 256, 512],
    [1024, 1024, 1024],
    [1024, 1024, 1024],
  ]);
});

test("block_select takes what covers the row: few for k to 64, more words for a large k, saves slots where blocks have several rows", () => {
  const shape = (rows: number, cols: number, k: number) => ({ rows, cols, k, rowStride: cols, indexBytes: 4 });
  const of = (rows: number, cols: number, k: number) => untuned("block_select", shape(rows, cols, k));
  const told = (rows: number, cols: number, k: number): string => {
    const { warps, tiles, delegates, candidates, saved } = of(rows, cols, k);
    return [warps, tiles, delegates, candidates, saved].join();
  };
  const short = [4097, 32768, 32769, 51200, 51201, 163840, 163841, 425984, 425985];
  expect(short.map((cols) => told(4096, cols, 64))).toEqual([
    ...["8,2,1,256,0", "8,2,1,256,0", "10,5,2,512,528", "10,5,2,512,528", "10,8,1,256,0", "10,8,1,256,0"],
    ...["16,26,1,256,0", "16,26,1,256,0", "20,26,4,2048,0"],
  ]);
  expect([132, 133, 264, 265].map((rows) => told(rows, 50304, 50))).toEqual(["13,4,1,256,0", "10,8,1,256,0", "10,8,1,256,0", "10,5,2,512,528"]);
  expect([65, 128, 129, 256].map((k) => told(4096, 40960, k))).toEqual(Array(4).fill("8,5,8,2048,0"));
  expect([264, 265].map((rows) => told(rows, 50304, 65))).toEqual(["10,5,2,512,0", "10,5,2,512,528"]);
  expect([128, 129].map((k) => told(4096, 128256, k))).toEqual(["10,8,1,256,0", "10,16,2,512,528"]);
  expect([132, 133].map((rows) => told(rows, 128256, 200))).toEqual(["20,16,2,2048,0", "10,16,2,512,528"]);
  const large = [40960, 40961, 266240, 266241, 327681];
  expect(large.map((cols) => told(133, cols, 600))).toEqual([...["8,5,8,2048,0", "10,26,8,2048,0", "10,26,8,2048,0", "20,16,2,2048,0", "20,26,4,2048,0"]]);
  // with too few delegates for k, the bar lets more through than a block holds
  expect([800, 801].map((k) => told(132, 50304, k))).toEqual(["20,16,2,2048,0", "10,26,8,2048,0"]);

  const kernel = named("block_select");
  const context = contextOf(kernel, { dtype: "bf16", order: "largest", ...of(4096, 50304, 50) });
  expect([context.threads, context.groups, context.blocks, context.wordBytes]).toEqual([320, 20, 264, 4]);
  const launch = kernel.launch(context, shape(4096, 50304, 50));
  expect([launch.grid, kernel.launch(context, shape(100, 50304, 50)).grid]).toEqual([264, 100]);
  // two blocks, and the 1 KB that each takes besides, share the 228 KB of a multiprocessor
  expect(2 * (launch.sharedBytes + 1024)).toBeLessThanOrEqual(228 * 1024);
  expect(brokenRule(kernel, context, shape(4096, 51201, 50))).toBe("the tiles cover the row");
  expect(brokenRule(kernel, context, shape(17, 50304, 50))).toBeUndefined();
  expect(brokenRule(kernel, context, shape(16, 50304, 50))).toMatch("an eighth of the multiprocessors have a row");
  // what no table tells, where three quarters would be idle, others answer first
  const plan = plans.find(({ name }) => name === "block_select");
  expect([32, 33].map((rows) => plan?.yields?.({ rows, cols: 50304, k: 300, dtype: "bf16", rowStride: 50304, order: "largest", indexBytes: 4 }))).toEqual([
    true,
    false,
  ]);
});

test("block_select: all blocks of a shipped config that are to share a multiprocessor fit it, with 85 registers a thread", () => {
  const kernel = named("block_select");
  for (const spec of combinations(kernel.spec)) {
    for (const tune of kernel.ships) {
      const context = contextOf(kernel, { ...spec, ...tune });
      const { sharedBytes, block } = kernel.launch(context, { rows: 1000, cols: 5000, k: 1, rowStride: 5000, indexBytes: 4 });
      expect(Number(tune.blocksPerSm) * (sharedBytes + 1024)).toBeLessThanOrEqual(228 * 1024);
      expect(65536 / (Number(tune.blocksPerSm) * block)).toBeGreaterThanOrEqual(85);
    }
  }
});

describe("radix_select", () => {
  const radix = plans.find(({ name }) => name === "radix_select")!;
  const launches = (rows: number, cols: number, k: number, dtype: "f32" | "bf16", force = {}) => {
    const resolution = resolve(radix, { rows, cols, k, rowStride: cols, dtype, order: "largest", indexBytes: 4 }, { force });
    if (!resolution.ok) throw new Error(resolution.reason);
    return resolution.resolved.stages.map(({ kernel, launch }) => `${kernel.name.slice("radix_".length)} ${launch.grid}`);
  };
  const shape = (rows: number, cols: number, k: number, { blocks = 528, sortLimit = 10240, rowLimit = 0 } = {}) =>
    radixShape({ rows, cols, k }, { blocks, sortLimit, rowLimit });

  test("cuts rows until there are blocks enough, and no chunk below 4096 columns", () => {
    expect(shape(1, 2 ** 28, 1)).toEqual({ chunkSize: 508416, chunks: 528, partSize: 64, parts: 0 });
    expect(shape(16, 20000, 10000)).toEqual({ chunkSize: 4032, chunks: 5, partSize: 3392, parts: 0 });
    expect(shape(528, 2 ** 20, 2 ** 20)).toEqual({ chunkSize: 2 ** 20, chunks: 1, partSize: 2 ** 20, parts: 1 });
    expect(shape(4, 1, 1, { sortLimit: 1024 })).toEqual({ chunkSize: 64, chunks: 1, partSize: 64, parts: 0 });
    expect(shape(1, 50000, 50000, { blocks: 132 })).toMatchObject({ chunks: 13, parts: 13 });
    expect(shape(1, 2 ** 31 - 1, 2 ** 31 - 1)).toMatchObject({ chunks: 528, parts: 528 });
  });

  test("leaves a row to one block where it is short, or where rows are many, if a block can sort k", () => {
    const row = { rowLimit: 32768 };
    const alone = (rows: number, cols: number, k: number) => shape(rows, cols, k, row).chunks === 0;
    expect([alone(1, 32768, 10240), alone(1, 32769, 1), alone(131, 32769, 1), alone(132, 2 ** 20, 1)]).toEqual([true, false, false, true]);
    expect([alone(132, 20000, 10241), alone(1, 20000, 10241)]).toEqual([false, false]);
    expect(launches(16, 20000, 10000, "f32")).toEqual(["row 16"]);
    expect(launches(256, 65536, 2048, "bf16")).toEqual(["row 256"]);
  });

  test("a row of one block takes fewer threads and loads where it is short", () => {
    const of = (cols: number, k: number) => Object.values(untuned("radix_row", { rows: 200, cols, k, rowStride: cols, chunks: 0, indexBytes: 4 })).join("x");
    expect([of(16384, 1024), of(16384, 1025), of(16385, 1), of(32768, 2048)]).toEqual(["8x4x2", "16x4x2", "16x4x2", "16x4x2"]);
    expect([of(32769, 1), of(65536, 2048), of(9999, 2049), of(9999, 10240)]).toEqual(["16x4x4", "16x4x4", "32x4x2", "32x10x2"]);
  });

  test("launches what a dtype and k need", () => {
    expect(launches(16, 40000, 10000, "f32")).toEqual(["count 160", "count 160", "count 160", "collect 160", "sort 16"]);
    expect(launches(16, 40000, 2048, "bf16")).toEqual(["count 160", "count 160", "collect 160", "sort 16"]);
    const pass = ["tally 3", "offsets 4", "scatter 3"];
    expect(launches(1, 12000, 10241, "bf16")).toEqual(["count 3", "count 3", "collect 3", ...pass, ...pass]);
    expect(launches(1, 12000, 1025, "f32", { sortLimit: 1024 }).slice(4)).toEqual(Array(4).fill(["tally 1", "offsets 4", "scatter 1"]).flat());
  });

  test("asks for 8 bytes a selected word, 16 where several blocks sort, and little more", () => {
    const bytes = (rows: number, cols: number, k: number, dtype: "f32" | "bf16"): number => {
      const resolution = resolve(radix, { rows, cols, k, rowStride: cols, dtype, order: "largest", indexBytes: 4 });
      return resolution.ok ? resolution.resolved.workspaceBytes / (rows * k) : Number.NaN;
    };
    expect(bytes(1, 2 ** 24, 2 ** 24, "f32")).toBeLessThan(16.2);
    expect(bytes(1, 2 ** 24, 2 ** 24, "bf16")).toBeLessThan(16.1);
    expect(bytes(70000, 33, 7, "f32")).toBe(0);
    expect(bytes(16, 40000, 10000, "f32")).toBeLessThan(14);
    expect(bytes(16, 20000, 10000, "f32")).toBe(0);
  });

  test("a block of 32 warps sorts the greatest k that one block sorts", () => {
    const sort = (k: number) => untuned("radix_sort", { rows: 1, cols: k, k, chunks: 1, parts: 0, indexBytes: 4 });
    expect([1, 2048, 2049, 4096, 4097, 10240].map((k) => Object.values(sort(k)).join("x"))).toEqual(["16x4", "16x4", "32x4", "32x4", "32x10", "32x10"]);
  });
});

test("bitonic_block takes the narrowest network that covers the row, and a block for its rows", () => {
  const shape = (cols: number, rows = 9) => ({ rows, cols, k: 1, rowStride: cols, indexBytes: 4 });
  const width = (cols: number) => untuned("bitonic_block", shape(cols)).width;
  expect([1, 64, 65, 512, 513, 4095, 4096].map(width)).toEqual([64, 64, 128, 512, 1024, 4096, 4096]);
  const items = (cols: number, rows: number) => untuned("bitonic_block", shape(cols, rows)).items;
  expect([items(512, 9999), items(1024, 132), items(1024, 133), items(2048, 1), items(4096, 1)]).toEqual([2, 2, 4, 4, 8]);
  const kernel = named("bitonic_block");
  const context = contextOf(kernel, { dtype: "f32", order: "largest", width: 512, items: 8, rowsPerBlock: 4 });
  expect(kernel.launch(context, shape(500))).toEqual({ grid: 3, block: 256, cluster: 1, sharedBytes: 512 * 4 * 8 });
  const narrow = contextOf(kernel, { dtype: "bf16", order: "largest", width: 256, items: 8, rowsPerBlock: 8 });
  expect(kernel.launch(narrow, shape(200))).toEqual({ grid: 2, block: 256, cluster: 1, sharedBytes: 0 });
});

describe("warp_select", () => {
  const kernel = named("warp_select");
  const shape = (cols: number, k: number, rows = 9) => ({ rows, cols, k, rowStride: cols, indexBytes: 4 });
  const taken = (dtype: string, cols: number, k: number) => {
    const { lanes, vectors, delegates, capacity } = kernel.untuned({ dtype, order: "largest" }, shape(cols, k));
    return [lanes, vectors, delegates, capacity];
  };

  test("takes the fewest lanes and vectors that hold the row, with twice k delegates and room for twice k survivors", () => {
    expect(taken("f32", 64, 6)).toEqual([8, 2, 2, 32]);
    expect(taken("f32", 65, 8)).toEqual([8, 4, 2, 32]);
    expect(taken("f32", 160, 6)).toEqual([8, 6, 2, 32]);
    expect(taken("f32", 256, 8)).toEqual([8, 8, 2, 32]);
    expect(taken("f32", 256, 9)).toEqual([16, 4, 4, 64]);
    expect(taken("f32", 256, 33)).toEqual([32, 4, 4, 128]);
    expect(taken("bf16", 1024, 32)).toEqual([32, 4, 2, 128]);
    expect(taken("bf16", 1024, 33)).toEqual([32, 4, 4, 128]);
    expect(taken("bf16", 1025, 65)).toEqual([32, 8, 16, 512]);
    expect(taken("f32", 4096, 256)).toEqual([32, 32, 8, 512]);
  });

  test("a row of no more columns than there is room for needs no delegates", () => {
    expect(taken("f32", 32, 32)).toEqual([8, 2, 2, 32]);
    expect(taken("bf16", 64, 50)).toEqual([16, 4, 4, 64]);
  });

  test("whole blocks for its rows, each with its list", () => {
    const context = (config: AnyConfig) => contextOf(kernel, { dtype: "f32", order: "largest", ...config });
    const narrow = context({ lanes: 8, vectors: 2, delegates: 2, capacity: 32, warps: 8 });
    expect(kernel.launch(narrow, shape(64, 6, 33))).toEqual({ grid: 2, block: 256, cluster: 1, sharedBytes: 32 * 32 * 8 });
    const wide = contextOf(kernel, { dtype: "f16", order: "largest", lanes: 32, vectors: 16, delegates: 4, capacity: 128, warps: 4 });
    expect(kernel.launch(wide, shape(4096, 6, 8))).toEqual({ grid: 2, block: 128, cluster: 1, sharedBytes: 4 * 128 * 4 });
    expect([narrow.blocksPerSm, wide.blocksPerSm]).toEqual([4, 4]);
  });

  test("refuses rows beyond 16 KiB and k beyond 256, by name", () => {
    const refusal = (dtype: string, cols: number, k: number) => refusedBy(kernel, { dtype, order: "largest" }, shape(cols, k));
    expect([refusal("f32", 4096, 256), refusal("bf16", 8192, 1)]).toEqual([undefined, undefined]);
    expect(refusal("f32", 4097, 1)).toBe("a row has at most 16 KiB");
    expect(refusal("f16", 8193, 1)).toBe("a row has at most 16 KiB");
    expect(refusal("f16", 8192, 257)).toBe("k is at most 256");
  });
});

test("cluster_select: few rows take eight blocks, short ones and rows of the same waves four, and what is longer more registers", () => {
  const of = (rows: number, cols: number, k: number, dtype = "bf16"): string => {
    const kernel = named("cluster_select");
    const { threads, vectors, blocks } = kernel.untuned({ dtype, order: "largest" }, { rows, cols, k, rowStride: cols, indexBytes: 4 });
    return `${threads}x${vectors}x${blocks}`;
  };
  expect([of(1, 50304, 50), of(1, 50304, 200), of(16, 50304, 50), of(32, 50304, 50), of(32, 50304, 200)]).toEqual([
    "256x4x8",
    "416x2x8",
    "512x4x4",
    "256x4x8",
    "256x4x8",
  ]);
  expect([64, 65, 101].map((k) => of(1, 8192, k))).toEqual(["256x1x4", "256x4x8", "512x1x4"]);
  expect([of(1, 8193, 32), of(1, 24576, 32), of(1, 24577, 32), of(1, 8193, 33), of(1, 16385, 101)]).toEqual([
    ...["256x3x4", "256x3x4", "256x4x8", "256x4x8", "416x2x8"],
  ]);
  expect([of(8, 50304, 100), of(9, 50304, 100), of(24, 50304, 100), of(25, 50304, 100)]).toEqual(["256x4x8", "512x4x4", "512x4x4", "256x4x8"]);
  expect([of(9, 50304, 101), of(33, 50304, 101), of(33, 65537, 101), of(33, 50304, 100)]).toEqual(["256x4x8", "256x4x8", "512x4x8", "256x4x8"]);
  expect([of(1, 65536, 50), of(1, 65537, 50), of(1, 131073, 50), of(1, 262144, 64, "f32")]).toEqual(["256x4x8", "512x4x8", "512x8x8", "512x16x8"]);
});

test("cluster_select leaves to a block a row what is faster there", () => {
  const kernel = named("cluster_select");
  const refusal = (rows: number, cols: number, k: number, dtype = "bf16"): string | undefined =>
    refusedBy(kernel, { dtype, order: "largest" }, { rows, cols, k, rowStride: cols, indexBytes: 4 });
  expect([refusal(48, 50304, 100), refusal(40, 50304, 101), refusal(64, 131073, 50, "f32")]).toEqual([undefined, undefined, undefined]);
  for (const refused of [refusal(49, 50304, 100), refusal(41, 50304, 101), refusal(49, 131072, 50, "f32"), refusal(65, 131073, 50, "f32")]) {
    expect(refused).toMatch("at most 48 rows");
  }
});

test("cluster_select: rows at the edge of what the registers hold, and of a place's 16 bits", () => {
  const kernel = named("cluster_select");
  const rule = (dtype: string, cols: number, k: number, tune: AnyConfig): string | undefined =>
    brokenRule(kernel, contextOf(kernel, { dtype, order: "largest", ...tune }), { rows: 1, cols, k, rowStride: cols, indexBytes: 4 });
  const small = { threads: 128, vectors: 4, blocks: 4, groupLanes: 4, segment: 256, rankLanes: 8 };
  expect(rule("bf16", 16384, 128, small)).toBeUndefined();
  expect(rule("bf16", 16385, 128, small)).toBe("the registers of a cluster hold the row");
  expect(rule("bf16", 16384, 129, small)).toBe("the delegates of a cluster cover k");
  // 309 slots are parts of 40 and a last of 29; 325 parts of 48, and nothing is left for the last
  const tiny = { threads: 256, vectors: 1, blocks: 8, groupLanes: 1, segment: 1024, rankLanes: 8 };
  expect([rule("bf16", 2472, 150, tiny), rule("bf16", 2608, 48, tiny)]).toEqual([undefined, undefined]);
  expect(rule("bf16", 2608, 130, tiny)).toMatch("the last block's part has delegates for a share of k, or the first one's for all");
  expect(rule("bf16", 2608, 49, tiny)).toMatch("the last block's part");
  // off a slot's border there is one slot less
  expect(rule("bf16", 2288, 48, tiny)).toBeUndefined();
  expect(rule("bf16", 2289, 48, tiny)).toMatch("the last block's part");
  // 65 * 1024 slots over 8 blocks of at most 8189 whole-line slots
  const longest = { ...small, threads: 1024, vectors: 8, blocks: 8, groupLanes: 8, rankLanes: 16 };
  expect(rule("bf16", 8 * 8 * 8184, 64, longest)).toBeUndefined();
  expect(rule("bf16", 8 * 8 * 8184 + 1, 64, longest)).toBe("the place of an element in its part fits half a word");
});

describe("cluster_sort", () => {
  const kernel = named("cluster_sort");
  const shape = (rows: number, cols: number, k: number) => ({ rows, cols, k, rowStride: cols, indexBytes: 4 });

  test("takes fewer threads where they hold the row and its survivors, half the blocks for many rows of a large k", () => {
    const of = (dtype: string, rows: number, cols: number, k: number): string => {
      const { threads, vectors, blocks, segment } = kernel.untuned({ dtype, order: "largest" }, shape(rows, cols, k));
      return `${threads}x${vectors}x${blocks}:${segment}`;
    };
    expect([of("f32", 8, 131072, 2048), of("f32", 1, 131072, 1024), of("f32", 1, 32768, 1365)]).toEqual(["1024x4x8:512", "1024x4x8:512", "512x2x8:256"]);
    expect([of("f32", 1, 32769, 1365), of("f32", 1, 32768, 1366)]).toEqual(["512x4x8:256", "1024x4x8:512"]);
    expect([of("f32", 1, 131073, 300), of("bf16", 64, 524288, 4096), of("f32", 1, 131072, 4096)]).toEqual(["1024x8x8:512", "1024x8x8:512", "1024x4x8:512"]);
    expect([of("f32", 1, 8192, 1365), of("f32", 64, 8192, 1365), of("f32", 1, 8193, 1365)]).toEqual(["512x1x4:512", "512x1x4:512", "512x2x8:256"]);
    expect([of("bf16", 15, 50304, 1000), of("bf16", 16, 128256, 1000), of("bf16", 256, 65536, 2048)]).toEqual(["512x2x8:256", "512x4x8:256", "1024x2x4:1024"]);
  });

  test("what it refuses, by name", () => {
    const refusal = (rows: number, cols: number, k: number) => refusedBy(kernel, { dtype: "f32", order: "largest" }, shape(rows, cols, k));
    expect([refusal(1, 4097, 257), refusal(64, 9000, 1024), refusal(64, 9000, 2048)]).toEqual([undefined, undefined, undefined]);
    expect(refusal(1, 4097, 256)).toMatch("k is more than 256");
    expect(refusal(1, 4096, 257)).toMatch("more than 4096 columns");
    expect(refusal(65, 9000, 1024)).toMatch("at most 64 rows");
    const broken = (cols: number, k: number, tune: AnyConfig) =>
      brokenRule(kernel, contextOf(kernel, { dtype: "f32", order: "largest", ...tune }), shape(1, cols, k));
    const small = { threads: 128, vectors: 2, blocks: 4, segment: 128, blocksPerSm: 1 };
    expect([broken(4096, 512, small), broken(4097, 512, small)]).toEqual([undefined, "the registers of a cluster hold the row"]);
    expect(broken(4096, 513, { ...small, segment: 256 })).toBe("there is a delegate for each of k");
    expect(broken(4096, 512, { ...small, segment: 64 })).toBe("the survivors of a cluster cover k");
    expect(broken(4096, 512, { ...small, segment: 512 })).toBe("a thread sorts at most eight survivors");
    expect(broken(4096, 512, { ...small, blocks: 8, segment: 1024 })).toBe("the table has a bin for each survivor");
  });

  test("two blocks, and what each takes besides, share the shared memory of a multiprocessor where they are meant to", () => {
    for (const dtype of ["f32", "bf16"]) {
      for (const tune of kernel.ships) {
        const { sharedBytes } = kernel.launch(contextOf(kernel, { dtype, order: "largest", ...tune }), shape(1, 5000, 257));
        expect(Number(tune.blocksPerSm) * (sharedBytes + 1024)).toBeLessThanOrEqual(228 * 1024);
      }
    }
  });
});
