import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DeviceLimits, type Dtype, plans, type Request, resolve, variantSymbol } from "../../dsl/index.ts";
import { variants } from "../../generated/variants.ts";
import { type Choice, choosePlan } from "../../runtime/choose-plan.ts";
import { sourceOrStored } from "../../runtime/kernel-source.ts";
import { basisOf, loadTuning, userTuningFolder } from "../../runtime/tuning.ts";
import { parseTable, TABLE_VERSION, type TableChoice, type TunedEntry, type TuningTable } from "../../runtime/tuning-table.ts";
import { failsWith } from "./fails-with.ts";
import "./private-cache.ts";

const DEVICE = "Test Device 1";
const LIMITS: DeviceLimits = { arch: 90, maxThreadsPerBlock: 1024, maxSharedBytes: 227 * 1024, maxCluster: 8 };
const requestOf = (rows: number, cols: number, k: number, dtype: Dtype = "bf16"): Request => ({
  ...{ rows, cols, k, rowStride: cols, dtype, order: "largest", indexBytes: 4 },
});
const HASHES = new Map<string, string>(variants.map(({ symbol, sourceHash }) => [symbol, sourceHash]));
const HEAP = { "heap_merge.warps": 8, "heap_merge.listSize": 64 };
const OWN_TEXT = "// a config that does not ship";
const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A shape and its winner, in the terms of a test. */
interface Made extends Omit<TunedEntry, "choices" | "us" | "run"> {
  readonly plan: string;
  readonly config: TableChoice["config"];
  readonly us: number;
  readonly sources: Readonly<Record<string, string>>;
  readonly basis: Readonly<Record<string, string>>;
}

/** An entry of a plan that an untuned device would not take, with the hashes of what ships. */
function entryOf(rows: number, cols: number, k: number, more: Partial<Made> = {}): Made {
  const { plan = "stream_heap", config = HEAP } = more;
  const resolution = resolve(plans.find(({ name }) => name === plan)!, requestOf(rows, cols, k), { force: config });
  if (!resolution.ok) throw new Error(resolution.reason);
  const symbols = resolution.resolved.stages.map(({ kernel, spec, tune }) => variantSymbol(kernel, spec, tune));
  const sources = Object.fromEntries(symbols.map((symbol) => [symbol, HASHES.get(symbol) ?? sha(OWN_TEXT)]));
  return { rows, cols, k, dtype: "bf16", plan, config, us: 4, sources, basis: {}, ...more };
}
const tableOf = (...made: Made[]): TuningTable => ({
  ...{ version: TABLE_VERSION, device: DEVICE },
  runs: [{ records: sha(""), protocol: "nvrtc=13.0", date: "2026-01-01T00:00:00.000Z" }],
  choices: made.map(({ plan, config, dtype, sources, basis }) => ({ plan, config, dtype, sources, basis })),
  entries: made.map(({ rows, cols, k, dtype, sample, us }, at) => ({
    ...{ rows, cols, k, dtype, ...(sample && { sample }) },
    choices: [at],
    us: [us],
    run: 0,
  })),
});
/** A table of one entry, with something of that entry changed. */
const withEntry = (change: object): string => {
  const table = tableOf(entryOf(9, 50304, 50));
  return JSON.stringify({ ...table, entries: [{ ...table.entries[0], ...change }] });
};

const folder = userTuningFolder()!;
const file = path.join(folder, "test-device-1.json");
function writeTable(table: TuningTable | string): void {
  mkdirSync(path.join(folder, "sources"), { recursive: true, mode: 0o700 });
  writeFileSync(file, typeof table === "string" ? table : JSON.stringify(table));
}
async function chosen(request: Request): Promise<Choice> {
  return choosePlan(request, LIMITS, undefined, await loadTuning(DEVICE));
}

const warnings: string[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning.message);
beforeEach(() => void process.on("warning", onWarning));
afterEach(() => {
  process.off("warning", onWarning);
  warnings.length = 0;
  rmSync(folder, { recursive: true, force: true });
  delete process.env.TOPKIT_TUNING;
  delete process.env.TOPKIT_CANDIDATE_TARGET;
});
const warned = async (): Promise<string[]> => {
  await new Promise(setImmediate);
  return warnings;
};

