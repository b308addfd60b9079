import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TuneRecord } from "../../bench/autotune/records.ts";
import { loadSources } from "../../bench/autotune/renderer.ts";
import type { Sources } from "../../bench/autotune/sources.ts";
import { configOf, resolvedOf } from "../../bench/autotune/space.ts";
import { updateTable } from "../../bench/autotune/table-file.ts";
import { winnersOf } from "../../bench/autotune/winners.ts";
import { type AnyConfig, plans, type Request, resolve } from "../../dsl/index.ts";
import { variants } from "../../generated/variants.ts";
import { parseTable } from "../../runtime/tuning-table.ts";
import { failsWith } from "../runtime/fails-with.ts";

const DEVICE = "NVIDIA H200";
const requestOf = (rows: number): Request => ({ rows, cols: 256, k: 8, rowStride: 256, dtype: "bf16", order: "largest", indexBytes: 4 });
/** Of no config that ships. */
const OWN = { "bitonic_block.width": 256, "bitonic_block.items": 4, "bitonic_block.rowsPerBlock": 1 };
const OTHER_SHIPPED = { "bitonic_block.width": 512, "bitonic_block.items": 2, "bitonic_block.rowsPerBlock": 1 };
const SHIPPED = { "bitonic_block.width": 256, "bitonic_block.items": 2, "bitonic_block.rowsPerBlock": 1 };

let sources: Sources;
beforeAll(async () => {
  sources = await loadSources();
});
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "topkit-table-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function record(config: AnyConfig, us: number, more: Partial<TuneRecord> = {}): TuneRecord {
  const request = more.request ?? requestOf(4096);
  const resolution = resolve(plans.find(({ name }) => name === "bitonic_block")!, request, { force: config });
  if (!resolution.ok) throw new Error(resolution.reason);
  const measuredOf = sources.hashesOf(resolution.resolved);
  const time = "2026-01-01T00:00:00.000Z";
  return { v: 1, time, device: DEVICE, protocol: "nvrtc=13.0", request, plan: "bitonic_block", config, sources: measuredOf, us: [us, us, us], ...more };
}
const winners = (records: readonly TuneRecord[], untuned?: AnyConfig) =>
  winnersOf({ records, sources, variants, untuned: () => (untuned === undefined ? undefined : { plan: "bitonic_block", config: untuned }) });

/** Of one that does not ship, and one that does and takes a microsecond more. */
const pair = (us: number, rows = 4096): readonly TuneRecord[] => [
  record(OWN, us, { request: requestOf(rows) }),
  record(SHIPPED, us + 1, { request: requestOf(rows) }),
];

