import { describe, expect, it } from "vitest";
import { candidateId, spaceOf } from "../../bench/autotune/space.ts";
import { REQUEST, syntheticSpace } from "../../bench/autotune/synthetic.ts";
import { type AnyConfig, plans, resolve, type Scalar } from "../../dsl/index.ts";

const space = syntheticSpace();

describe("the space of a request", () => {
  it("holds every config that the rules allow, each once", () => {
    expect(space.candidates.length).toBeGreaterThan(100);
    expect(new Set(space.candidates.map(({ id }) => id)).size).toBe(space.candidates.length);
    for (const { plan, config } of space.candidates) {
      expect(resolve(plans.find(({ name }) => name === plan)!, REQUEST, { force: config })).toMatchObject({ ok: true });
    }
  });
  it("holds candidates of the same launches once: a pinned chunk size that the target gives anyway is no other", () => {
    const launches = space.candidates.map(({ plan, config }) => {
      const resolution = resolve(plans.find(({ name }) => name === plan)!, REQUEST, { force: config });
      if (!resolution.ok) throw new Error(resolution.reason);
      return JSON.stringify(resolution.resolved.stages.map(({ kernel, tune, launch, arguments: values }) => [kernel.name, tune, launch, values]));
    });
    expect(new Set(launches).size).toBe(launches.length);
  });
  it("knows what the plans take untuned, in the catalog's order", () => {
    expect(space.untuned.map((at) => space.candidates[at]!.plan)).toEqual(["stream_tile", "stream_heap"]);
    for (const at of space.untuned) {
      const { plan } = space.candidates[at]!;
      const own = resolve(plans.find(({ name }) => name === plan)!, REQUEST);
      const forced = resolve(plans.find(({ name }) => name === plan)!, REQUEST, { force: space.candidates[at]!.config });
      expect(own.ok && forced.ok && forced.resolved.stages.map(({ launch }) => launch)).toEqual(own.ok && own.resolved.stages.map(({ launch }) => launch));
    }
  });
  it("has neighbours that differ by one tunable, or by two where a step of one asks for it", () => {
    for (const at of [0, 7, space.candidates.length - 1]) {
      const { plan, config } = space.candidates[at]!;
      const around = space.neighbours(at);
      expect(around.length).toBeGreaterThan(1);
      expect(new Set(around).size).toBe(around.length);
      const differing = around.map((neighbour) => {
        const other = space.candidates[neighbour]!;
        expect(other.plan).toBe(plan);
        return Object.keys(config).filter((name) => config[name] !== other.config[name]).length;
      });
      expect(Math.min(...differing)).toBe(1);
      expect(Math.max(...differing)).toBeLessThanOrEqual(2);
    }
  });
  it("leads to fewer slots a thread with the more tiles that these ask for", () => {
    const request = { ...REQUEST, rows: 128, cols: 32000, k: 200, dtype: "bf16", rowStride: 32000 } as const;
    const wide = spaceOf(
      request,
      undefined,
      plans.filter(({ name }) => name === "block_select"),
    );
    const rest = { warps: 16, stages: 2, delegates: 1, candidates: 512, saved: 0, blocksPerSm: 1, multiprocessors: 132, grouped: 1 };
    const place = (config: AnyConfig): number => {
      const named: AnyConfig = Object.fromEntries(Object.entries<Scalar>({ ...rest, ...config }).map(([name, value]) => [`block_select.${name}`, value]));
      return wide.indexOf(candidateId("block_select", named));
    };
    const [four, two] = [place({ vectors: 4, tiles: 2 }), place({ vectors: 2, tiles: 4 })];
    expect([four, two].every((at) => at >= 0)).toBe(true);
    expect(wide.neighbours(four)).toContain(two);
    expect(wide.neighbours(two)).toContain(four);
  });
  it("leads from a given choice, which `search` would not have tried, to the candidates that are like it", () => {
    const request = { ...REQUEST, rows: 64, cols: 128256, rowStride: 128256 };
    const only = plans.filter(({ name }) => name === "block_select");
    const given = spaceOf(request, undefined, only).untuned[0]!;
    const wide = spaceOf(request, undefined, only);
    const own = wide.candidates[given]!;
    const around = wide.neighbours(given);
    expect(around.length).toBeGreaterThan(0);
    for (const at of around) expect(wide.candidates[at]!.plan).toBe(own.plan);
    expect(around.map((at) => wide.candidates[at]!.config["block_select.saved"])).toContain(0);
  });
  it("applies the device's limits before anything is compiled", () => {
    const tight = { arch: 80, maxThreadsPerBlock: 128, maxSharedBytes: 48 * 1024, maxCluster: 1 };
    const small = spaceOf(
      REQUEST,
      tight,
      plans.filter(({ name }) => name === "stream_heap"),
    );
    expect(small.candidates.length).toBeGreaterThan(0);
    expect(small.candidates.length).toBeLessThan(space.candidates.filter(({ plan }) => plan === "stream_heap").length);
    expect(small.candidates.every(({ effort: [, bytes, threads] }) => threads! <= 128 && bytes! <= 48 * 1024)).toBe(true);
  });
  it("names a candidate the same, whatever the order of its tunables", () => {
    expect(candidateId("p", { b: 1, a: 2 })).toBe(candidateId("p", { a: 2, b: 1 }));
    expect(space.indexOf("p a=2")).toBe(-1);
  });
});
