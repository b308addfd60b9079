import { describe, expect, it } from "vitest";
import { spaceOf } from "../../bench/autotune/space.ts";
import { brokenRule, combinations, configsToTry, contextOf, type Dtype, kernel, kernels, oneOf, plans, refusedBy, resolve } from "../../dsl/index.ts";
import { clusterSelect } from "../../dsl/kernels/cluster-select.ts";

/** What one shape should cost a tuner: kernels beyond it declare `search`. */
const MOST_ALLOWED = 2500;
const LIMITS = { arch: 90, maxThreadsPerBlock: 1024, maxSharedBytes: 227 * 1024, maxCluster: 8 };

const searched = kernels.filter(({ search }) => search !== undefined);
const specOf = (dtype: Dtype) => ({ dtype, order: "largest" });
const shapeOf = (rows: number, cols: number, k: number) => ({
  ...{ rows, cols, k, rowStride: cols, indexBytes: 4 },
  // of the two-stage plans
  ...{ chunkSize: 16384, chunks: Math.ceil(cols / 16384) },
});
const SHAPES = [shapeOf(1, 50304, 50), shapeOf(32, 4100, 250), shapeOf(200, 128256, 1000), shapeOf(1024, 32768, 8), shapeOf(40, 262144, 100)];

describe("the configs that a tuner tries", () => {
  it.each(searched.map((each) => [each.name, each] as const))("of %s are in its domains, each once, and as many as can be measured", (_, each) => {
    let most = 0;
    for (const dtype of ["bf16", "f32"] as const) {
      for (const shape of SHAPES.filter((shape) => refusedBy(each, specOf(dtype), shape) === undefined)) {
        const configs = [...configsToTry(each, specOf(dtype), shape)];
        expect(configs.filter((config) => Object.entries(each.tune).some(([name, { values }]) => !values.includes(config[name]!)))).toEqual([]);
        expect(new Set(configs.map((config) => Object.keys(each.tune).map((name) => config[name])).map(String)).size).toBe(configs.length);
        const allowed = configs.filter((tune) => brokenRule(each, contextOf(each, { ...specOf(dtype), ...tune }), shape) === undefined).length;
        most = Math.max(most, allowed);
      }
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThan(MOST_ALLOWED);
  });
  it("are all of them where a kernel does not say", () => {
    const plain = kernels.find(({ search }) => search === undefined)!;
    expect([...configsToTry(plain, specOf("f32"), SHAPES[0]!)]).toEqual([...combinations(plain.tune)]);
  });
  it.each([SHAPES[0]!, shapeOf(4096, 256, 8), shapeOf(64, 151936, 50)])("hold what an untuned device takes, of every plan that answers: %o", (shape) => {
    const request = { ...shape, dtype: "bf16", order: "largest", indexBytes: 4 } as const;
    const answering = plans.filter((plan) => resolve(plan, request, { limits: LIMITS }).ok);
    expect(spaceOf(request, LIMITS).untuned).toHaveLength(answering.length);
  });
  it("of a two-stage plan are few enough to try all", () => {
    for (const [at, shape] of SHAPES.entries()) {
      const request = { ...shape, dtype: at % 2 === 0 ? "bf16" : "f32", order: "largest", indexBytes: 4 } as const;
      for (const name of ["stream_tile", "stream_heap"]) {
        const only = plans.filter((plan) => plan.name === name);
        expect(spaceOf(request, LIMITS, only).candidates.length).toBeLessThan(1500);
      }
    }
  });
  it("must be declared for a kernel that has too many", () => {
    const many = { ...clusterSelect, search: undefined };
    expect(() => kernel("many", many)).toThrow('kernel "many" has 34560 configs, more than 4096: declare `search`');
    expect(() => kernel("few", { ...many, tune: { ...many.tune, threads: oneOf(128), vectors: oneOf(1) } })).not.toThrow();
  });
  it("leave out kernels that are not launched, and turn one that is launched in several passes once", () => {
    const request = { ...shapeOf(1, 200_000, 50), dtype: "bf16", order: "largest", indexBytes: 4 } as const;
    const { candidates } = spaceOf(
      request,
      LIMITS,
      plans.filter(({ name }) => name === "radix_select"),
    );
    expect(candidates.length).toBeLessThan(5000);
    const counted = candidates.filter(({ config }) => "radix_count.warps" in config);
    expect(counted.length).toBeGreaterThan(0);
    for (const { config } of counted) expect(Object.keys(config)).not.toContain("radix_scatter.items");
  });
});
