import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Clocks } from "../../bench/clocks.ts";
import { countWrongRows, planInputs } from "../../bench/device-inputs.ts";
import { makePart, mergeAnswers, PartMaker, partsOf } from "../../bench/input-parts.ts";
import { callsOfGo, measureInTurns } from "../../bench/measure.ts";
import { rawBits, referenceTopk } from "../../bench/reference.ts";
import type { ResultRow } from "../../bench/results.ts";
import { type BenchOptions, planText, runBench } from "../../bench/run-bench.ts";
import { smokeCases } from "../../bench/smoke.ts";
import { runAlone, type StageProfile } from "../../bench/stage-profile.ts";
import { makeInput, type Workload } from "../../bench/workloads.ts";
import { plans } from "../../dsl/index.ts";
import { useNative } from "../../runtime/native-access.ts";
import { FakeNative } from "../runtime/fake-native.ts";
import "../runtime/private-cache.ts";

const WORKLOAD: Workload = { suite: "s", rows: 3, cols: 100, k: 4, dtype: "f32", dist: "normal" };

describe("inputs", () => {
  it("rotate through more than twice the L2, at aligned addresses", () => {
    const plan = planInputs({ rows: 1, cols: 50304, dtype: "bf16" }, 60 * 2 ** 20);
    expect(plan).toMatchObject({ strideBytes: 100608, outgrowL2: true });
    expect(plan.copies * plan.strideBytes).toBeGreaterThan(2 * 60 * 2 ** 20);
  });
  it("are two where one is enough, and no more than a graph should hold", () => {
    expect(planInputs({ rows: 4096, cols: 50304, dtype: "bf16" }, 60 * 2 ** 20)).toMatchObject({ copies: 2, distinct: 1, outgrowL2: true });
    expect(planInputs({ rows: 1, cols: 128, dtype: "f32" }, 60 * 2 ** 20)).toMatchObject({ copies: 2048, distinct: 2048, outgrowL2: false });
  });
  it("come in parts with the bits of the whole", async () => {
    const workload: Workload = { ...WORKLOAD, rows: 50, cols: 100_000, k: 3 };
    const jobs = partsOf(workload, 2, 7);
    expect(jobs.map(({ input, firstRow, rows, seed }) => [input, firstRow, rows, seed])).toEqual([
      ...[0, 1].flatMap((input) => [0, 20, 40].map((first) => [input, first, Math.min(20, 50 - first), 7 + input])),
    ]);
    const small = { ...workload, cols: 50 };
    const whole = makeInput({ ...small, seed: 7 });
    expect(makePart({ workload: small, seed: 7, firstRow: 20, rows: 5, firstCol: 0, cols: 50 }).data).toEqual(whole.subarray(20 * 50, 25 * 50));
  });
  it("cut long rows where all places are alike, and find the row's answer in its pieces'", () => {
    const long: Workload = { suite: "s", rows: 2, cols: 2 ** 22 + 3, k: 5, dtype: "f16", dist: "few" };
    const jobs = partsOf(long, 1, 7);
    expect(jobs.map(({ firstRow, rows, firstCol, cols }) => [firstRow, rows, firstCol, cols])).toEqual(
      [0, 1].flatMap((row) => [0, 2 ** 21, 2 ** 22].map((first) => [row, 1, first, Math.min(2 ** 21, long.cols - first)])),
    );
    expect(partsOf({ ...long, dist: "logprob" }, 1, 7).map(({ firstCol, cols }) => [firstCol, cols])).toEqual([0, 1].map(() => [0, long.cols]));
    const second = jobs.filter(({ firstRow }) => firstRow === 1).map((job) => ({ ...job, ...makePart(job) }));
    const row = makeInput({ ...long, rows: 1, seed: 7, firstRow: 1 });
    for (const { data, firstCol } of second) expect(rawBits(data).every((bits, at) => bits === row[firstCol + at])).toBe(true);
    // the last piece has fewer columns than k, and ties run through all of them
    expect(mergeAnswers(long, second.toReversed())).toEqual(referenceTopk({ ...long, data: row, rows: 1 }));
  });
  it("are each used once", async () => {
    const seen: number[] = [];
    const maker = new PartMaker(0);
    await maker.forEach(WORKLOAD, 3, 1, async ({ input, data, values }) => {
      expect([data.length, values.length]).toEqual([300, 12]);
      seen.push(input);
    });
    maker.close();
    expect(seen).toEqual([0, 1, 2]);
  });
});

describe("a go", () => {
  it("has whole turns of the inputs, about four milliseconds of them", () => {
    expect(callsOfGo(100, true, 400)).toBe(1000);
    expect(callsOfGo(1251, true, 3500)).toBe(1251);
    expect(callsOfGo(2, true, 10_000)).toBe(2);
  });
  it("is no longer than a graph should be, and uses no input twice that would still be in the L2", () => {
    expect(callsOfGo(1, true, 0.5)).toBe(4096);
    expect(callsOfGo(2048, false, 500)).toBe(2048);
  });
});

