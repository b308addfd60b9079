import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AnyConfig,
  type AnyKernel,
  brokenRule,
  combinations,
  contextOf,
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
  return plans
    .flatMap((plan) =>
      plan.passes
        .filter((_, at) => plan.stages[at] === kernel)
        .map((own): Shape<string> => ({ ...plan.shape(request, plan.untuned({ candidateTarget })), ...own })),
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
  expect(seen).toBeGreaterThan(200);
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
          expect([Number.isInteger(grid), block % 32, cluster]).toEqual([true, 0, 1]);
          expect(context.threads).toBe(block);
          expect(block).toBeLessThanOrEqual(1024);
          // what every device of compute capability 8.0 and above allows
          expect(sharedBytes).toBeLessThanOrEqual(99 * 1024);
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

test("the untuned warps: stage 1 takes 8 from chunks of 8192 when rows <= 4, stage 2 takes 8 from 512 candidates", () => {
  const stream = { cols: 50304, rowStride: 50304, k: 50, chunks: 10 };
  const warps = (rows: number, chunkSize: number) => untuned("tile_stream", { ...stream, rows, chunkSize }).warps;
  expect([warps(4, 8192), warps(4, 8191), warps(5, 8192), warps(1, 50304)]).toEqual([8, 4, 4, 8]);
  for (const name of ["heap_merge", "tile_merge"]) {
    const merge = (chunks: number, k: number) => untuned(name, { rows: 1, k, chunks, indexBytes: 4 }).warps;
    expect([merge(8, 64), merge(10, 51), merge(7, 73), merge(1, 1)]).toEqual([8, 4, 4, 4]);
  }
});

test("the untuned lists are the shortest that cover k", () => {
  const kept = (k: number) => [
    untuned("tile_stream", { rows: 1, cols: 9999, rowStride: 9999, k, chunkSize: 9999, chunks: 1 }).candidates,
    untuned("heap_merge", { rows: 1, k, chunks: 1, indexBytes: 4 }).listSize,
    untuned("tile_merge", { rows: 1, k, chunks: 1, indexBytes: 4 }).candidates,
  ];
  expect([1, 64, 65, 256, 257, 1024].map(kept)).toEqual([64, 64, 256, 256, 1024, 1024].map((size) => [size, size, size]));
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
  const kernel = named("bitonic_block");
  const context = contextOf(kernel, { dtype: "f32", order: "largest", width: 512, items: 8, rowsPerBlock: 4 });
  expect(kernel.launch(context, shape(500))).toEqual({ grid: 3, block: 256, cluster: 1, sharedBytes: 512 * 4 * 8 });
  const narrow = contextOf(kernel, { dtype: "bf16", order: "largest", width: 256, items: 8, rowsPerBlock: 8 });
  expect(kernel.launch(narrow, shape(200))).toEqual({ grid: 2, block: 256, cluster: 1, sharedBytes: 0 });
});
