import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TuneRecord } from "../../bench/autotune/records.ts";
import { loadSources } from "../../bench/autotune/renderer.ts";
import type { Sources } from "../../bench/autotune/sources.ts";
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
const SHIPPED = { "bitonic_block.width": 256, "bitonic_block.items": 8, "bitonic_block.rowsPerBlock": 8 };

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

describe("winners of records", () => {
  it("are the fastest, with the texts that are not rendered, of both orders, and what they came from", () => {
    const [only] = winners([record(SHIPPED, 5), record(OWN, 4)]);
    const { device, entries, runs } = only!.table;
    expect([device, entries.length, runs.length]).toEqual([DEVICE, 1, 1]);
    expect(entries[0]).toMatchObject({ rows: 4096, cols: 256, k: 8, dtype: "bf16", plan: "bitonic_block", config: OWN, us: 4, run: 0 });
    expect(entries[0]!.runnersUp).toEqual([{ plan: "bitonic_block", config: SHIPPED, us: 5 }]);
    expect(Object.keys(entries[0]!.sources)).toEqual(["largest", "smallest"].map((order) => `bitonic_block_bf16_${order}_width256_items4_rowsPerBlock1`));
    expect([...only!.texts.keys()].sort()).toEqual(Object.values(entries[0]!.sources).sort());
    expect(Object.keys(entries[0]!.basis)).toEqual(["bitonic_block"]);
    expect(runs[0]).toEqual({ records: expect.stringMatching(/^[0-9a-f]{64}$/), protocol: "nvrtc=13.0", date: "2026-01-01T00:00:00.000Z" });
  });
  it("need no text where the config ships", () => {
    const [only] = winners([record(SHIPPED, 3), record(OWN, 4)]);
    expect([only!.texts.size, only!.table.entries[0]!.basis]).toEqual([0, {}]);
  });
  it("stay what was taken untuned where the figures cannot tell them apart", () => {
    expect(winners([record(SHIPPED, 5), record(OWN, 5)], SHIPPED)[0]!.table.entries[0]!.config).toEqual(SHIPPED);
    expect(winners([record(SHIPPED, 5), record(OWN, 4)], SHIPPED)[0]!.table.entries[0]!.config).toEqual(OWN);
  });
  it("come from records of today's sources and of the latest protocol, one table a device", () => {
    const stale = record(OWN, 1, { sources: ["00"] });
    const older = record(OWN, 1, { protocol: "nvrtc=12.8", time: "2025-01-01T00:00:00.000Z" });
    const elsewhere = record(OWN, 2, { device: "NVIDIA H100" });
    const all = winners([stale, older, elsewhere, record(SHIPPED, 5)]);
    expect(all.map(({ table }) => [table.device, table.entries.map(({ us }) => us)])).toEqual([
      ["NVIDIA H100", [2]],
      [DEVICE, [5]],
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
    const [own] = winners([record(OWN, 4)]);
    await updateTable(file, own!);
    expect(read(file)).toEqual(own!.table);
    for (const [hash, text] of own!.texts) expect(readFileSync(path.join(folder, "tuning", "sources", `${hash}.cu`), "utf8")).toBe(text);
    const before = readFileSync(file, "utf8");
    await updateTable(file, own!);
    expect(readFileSync(file, "utf8")).toBe(before);
  });
  it("keeps other shapes, and of one shape the later entry; a run without entries goes", async () => {
    const file = path.join(folder, "t.json");
    await updateTable(file, winners([record(OWN, 4)])[0]!);
    await updateTable(file, winners([record(OWN, 7, { request: requestOf(32) })])[0]!);
    const last = await updateTable(file, winners([record(SHIPPED, 3)])[0]!);
    expect(last.entries.map(({ rows, us }) => [rows, us])).toEqual([
      [32, 7],
      [4096, 3],
    ]);
    expect(read(file).runs).toHaveLength(2);
  });
  it("loses nothing of writers side by side", async () => {
    const file = path.join(folder, "t.json");
    const rows = Array.from({ length: 12 }, (_, at) => at + 1);
    await Promise.all(rows.map((each) => updateTable(file, winners([record(OWN, 4, { request: requestOf(each) })])[0]!)));
    expect(read(file).entries.map((entry) => entry.rows)).toEqual(rows);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });
  it("passes over the lock of a writer that was killed, and a file that is no table", async () => {
    const file = path.join(folder, "t.json");
    writeFileSync(file, "no table");
    writeFileSync(`${file}.lock`, "");
    utimesSync(`${file}.lock`, 1, 1);
    await updateTable(file, winners([record(OWN, 4)])[0]!);
    expect(read(file).entries).toHaveLength(1);
  });
  it("cannot be written where there is no folder for it", async () => {
    writeFileSync(path.join(folder, "file"), "");
    await failsWith("TK506", () => updateTable(path.join(folder, "file", "t.json"), winners([record(OWN, 4)])[0]!), /tuning table .* cannot be written/);
  });
});

it("says what to install where the generator's packages are missing", async () => {
  const missing = () => Promise.reject(new Error("Cannot find package 'handlebars' imported from x"));
  await failsWith("TK211", () => loadSources(missing), /handlebars is not installed; run `npm install/);
  await expect(loadSources(() => Promise.reject(new Error("another")))).rejects.toThrow("another");
});