describe("turns", () => {
  const order: string[] = [];
  const contender = (name: string, times: number[]) => ({
    sample: async () => {
      order.push(name);
      return times.shift()!;
    },
  });
  it("alternate, there and back", async () => {
    const samples = await measureInTurns([contender("a", [1, 2, 3]), contender("b", [4, 5, 6])], { rounds: 3 });
    expect(order).toEqual(["a", "b", "b", "a", "a", "b"]);
    expect(samples).toEqual([
      { us: [1, 2, 3], dropped: 0 },
      { us: [4, 5, 6], dropped: 0 },
    ]);
  });
  it("drop what was measured while the device was slowed down, unless that is most of it", async () => {
    // asked before and after each sample
    const told = [false, true, false, false, false, false].values();
    const some = await measureInTurns([contender("a", [9, 1, 2])], { rounds: 3, throttled: () => told.next().value ?? false });
    expect(some).toEqual([{ us: [1, 2], dropped: 1 }]);
    const all = await measureInTurns([contender("a", [9, 1, 2])], { rounds: 3, throttled: () => true });
    expect(all).toEqual([{ us: [9, 1, 2], dropped: 0 }]);
  });
  it("stop between two samples", async () => {
    const stop = new AbortController();
    stop.abort();
    await expect(measureInTurns([contender("a", [1])], { rounds: 1, signal: stop.signal })).rejects.toThrow(/abort/i);
  });
});

describe("clocks", () => {
  it("reads nvidia-smi's lines", () => {
    using clocks = new Clocks();
    expect([clocks.throttled(), clocks.range()]).toEqual([false, undefined]);
    clocks.read("1980, 0x0000000000000000");
    clocks.read("1755, 0x0000000000000004");
    expect([clocks.throttled(), clocks.range()]).toEqual([false, "1755-1980"]);
    clocks.read("1200, 0x0000000000000020");
    clocks.read("[N/A], [N/A]");
    expect([clocks.throttled(), clocks.throttled(), clocks.range()]).toEqual([true, false, "1200"]);
  });
});

it("counts rows that differ in any bit", () => {
  const answers = { values: Float32Array.of(2, 1, 4, 0), indices: Int32Array.of(0, 1, 2, 3) };
  expect(countWrongRows(answers, answers, 0, 2)).toBe(0);
  expect(countWrongRows({ ...answers, values: Float32Array.of(2, 1, 4, -0) }, answers, 0, 2)).toBe(1);
  expect(countWrongRows({ ...answers, indices: Int32Array.of(1, 1, 2, 0) }, answers, 0, 2)).toBe(2);
});

it("writes a plan without commas", () => {
  const kernels = [{ name: "a", config: { warps: 4, x: 1 }, launches: 1 }];
  expect(planText({ plan: "p", config: { chunks: 2 }, kernels })).toBe("p{chunks:2} a{warps:4 x:1}");
});

