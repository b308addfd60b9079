import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { presentChoice } from "../../bench/autotune/device-target.ts";
import type { Outcome } from "../../bench/autotune/outcome.ts";
import { Progress } from "../../bench/autotune/progress.ts";
import { RecordWriter, readRecords, type TuneRecord } from "../../bench/autotune/records.ts";
import { loadSources } from "../../bench/autotune/renderer.ts";
import type { Sources } from "../../bench/autotune/sources.ts";
import { type Candidate, candidateId, spaceOf } from "../../bench/autotune/space.ts";
import { trueTime } from "../../bench/autotune/synthetic.ts";
import { TableKeeper } from "../../bench/autotune/table-keeper.ts";
import { type Target, type TuneOptions, tune } from "../../bench/autotune/tune.ts";
import { requestOf } from "../../bench/stage-profile.ts";
import type { Workload } from "../../bench/workloads.ts";
import { choosePlan } from "../../runtime/choose-plan.ts";

const LIMITS = { arch: 90, maxThreadsPerBlock: 1024, maxSharedBytes: 227 * 1024, maxCluster: 8 };
const workload = (rows: number, cols: number, k: number): Workload => ({ suite: "s", rows, cols, k, dtype: "bf16", dist: "normal" });
const SHAPES = [workload(4096, 256, 8), workload(4096, 256, 10)];

let sources: Sources;
beforeAll(async () => {
  sources = await loadSources();
});
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "topkit-tune-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Candidates asked for, and what a fake device says of them. */
class FakeTarget implements Target {
  readonly device = "NVIDIA H200";
  readonly limits = LIMITS;
  protocol = "mode=graph-cold";
  readonly sources = sources;
  asked: string[] = [];
  opened = 0;
  outcomeOf: (candidate: Candidate, rounds: number) => Outcome = (candidate, rounds) => ({ us: Array(rounds).fill(trueTime(candidate)) });
  readonly present: Target["present"] = (request) => presentChoice(() => choosePlan(request, LIMITS));
  readonly measurer: Target["measurer"] = () => {
    this.opened += 1;
    return {
      measure: async (candidates, rounds) => {
        this.asked.push(...candidates.map(({ id }) => id));
        return candidates.map((candidate) => this.outcomeOf(candidate, rounds));
      },
    };
  };
}

const quiet = { begin: () => {}, batch: () => {}, outcome: () => {}, end: () => {} };
const options = (target: Target, more: Partial<TuneOptions> = {}): TuneOptions => ({
  ...{ target, workloads: SHAPES, strategy: "nearest", budget: {}, seed: 1, records: [], watch: quiet },
  writer: new RecordWriter(folder, `${Math.random()}`),
  ...more,
});