describe("winners of records", () => {
  it("are the fastest, with the texts that are not rendered, of both orders, and what they came from", () => {
    const [only] = winners([record(SHIPPED, 5), record(OWN, 4)]);
    const { device, choices, entries, runs } = only!.table;
    expect([device, entries.length, runs.length]).toEqual([DEVICE, 1, 1]);
    expect(entries[0]).toEqual({
      ...{ rows: 4096, cols: 256, k: 8, dtype: "bf16", run: 0 },
      choices: [0, 1],
      us: [4, 5],
    });
    expect(choices.map(({ plan, config, dtype }) => [plan, config, dtype])).toEqual([
      ["bitonic_block", OWN, "bf16"],
      ["bitonic_block", SHIPPED, "bf16"],
    ]);
    expect(Object.keys(choices[0]!.sources)).toEqual(["largest", "smallest"].map((order) => `bitonic_block_bf16_${order}_width256_items4_rowsPerBlock1`));
    expect([...only!.texts.keys()].sort()).toEqual(Object.values(choices[0]!.sources).sort());
    expect(choices.map(({ basis }) => Object.keys(basis))).toEqual([["bitonic_block"], []]);
    expect(runs[0]).toEqual({ records: expect.stringMatching(/^[0-9a-f]{64}$/), protocol: "nvrtc=13.0", date: "2026-01-01T00:00:00.000Z" });
  });
  it("of draws are entries of their own, whose choices name the kernels that draw", () => {
    const drawn = { ...requestOf(4096), sample: true } as const;
    const withDraw = (config: AnyConfig, us: number): TuneRecord =>
      record(config, us, { request: drawn, sources: sources.hashesOf(resolvedOf({ plan: "bitonic_block", config }, drawn)!) });
    const [only] = winners([record(SHIPPED, 3), record(OTHER_SHIPPED, 4), withDraw(SHIPPED, 6), withDraw(OTHER_SHIPPED, 5)]);
    const { choices, entries } = only!.table;
    expect(entries.map(({ sample, us }) => [sample, us])).toEqual([
      [undefined, [3, 4]],
      [true, [5, 6]],
    ]);
    const symbols = Object.keys(choices[entries[1]!.choices[0]!]!.sources);
    expect(symbols.map((symbol) => symbol.split("_bf16_")[0])).toEqual(["bitonic_block", "sample_row"]);
  });
  it("need no text where the config ships", () => {
    const [only] = winners([record(SHIPPED, 3), record(OTHER_SHIPPED, 4)]);
    expect([only!.texts.size, only!.table.choices.map(({ basis }) => basis)]).toEqual([0, [{}, {}]]);
  });
  it("stay what was taken untuned where the figures cannot tell them apart; in a table of few choices, where it is nearly as fast", () => {
    const first = (own: number, kept?: Parameters<typeof winnersOf>[1]) => {
      const untuned = () => ({ plan: "bitonic_block", config: SHIPPED });
      const { choices, entries } = winnersOf({ records: [record(SHIPPED, 5), record(OWN, own)], sources, variants, untuned }, kept)[0]!.table;
      return choices[entries[0]!.choices[0]!]!.config;
    };
    expect(first(5)).toEqual(SHIPPED);
    expect(first(4.9)).toEqual(OWN);
    expect(first(4.95, { average: 0 })).toEqual(SHIPPED);
    expect(first(4, { average: 0 })).toEqual(OWN);
  });
  it("of draws are the fastest, in a table of few choices too", () => {
    const drawn = { ...requestOf(4096), sample: true } as const;
    const timed = (config: AnyConfig, us: number): TuneRecord =>
      record(config, us, { request: drawn, sources: sources.hashesOf(resolvedOf({ plan: "bitonic_block", config }, drawn)!) });
    const untuned = () => ({ plan: "bitonic_block", config: SHIPPED });
    const { choices, entries } = winnersOf({ records: [timed(SHIPPED, 5), timed(OTHER_SHIPPED, 4.95)], sources, variants, untuned }, { average: 0 })[0]!.table;
    expect(choices[entries[0]!.choices[0]!]!.config).toEqual(OTHER_SHIPPED);
  });
  it("stay with a plan that holds a row while one that reads it again is an eighth faster or less, in a table of few choices", () => {
    const request: Request = { rows: 32, cols: 50304, k: 200, dtype: "bf16", rowStride: 50304, order: "largest", indexBytes: 4 };
    const own = (name: string): AnyConfig => {
      const resolution = resolve(plans.find((plan) => plan.name === name)!, request);
      if (!resolution.ok) throw new Error(resolution.reason);
      return configOf(resolution.resolved);
    };
    const timed = (plan: string, us: number): TuneRecord => {
      const hashes = sources.hashesOf(resolvedOf({ plan, config: own(plan) }, request)!);
      return { ...record(SHIPPED, us), request, plan, config: own(plan), sources: hashes };
    };
    const first = (us: number, kept?: Parameters<typeof winnersOf>[1]): string => {
      const untuned = () => ({ plan: "cluster_select", config: own("cluster_select") });
      const { choices, entries } = winnersOf({ records: [timed("cluster_select", 10), timed("block_select", us)], sources, variants, untuned }, kept)[0]!.table;
      return choices[entries[0]!.choices[0]!]!.plan;
    };
    expect([first(9, { average: 0 }), first(8.5, { average: 0 }), first(9)]).toEqual(["cluster_select", "block_select", "block_select"]);
  });
  it("are none of a shape of which only one choice was timed", () => {
    expect(winners([record(OWN, 4)])[0]!.table.entries).toEqual([]);
  });
  it("keep to some choices, or to the fewest that serve all shapes nearly as well", () => {
    const both = (rows: number, own: number, shipped: number) =>
      [record(OWN, own, { request: requestOf(rows) }), record(SHIPPED, shipped, { request: requestOf(rows) })] as const;
    const records = [...both(4096, 4, 5), ...both(2048, 4, 4.1)];
    const chosen = (kept: Parameters<typeof winnersOf>[1]) => {
      const { choices } = winnersOf({ records, sources, variants, untuned: () => undefined }, kept)[0]!.table;
      return choices.map(({ config }) => config);
    };
    expect(chosen({ average: 0.01 })).toEqual([OWN]);
    expect(chosen({ only: (_, { config }) => config["bitonic_block.items"] === 2 })).toEqual([SHIPPED]);
    expect(chosen(undefined)).toHaveLength(2);
  });
  it("come from records of today's sources and of the latest protocol, one table a device", () => {
    const stale = record(OWN, 1, { sources: ["00"] });
    const older = record(OWN, 1, { protocol: "nvrtc=12.8", time: "2025-01-01T00:00:00.000Z" });
    const elsewhere = [record(OWN, 2, { device: "NVIDIA H100" }), record(SHIPPED, 3, { device: "NVIDIA H100" })];
    const all = winners([stale, older, ...elsewhere, record(SHIPPED, 5), record(OTHER_SHIPPED, 6)]);
    expect(all.map(({ table }) => [table.device, table.entries.map(({ us }) => us)])).toEqual([
      ["NVIDIA H100", [[2, 3]]],
      [DEVICE, [[5, 6]]],
    ]);
  });
});

