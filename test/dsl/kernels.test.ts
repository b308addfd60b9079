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
  refusedBy,
  type Shape,
  variantSymbol,
} from "../../dsl/index.ts";
import { requests } from "./arbitrary.ts";

/** Every plan's shapes that a kernel accepts, for a request. */
function acceptedShapes(kernel: AnyKernel, request: Request, candidateTarget: number): Shape<string>[] {
  const spec = { dtype: request.dtype, order: request.order };
  return plans
    .filter((plan) => plan.stages.includes(kernel))
    .map((plan) => plan.shape(request, plan.untuned({ candidateTarget }, request)))
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
          expect(sharedBytes).toBeLessThanOrEqual(48 * 1024);
          expect(grid === 0).toBe(shape.rows === 0);
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