describe("tuning", () => {
  it("finds what is faster than the present choice, and records every round of every candidate", async () => {
    const target = new FakeTarget();
    const { tuned, interrupted, problems } = await tune(options(target));
    expect([interrupted, problems, tuned.length]).toEqual([false, [], 2]);
    for (const { winner, present, ranked } of tuned) {
      expect(winner!.median).toBeLessThan(present!.median);
      expect(winner!.median).toBe(Math.min(...ranked.map(({ median }) => median)));
      expect(winner!.rounds).toBeGreaterThanOrEqual(9);
    }
    const { records } = readRecords(folder);
    expect(records).toHaveLength(target.asked.length);
    expect(records.every((record) => record.sources.length > 0 && record.device === "NVIDIA H200")).toBe(true);
  });
  it("measures nothing again that is recorded, and all that is recorded of other sources, protocols or devices", async () => {
    const first = new FakeTarget();
    await tune(options(first));
    const { records } = readRecords(folder);
    const again = async (known: readonly TuneRecord[], target = new FakeTarget()): Promise<number> => {
      await tune(options(target, { records: known }));
      return target.asked.length;
    };
    expect(await again(records)).toBe(0);
    for (const change of [{ sources: ["00"] }, { protocol: "mode=eager" }, { device: "NVIDIA H100" }, { plan: "gone" }]) {
      expect(await again(records.map((record) => ({ ...record, ...change })))).toBe(first.asked.length);
    }
  });
  it("tries what was fastest for near shapes in the records where that is wanted", async () => {
    const near = workload(4096, 256, 9);
    const asked = async (more: Partial<TuneOptions>): Promise<string[]> => {
      const target = new FakeTarget();
      await tune(options(target, { workloads: [near], ...more }));
      return target.asked;
    };
    const usual = await asked({});
    const [record] = readRecords(folder).records;
    // something that a search around the untuned configs does not come to
    const unusual = spaceOf(requestOf(near), LIMITS).candidates.find(({ id }) => !usual.includes(id))!;
    const fast = { ...record!, request: requestOf(SHAPES[0]!), plan: unusual.plan, config: unusual.config, us: [0.01, 0.01, 0.01] };
    expect(await asked({ records: [fast], transfer: true })).toContain(unusual.id);
    expect(await asked({ records: [fast] })).not.toContain(unusual.id);
  });
  it("keeps to given choices, and what is taken now", async () => {
    const target = new FakeTarget();
    const choices = [{ plan: "bitonic_block", config: { "bitonic_block.width": 256, "bitonic_block.items": 4, "bitonic_block.rowsPerBlock": 1 } }];
    const { tuned } = await tune(options(target, { choices, strategy: "exhaustive" }));
    expect(tuned.map(({ candidates }) => candidates)).toEqual([2, 2]);
    expect(new Set(target.asked.filter((id) => id.startsWith("bitonic_block")))).toEqual(new Set([candidateId("bitonic_block", choices[0]!.config)]));
  });
  it("ends at once by the signal, keeps what was recorded, and goes on from there", async () => {
    const stop = new AbortController();
    const target = new FakeTarget();
    let left = 12;
    const watch = { ...quiet, outcome: () => void (--left === 0 && stop.abort(new Error("interrupted"))) };
    const { tuned, interrupted } = await tune(options(target, { signal: stop.signal, watch }));
    expect([interrupted, tuned.length]).toEqual([true, 1]);
    const { records } = readRecords(folder);
    expect(records.length).toBeGreaterThanOrEqual(12);
    const later = new FakeTarget();
    await tune(options(later, { records }));
    const whole = new FakeTarget();
    await tune(options(whole));
    expect(later.asked.length).toBe(whole.asked.length - records.length);
  });
  it("does not wait for a measurement that is under way when the signal comes", async () => {
    const stop = new AbortController();
    const target = new FakeTarget();
    const stuck: Target = { ...target, measurer: () => ({ measure: () => new Promise(() => {}) }) };
    setTimeout(() => stop.abort(new Error("interrupted")), 50);
    expect((await tune(options(stuck, { signal: stop.signal }))).interrupted).toBe(true);
  });
  it("tells what fails for a workload, and goes on with the others", async () => {
    const target = new FakeTarget();
    target.outcomeOf = (_, rounds) => {
      if (target.opened === 1) throw new Error("the process that measures did not start: no memory");
      return { us: Array(rounds).fill(1) };
    };
    const { tuned, problems } = await tune(options(target));
    expect(tuned).toHaveLength(1);
    expect(problems).toEqual(["4096 x 256 k 8 bf16 normal: the process that measures did not start: no memory"]);
    target.outcomeOf = () => ({ invalidity: "correctness", reason: "1 rows differ" });
    const none = await tune(options(target, { workloads: SHAPES.slice(0, 1) }));
    expect(none.problems).toEqual(["4096 x 256 k 8 bf16 normal: no candidate gave a right result in time"]);
    expect(none.tuned[0]!.invalid).toEqual({ correctness: none.tuned[0]!.measured });
  });
  it("shares the time out among the workloads, and always makes the last comparison", async () => {
    let now = 0;
    const target = new FakeTarget();
    target.outcomeOf = (candidate, rounds) => {
      now += rounds;
      return { us: Array(rounds).fill(trueTime(candidate)) };
    };
    const { tuned } = await tune(options(target, { strategy: "random", budget: { milliseconds: 100 }, now: () => now }));
    expect(tuned).toHaveLength(2);
    for (const { winner, measured } of tuned) {
      expect(winner!.rounds).toBeGreaterThanOrEqual(9);
      expect(measured).toBeLessThan(40);
    }
  });
  it("begins with the winners of the shapes before", async () => {
    const target = new FakeTarget();
    const begun: string[] = [];
    const begin = (): void => {
      target.asked = [];
    };
    const watch = { ...quiet, begin, end: () => void begun.push(...target.asked.slice(0, 4)) };
    const { tuned } = await tune(options(target, { watch }));
    expect(begun.slice(4)).toContain(tuned[0]!.winner!.candidate.id);
  });
});