describe("a table's file", () => {
  const read = (file: string) => {
    const parsed = parseTable(readFileSync(file, "utf8"), DEVICE);
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.table;
  };

  it("holds what was written, its sources beside it, and is the same when it is written again", async () => {
    const file = path.join(folder, "tuning", "nvidia-h200.json");
    const [own] = winners(pair(4));
    await updateTable(file, own!);
    expect(read(file)).toEqual(own!.table);
    for (const [hash, text] of own!.texts) expect(readFileSync(path.join(folder, "tuning", "sources", `${hash}.cu`), "utf8")).toBe(text);
    const before = readFileSync(file, "utf8");
    await updateTable(file, own!);
    expect(readFileSync(file, "utf8")).toBe(before);
  });
  it("keeps other shapes, and of one shape the later entry; a run without entries goes", async () => {
    const file = path.join(folder, "t.json");
    await updateTable(file, winners(pair(4))[0]!);
    await updateTable(file, winners(pair(7, 32))[0]!);
    const last = await updateTable(file, winners([record(SHIPPED, 3), record(OTHER_SHIPPED, 4)])[0]!);
    expect(last.entries.map((entry) => [entry.rows, ...entry.us])).toEqual([
      [32, 7, 8],
      [4096, 3, 4],
    ]);
    expect(last.choices).toHaveLength(3);
    expect(read(file).runs).toHaveLength(2);
  });
  it("loses nothing of writers side by side", async () => {
    const file = path.join(folder, "t.json");
    const rows = Array.from({ length: 12 }, (_, at) => at + 1);
    await Promise.all(rows.map((each) => updateTable(file, winners(pair(4, each))[0]!)));
    expect(read(file).entries.map((entry) => entry.rows)).toEqual(rows);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });
  it("passes over the lock of a writer that was killed, and a file that is no table", async () => {
    const file = path.join(folder, "t.json");
    writeFileSync(file, "no table");
    writeFileSync(`${file}.lock`, "");
    utimesSync(`${file}.lock`, 1, 1);
    await updateTable(file, winners(pair(4))[0]!);
    expect(read(file).entries).toHaveLength(1);
  });
  it("cannot be written where there is no folder for it", async () => {
    writeFileSync(path.join(folder, "file"), "");
    await failsWith("TK506", () => updateTable(path.join(folder, "file", "t.json"), winners(pair(4))[0]!), /tuning table .* cannot be written/);
  });
});

it("says what to install where the generator's packages are missing", async () => {
  const missing = () => Promise.reject(new Error("Cannot find package 'handlebars' imported from x"));
  await failsWith("TK211", () => loadSources(missing), /handlebars is not installed; run `npm install/);
  await expect(loadSources(() => Promise.reject(new Error("another")))).rejects.toThrow("another");
});