describe("dispatch", () => {
  it("takes what is tuned for the shape, for a near one what is tuned for the nearest, and the untuned rules further away", async () => {
    writeTable(tableOf(entryOf(100, 50304, 50), entryOf(120, 50304, 50, { config: { ...HEAP, "heap_merge.warps": 4 } })));
    const exact = await chosen(requestOf(100, 50304, 50));
    expect([exact.source, exact.resolved.plan.name, exact.resolved.stages[1]!.tune.warps]).toEqual(["tuned", "stream_heap", 8]);
    const near = await chosen(requestOf(118, 50000, 60));
    expect([near.source, near.resolved.plan.name, near.resolved.stages[1]!.tune.warps]).toEqual(["nearest", "stream_heap", 4]);
    for (const far of [requestOf(200, 50304, 50), requestOf(100, 100_000, 50), requestOf(100, 50304, 20), requestOf(100, 50304, 50, "f16")]) {
      expect((await chosen(far)).source).toBe("heuristic");
    }
    expect((await chosen(requestOf(0, 50304, 50))).source).toBe("heuristic");
  });
  it("draws by what was tuned for drawing, where there is none by what was for the top-k, which never goes by a draw's", async () => {
    const warps = async (request: Request): Promise<unknown> => (await chosen(request)).resolved.stages[1]?.tune.warps;
    const drawn = { ...requestOf(100, 50304, 50), sample: true } as const;
    writeTable(tableOf(entryOf(100, 50304, 50)));
    expect([await warps(requestOf(100, 50304, 50)), await warps(drawn)]).toEqual([8, 8]);
    const own = entryOf(100, 50304, 50, { config: { ...HEAP, "heap_merge.warps": 4 }, sample: true });
    writeTable(tableOf(entryOf(100, 50304, 50), own));
    expect([await warps(requestOf(100, 50304, 50)), await warps(drawn)]).toEqual([8, 4]);
    writeTable(tableOf(own));
    expect([(await chosen(requestOf(100, 50304, 50))).source, (await chosen(drawn)).source]).toEqual(["heuristic", "tuned"]);
    const stale = { ...own, sources: Object.fromEntries(Object.keys(own.sources).map((symbol) => [symbol, sha("another text")])) };
    writeTable(tableOf(entryOf(100, 50304, 50), stale));
    expect(await warps(drawn)).toBe(8);
  });
  it("lets several near shapes speak, the nearer the louder, each for what it measured", async () => {
    const config = (warps: number) => ({ ...HEAP, "heap_merge.warps": warps });
    const made = [90, 100, 110, 120].map((rows) => entryOf(rows, 50304, 50, { config: config(8) }));
    const other = entryOf(100, 50304, 50, { config: config(4) });
    const table = tableOf(...made, other);
    const write = (...of: readonly (readonly [own: number, other: number])[]): void =>
      writeTable({ ...table, entries: table.entries.slice(0, 4).map((entry, at) => ({ ...entry, choices: [0, 4], us: of[at]! })) });
    const warps = async (): Promise<unknown> => (await chosen(requestOf(105, 50304, 50))).resolved.stages[1]!.tune.warps;
    // what is best at one place and bad beside it is not taken between them
    write([4, 8], [4.1, 4.2], [4.1, 4.2], [4, 8]);
    expect(await warps()).toBe(8);
    write([8, 4], [4.2, 4.1], [4.2, 4.1], [8, 4]);
    writeTable({
      ...JSON.parse(readFileSync(file, "utf8")),
      entries: JSON.parse(readFileSync(file, "utf8")).entries.map(({ choices, us, ...entry }: TunedEntry) => ({
        ...entry,
        choices: choices.toReversed(),
        us: us.toReversed(),
      })),
    });
    expect(await warps()).toBe(4);
    const { tuned } = await chosen(requestOf(105, 50304, 50));
    expect(tuned).toMatchObject({ shapes: 4, exact: false, runnersUp: [{ plan: "stream_heap", config: config(8) }] });
  });
  it("reaches further where shapes were tuned densely, over powers of two the least", async () => {
    const dense = [64, 80, 100, 125, 160].map((rows) => entryOf(rows, 50304, 50));
    writeTable(tableOf(...dense));
    expect((await chosen(requestOf(300, 60000, 60))).source).toBe("nearest");
    // more than an octave of columns away, and all entries within three
    expect((await chosen(requestOf(100, 130_000, 50))).source).toBe("heuristic");
    expect((await chosen(requestOf(100, 50304, 50, "f16"))).source).toBe("nearest");
    expect((await chosen(requestOf(100, 50304, 50, "f32"))).source).toBe("heuristic");
    writeTable(tableOf(...dense.slice(0, 3)));
    expect((await chosen(requestOf(300, 60000, 60))).source).toBe("heuristic");
  });
  it("asks every rule anew, and goes on to the next nearest", async () => {
    // a list of 64 words holds no 65
    writeTable(tableOf(entryOf(100, 50304, 60), entryOf(100, 50304, 80, { config: { "heap_merge.warps": 8, "heap_merge.listSize": 256 } })));
    const choice = await chosen(requestOf(100, 50304, 65));
    expect([choice.source, choice.resolved.stages[1]!.tune.listSize]).toEqual(["nearest", 256]);
    expect((await chosen(requestOf(100, 50304, 62))).resolved.stages[1]!.tune.listSize).toBe(64);
  });
  it("takes no time of a choice for a vote against it, but where the choice was refused", async () => {
    const list = (listSize: number) => ({ "heap_merge.warps": 8, "heap_merge.listSize": listSize });
    const [small, large] = [entryOf(400, 50304, 60, { config: list(64) }), entryOf(400, 50304, 60, { config: list(256) })];
    const table = tableOf(small, large);
    const shape = table.entries[0]!;
    const around = [400, 410, 420].map((rows): TunedEntry => ({ ...shape, rows, choices: [0, 1], us: [4, 5] }));
    // the nearest knows the larger list alone; one of 64 words is refused for k 65
    const besides = (k: number): void => writeTable({ ...table, entries: [...around, { ...shape, rows: 100, k, choices: [1], us: [4] }] });
    const taken = async (): Promise<unknown> => (await chosen(requestOf(100, 50304, 63))).resolved.stages[1]!.tune.listSize;
    besides(65);
    expect(await taken()).toBe(64);
    besides(60);
    expect(await taken()).toBe(256);
  });

  it("passes over a kernel whose text changed since", async () => {
    const entry = entryOf(100, 50304, 50);
    writeTable(tableOf({ ...entry, sources: { ...entry.sources, [Object.keys(entry.sources)[1]!]: sha("another") } }));
    expect((await chosen(requestOf(100, 50304, 50))).source).toBe("heuristic");
  });
  it("runs a text that lies beside the table, of the declaration that it was rendered from", async () => {
    const config = { ...HEAP, "heap_merge.warps": 2 };
    const entry = entryOf(100, 50304, 50, { config, basis: { heap_merge: basisOf(variants, "heap_merge") } });
    writeTable(tableOf(entry));
    expect((await chosen(requestOf(100, 50304, 50))).source).toBe("heuristic");
    const source = path.join(folder, "sources", `${sha(OWN_TEXT)}.cu`);
    writeFileSync(source, OWN_TEXT);
    const { source: how, resolved, tuned } = await chosen(requestOf(100, 50304, 50));
    expect([how, resolved.stages[1]!.tune.warps]).toEqual(["tuned", 2]);
    const sourceOf = sourceOrStored(tuned!.stored);
    expect(await sourceOf(resolved.stages[1]!)).toEqual({ symbol: expect.stringContaining("warps2"), text: OWN_TEXT });
    expect((await sourceOf(resolved.stages[0]!)).text).toContain("tile_stream");
    writeFileSync(source, "changed");
    await failsWith("TK207", () => sourceOf(resolved.stages[1]!), /the tuner stored \(its hash differs\); tune again/);
    writeTable(tableOf({ ...entry, basis: { heap_merge: basisOf(variants, "tile_merge") } }));
    expect((await chosen(requestOf(100, 50304, 50))).source).toBe("heuristic");
  });
  it("forces what is forced, whatever the table says", async () => {
    writeTable(tableOf(entryOf(100, 50304, 50)));
    const choice = choosePlan(requestOf(100, 50304, 50), LIMITS, { plan: "radix_select" }, await loadTuning(DEVICE));
    expect([choice.source, choice.resolved.plan.name]).toEqual(["forced", "radix_select"]);
  });
});