describe("a run on a fake device", () => {
  let native: FakeNative;
  beforeEach(() => {
    native = new FakeNative();
    native.l2Bytes = 4096;
    native.microsecondsOf = (symbol) => (symbol === "floor_read" ? 2 : symbol === "floor_empty" ? 0.5 : 5);
    useNative(native);
  });
  afterEach(() => useNative(undefined));

  const run = async (other: Partial<BenchOptions> = {}) => {
    const rows: ResultRow[] = [];
    const profiles: StageProfile[] = [];
    const lines: string[] = [];
    const outcome = await runBench({
      ...{ cases: [{ workload: WORKLOAD }], modes: ["graph-cold"], torch: false, rounds: 3, profile: false, threads: 0 },
      ...{ onRow: (row) => rows.push(row), onProfile: (profile) => profiles.push(profile), log: (line) => lines.push(line) },
      ...other,
    });
    return { ...outcome, rows, profiles, lines };
  };

  it("times and checks every row, in every mode", async () => {
    const { rows, problems } = await run({ modes: ["graph-cold", "graph-hot", "eager"] });
    expect(problems).toEqual([]);
    expect(rows.map(({ impl, mode, usMedian, exact }) => [impl, mode, usMedian, exact])).toEqual(
      ["graph-cold", "graph-hot", "eager"].flatMap((mode) => [
        ["floor", mode, expect.closeTo(2), "-"],
        ["topkit", mode, expect.closeTo(5), "yes"],
      ]),
    );
    expect(rows[1]?.protocol).toMatch(/^seed=1;cuda=13\.0;nvrtc=13\.0;empty=0\.500;rounds=3;dropped=0;calls=\d+;inputs=7;distinct=7;plan=bitonic_block /);
    expect(rows[1]).toMatchObject({ suite: "s", rows: 3, cols: 100, k: 4, dtype: "f32", dist: "normal", device: "Fake H200", gbps: expect.closeTo(0.24) });
    expect(native.openDevices).toBe(0);
  });
  it("measures a workload of two suites once", async () => {
    const { rows, lines } = await run({ cases: [{ workload: WORKLOAD }, { workload: { ...WORKLOAD, suite: "t" } }] });
    expect(rows.map(({ suite, impl }) => `${suite} ${impl}`)).toEqual(["s floor", "s topkit", "t floor", "t topkit"]);
    expect(lines.filter((line) => line.startsWith("["))).toEqual(["[1/1] 3 x 100 k 4 f32 normal"]);
  });
  it("finds a result that is wrong", async () => {
    // nobody computes kernels of two stages here: their results stay poisoned
    const { rows, problems } = await run({ cases: [{ workload: { ...WORKLOAD, cols: 5000 }, force: { plan: "stream_heap" } }] });
    expect(rows.at(-1)).toMatchObject({ impl: "topkit", exact: "no" });
    expect(problems).toEqual(["3 x 5000 k 4 f32 normal, graph-cold: 6 rows differ from the reference"]);
  });
  it("measures draws beside the top-k, and finds a token that is wrong", async () => {
    const { rows } = await run({ sample: true });
    expect(rows.map(({ impl, usMedian, exact }) => [impl, usMedian, exact])).toEqual([
      ["floor", expect.closeTo(2), "-"],
      ["topkit", expect.closeTo(5), "yes"],
      ["topkit-sample", expect.closeTo(10), "yes"],
    ]);
    native.draws = false;
    const { rows: wrong, problems } = await run({ sample: true });
    expect(wrong[2]).toMatchObject({ impl: "topkit-sample", exact: "no" });
    expect(rows[2]?.protocol).toMatch(/;plan=bitonic_block bitonic_block\{.*\} sample_row\{warps:1 items:1\}$/);
    expect(problems).toEqual(["3 x 100 k 4 f32 normal, graph-cold: 21 rows drew another token than the CPU backend"]);
    expect(native.liveAllocations).toBe(0);
  });
  it("goes on where nothing answers a shape", async () => {
    const beyond = { ...WORKLOAD, cols: 5000, k: 5000 };
    const { rows, problems } = await run({ cases: [{ workload: beyond, force: { plan: "stream_tile" } }, { workload: WORKLOAD }] });
    expect(problems).toHaveLength(1);
    expect(rows.map(({ impl, cols }) => [impl, cols])).toEqual([
      ["floor", 5000],
      ["floor", 100],
      ["topkit", 100],
    ]);
  });
  it("profiles the stages of a plan that has several", async () => {
    const { profiles } = await run({ cases: [{ workload: { ...WORKLOAD, cols: 5000 } }], profile: true });
    expect(profiles).toHaveLength(1);
    expect(profiles[0]?.whole.median).toBeCloseTo(10);
    expect(profiles[0]?.stages.map(({ time }) => time.median)).toEqual([expect.closeTo(5), expect.closeTo(5)]);
  });
  it("profiles no plan of which two kernels write one buffer", () => {
    const stage = (...buffers: [string, "in" | "out" | "scratch"][]) => {
      const entries = buffers.map(([name, dir]) => [name, { dir, element: "key", optional: false }]);
      return { ...plans[0]!.stages[0]!, buffers: Object.fromEntries(entries) };
    };
    expect(runAlone({ stages: [stage(["list", "out"], ["values", "out"]), stage(["list", "in"], ["values", "out"])] })).toBe(true);
    expect(runAlone({ stages: [stage(["list", "out"]), stage(["list", "scratch"])] })).toBe(false);
  });
  it("stops where it is told to, with what was done", async () => {
    const stop = new AbortController();
    const { rows, interrupted } = await run({
      cases: [{ workload: WORKLOAD }, { workload: { ...WORKLOAD, k: 5 } }],
      signal: stop.signal,
      onProfile: () => stop.abort(),
      log: (line) => void (line.startsWith("[2/") && stop.abort()),
    });
    expect(interrupted).toBe(true);
    expect(rows).toHaveLength(2);
  });
});

it("smokes every plan, on a shape that it answers", () => {
  const { cases, missing } = smokeCases([
    WORKLOAD,
    { ...WORKLOAD, cols: 50304 },
    { ...WORKLOAD, cols: 50304, k: 300 },
    { ...WORKLOAD, rows: 100, cols: 50304 },
  ]);
  expect(missing).toEqual([]);
  expect(cases.map(({ force }) => force.plan)).toEqual(plans.map(({ name }) => name));
});