describe("a tuner's progress", () => {
  it("says what runs, the best so far, how many of how many, and the time left", async () => {
    let now = 0;
    const progress = new Progress({ budget: 600_000, now: () => now });
    const lines: string[] = [];
    const watch = {
      begin: (...begun: Parameters<Progress["begin"]>) => void lines.push(progress.begin(...begun)),
      batch: (...batch: Parameters<Progress["batch"]>) => {
        now += 10_000;
        progress.batch(...batch);
        lines.push(progress.line());
      },
      outcome: (id: string, outcome: Outcome) => progress.outcome(id, outcome),
      end: () => {},
    };
    await tune(options(new FakeTarget(), { watch, workloads: SHAPES.slice(0, 1) }));
    expect(lines[0]).toMatch(/^\[1\/1\] 4096 x 256 k 8 bf16 normal: \d+ candidates$/);
    expect(lines[1]).toMatch(/: 0 of \d+, no time yet, 9 min 50 s left, now 3 rounds of .* and \d+ more$/);
    expect(lines[2]).toMatch(/: [1-9]\d* of \d+, best \d+\.\d\d us \(.*\), 9 min 40 s left, now /);
  });
  it("counts rounds where those are bounded, and the time that they leave", () => {
    let now = 0;
    const progress = new Progress({ rounds: 10, now: () => now });
    progress.begin(0, 1, SHAPES[0]!, spaceOf(requestOf(SHAPES[0]!), LIMITS), new Map());
    now = 6000;
    progress.outcome("a", { us: [1, 2, 3] });
    expect(progress.line()).toMatch(/: 1 of \d+, 3 of 10 rounds, best 2\.00 us \(a\), at most 14 s left for this shape, now /);
    progress.outcome("b", { us: Array(9).fill(1) });
    expect(progress.line()).toMatch(/, 10 of 10 rounds, best 1\.00 us \(b\), at most 0 s left/);
  });
});

describe("the table of a tuner under way", () => {
  it("is written between batches, not more often than every ten seconds, and at the end", async () => {
    let now = 0;
    const written: number[] = [];
    const kept = new TableKeeper({ write: async ({ rows }) => void written.push(rows), now: () => now });
    await kept.end();
    kept.begin(requestOf(SHAPES[0]!));
    await kept.soon();
    now = 9999;
    await kept.soon();
    expect(written).toEqual([]);
    now = 10_000;
    await kept.soon();
    await kept.soon();
    expect(written).toEqual([SHAPES[0]!.rows]);
    kept.begin(requestOf(SHAPES[1]!));
    await kept.end();
    expect(written).toEqual([SHAPES[0]!.rows, SHAPES[1]!.rows]);
  });
  it("holds no batch up but by its own writing", async () => {
    const order: string[] = [];
    const target = new FakeTarget();
    const writing = async (): Promise<void> => {
      order.push("begun");
      await Promise.resolve();
      order.push("done");
    };
    await tune(options(target, { workloads: SHAPES.slice(0, 1), watch: { ...quiet, batch: writing, outcome: () => void order.push("outcome") } }));
    expect(order.slice(0, 3)).toEqual(["begun", "done", "outcome"]);
  });
});