describe("the environment", () => {
  const source = async (): Promise<string> => (await chosen(requestOf(100, 50304, 50))).source;

  it("says which tables count", async () => {
    writeTable(tableOf(entryOf(100, 50304, 50)));
    expect(await source()).toBe("tuned");
    for (const name of ["off", "shipped"]) {
      process.env.TOPKIT_TUNING = name;
      expect(await source()).toBe("heuristic");
    }
    process.env.TOPKIT_TUNING = file;
    expect(await source()).toBe("tuned");
    process.env.TOPKIT_TUNING = path.join(folder, "none.json");
    await failsWith("TK114", () => loadTuning(DEVICE), /TOPKIT_TUNING is .*none\.json", which is not there/);
  });
  it("turns tables off where it names a candidate target, which they would hide", async () => {
    writeTable(tableOf(entryOf(100, 50304, 50)));
    process.env.TOPKIT_CANDIDATE_TARGET = "700";
    expect(await source()).toBe("heuristic");
  });
});

describe("a table that cannot be used", () => {
  it.each([
    ["no JSON", "{", /JSON/],
    ["another version", JSON.stringify({ ...tableOf(), version: 2 }), /its version is 2, this topkit reads 4/],
    ["another device", JSON.stringify({ ...tableOf(), device: "Else" }), /it is of the device "Else"/],
    ["an entry that is none", JSON.stringify({ ...tableOf(), entries: [[]] }), /entry 0 is no object/],
    ["no rows", withEntry({ rows: 0 }), /entry 0 has rows that are no positive integer/],
    ["no run", withEntry({ run: 1 }), /entry 0 is of no run/],
    ["a dtype that is none", withEntry({ dtype: "f64" }), /entry 0 has the dtype "f64"/],
    ["a sample that is none", withEntry({ sample: false }), /entry 0 has a sample that is false/],
    ["no times", withEntry({ choices: [], us: [] }), /entry 0 has no times/],
    ["no cols", withEntry({ cols: 0.5 }), /entry 0 has cols that are no positive integer/],
    ["no k", withEntry({ k: -1 }), /entry 0 has a k that is no positive integer/],
    ["no list of times", withEntry({ us: "4" }), /entry 0 has no lists of choices and times/],
    ["a choice without a time", withEntry({ us: [] }), /entry 0 has 1 choices and 0 times/],
    ["a time that is none", withEntry({ us: [0] }), /entry 0 has a time that is none/],
    ["no choice", withEntry({ choices: [1] }), /entry 0 has a time of no choice/],
    ["a choice of another dtype", withEntry({ dtype: "f32" }), /entry 0 has a time of a choice for another dtype/],
    ["a hash that is none", JSON.stringify(tableOf({ ...entryOf(9, 50304, 50), sources: { a: "../../etc" } })), /hold what is no SHA-256/],
    ["a config of objects", JSON.stringify(tableOf({ ...entryOf(9, 50304, 50), config: { a: {} as "" } })), /no value of a tunable/],
  ])("is a warning and a miss: %s", async (_, text, reason) => {
    writeTable(text);
    expect((await chosen(requestOf(9, 50304, 50))).source).toBe("heuristic");
    expect((await warned()).join()).toMatch(new RegExp(`the tuning table .*test-device-1.json is not used: .*${reason.source}`));
  });
  it("is one in a folder that others may write", async () => {
    writeTable(tableOf(entryOf(100, 50304, 50)));
    chmodSync(folder, 0o777);
    expect((await chosen(requestOf(100, 50304, 50))).source).toBe("heuristic");
    expect((await warned()).join()).toMatch(/your tuning table is not used: .* can be written by other users/);
  });

  const whole = JSON.stringify(tableOf(entryOf(100, 50304, 50), entryOf(32, 151936, 20)));
  it("never ends a program, however a text was cut, changed or made up", () => {
    const cut = fc.nat(whole.length).map((length) => whole.slice(0, length));
    const changed = fc
      .tuple(fc.nat(whole.length - 1), fc.string({ minLength: 1, maxLength: 3 }))
      .map(([at, text]) => whole.slice(0, at) + text + whole.slice(at + text.length));
    fc.assert(
      fc.property(fc.oneof(cut, changed, fc.json(), fc.string()), (text) => {
        const parsed = parseTable(text, DEVICE);
        if (!parsed.ok) expect(parsed.reason).not.toBe("");
      }),
      { numRuns: 3000 },
    );
  });
  it("that is well formed never gives a choice that a rule refuses", async () => {
    const scalar = fc.oneof(fc.integer(), fc.constantFrom(2, 4, 8, 16, 64, 256, 1024), fc.string(), fc.boolean());
    const names = plans.flatMap((plan) => [plan, ...plan.stages].flatMap((owner) => Object.keys(owner.tune).map((name) => `${owner.name}.${name}`)));
    const entry = fc.record({
      plan: fc.oneof(fc.constantFrom(...plans.map(({ name }) => name)), fc.string()),
      config: fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), scalar, { maxKeys: 4 }),
    });
    const tuning = await loadTuning(DEVICE);
    fc.assert(
      fc.property(entry, fc.integer({ min: 1, max: 300 }), ({ plan, config }, rows) => {
        const made: Made = { ...entryOf(rows, 50304, 50), plan, config, sources: {} };
        const parsed = parseTable(JSON.stringify(tableOf(made)), DEVICE);
        expect(parsed.ok).toBe(true);
        const table = { file, origin: "user" as const, ...tableOf(made), sourceFile: () => file };
        const { resolved, source } = choosePlan(requestOf(rows, 50304, 50), LIMITS, undefined, { ...tuning, tables: [table] });
        for (const { kernel, context, launch, spec, tune } of resolved.stages) {
          const shape = { ...resolved.plan.shape(resolved.request, resolved.config), ...resolved.plan.passes[resolved.plan.stages.indexOf(kernel)] };
          expect(Object.entries(kernel.where).filter(([, holds]) => !holds(context, shape))).toEqual([]);
          expect(launch.block).toBeLessThanOrEqual(1024);
          if (source !== "heuristic") expect(HASHES.has(variantSymbol(kernel, spec, tune))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
