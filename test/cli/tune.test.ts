import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type TuneRecord, withOutcome } from "../../bench/autotune/records.ts";
import { loadSources } from "../../bench/autotune/renderer.ts";
import { candidateId, spaceOf } from "../../bench/autotune/space.ts";
import { makeProgram } from "../../cli/program.ts";
import { distinctShapes, shardOf } from "../../cli/tune-options.ts";
import { plans, type Request, resolve } from "../../dsl/index.ts";
import { packageRoot } from "../../native/index.ts";
import { userTuningFolder } from "../../runtime/tuning.ts";
import { parseTable, type TuningTable } from "../../runtime/tuning-table.ts";
import { failsWith } from "../runtime/fails-with.ts";
import "../runtime/private-cache.ts";

/** Records of an exhaustive search, as far as it came: docs/tuning.md. */
const EXHAUSTIVE = path.join(packageRoot, "bench", "results", "exhaustive-24-nvidia-h200.jsonl.gz");

// the same on a machine with a GPU
process.env.TOPKIT_CUDA_DRIVER = "/nowhere/libcuda.so.1";

const tune = (...given: string[]): Promise<unknown> => makeProgram().parseAsync(["tune", ...given], { from: "user" });

let printed = "";
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "topkit-tune-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => vi.restoreAllMocks());

const REQUEST: Request = { rows: 4096, cols: 256, k: 8, rowStride: 256, dtype: "bf16", order: "largest", indexBytes: 4 };

/** Records of all of one plan's candidates, as a device might have given them: the later in the space, the faster. */
async function madeRecords(device = "NVIDIA H200"): Promise<TuneRecord[]> {
  const sources = await loadSources();
  const own = plans.filter(({ name }) => name === "bitonic_block");
  return spaceOf(REQUEST, undefined, own).candidates.map(({ plan, config }, at) => {
    const resolution = resolve(own[0]!, REQUEST, { force: config });
    const hashes = resolution.ok ? sources.hashesOf(resolution.resolved) : [];
    const record = { v: 1, time: "2026-01-01T00:00:00.000Z", device, protocol: "p", request: REQUEST, plan, config, sources: hashes } as const;
    return withOutcome(record, { us: [100 - at, 100 - at, 100 - at] });
  });
}
const writeRecords = (name: string, records: readonly TuneRecord[]): string => {
  const place = path.join(folder, name);
  mkdirSync(place, { recursive: true });
  writeFileSync(path.join(place, "a.jsonl"), records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return place;
};

describe("tune", () => {
  it.each([
    [[], /needs --suite, --shape or --drawn/],
    [["--suite", "nano"], /no suite "nano"; there are nanochat/],
    [["--shape", "1,2"], /--shape is "1,2"/],
    [["--shape", "1,2,1,f32", "--filter", "x"], /--filter is given without --suite/],
  ])("TK101 for %j", async (given, message) => failsWith("TK101", () => tune(...given), message));
  it.each([
    ["--budget", "10"],
    ["--budget", "0s"],
    ["--shard", "3/2"],
    ["--shard", "0/2"],
    ["--shard", "1"],
    ["--effort", "most"],
    ["--strategy", "luck"],
    ["--drawn", "24"],
    ["--drawn", "0/1"],
  ])("refuses %s %s", async (...given) => {
    await expect(tune("--shape", "1,2,1,f32", ...given)).rejects.toMatchObject({ code: "commander.invalidArgument" });
  });
  it("does not begin on another run's records unasked", async () => {
    const place = writeRecords("old", (await madeRecords()).slice(0, 2));
    await failsWith("TK101", () => tune("--shape", "1,200,1,f32", "--out", place), /holds 2 records of an earlier run; give --resume/);
  });
  it("has parts that are all of the shapes together, each in one of them", () => {
    const shapes = distinctShapes(
      [1, 2, 3, 3, 4, 5].map((rows) => ({ suite: "s", rows, cols: 9, k: 1, dtype: "f32", dist: rows === 5 ? ("few" as const) : "normal" })),
    );
    expect(shapes.map(({ rows, dist }) => [rows, dist])).toEqual([1, 2, 3, 4, 5].map((rows) => [rows, "normal"]));
    const parts = [1, 2, 3].map((number) => shardOf(shapes, { number, of: 3 }));
    expect(
      parts
        .flat()
        .map(({ rows }) => rows)
        .sort(),
    ).toEqual([1, 2, 3, 4, 5]);
    expect(shardOf(shapes, { number: 9, of: 9 })).toEqual([]);
  });
});

describe("tune --replay", () => {
  it("finds the recorded best, and says for how many rounds", async () => {
    const records = await madeRecords();
    await tune("--replay", writeRecords("replayed", records), "--strategy", "exhaustive", "--json");
    const { strategy, replayed } = JSON.parse(printed);
    const best = records.at(-1)!;
    expect(strategy).toBe("exhaustive");
    expect(replayed).toMatchObject([{ candidates: records.length, best: { config: best.config, us: best.us![0] }, found: { config: best.config } }]);
    expect(replayed[0].rounds).toBeGreaterThanOrEqual(records.length);
    printed = "";
    await tune("--replay", path.join(folder, "replayed"));
    expect(printed).toMatch(/^exhaustive\nshape +found +us +best us +regret +rounds +candidates\n4096 x 256 k 8 bf16 +bitonic_block .* 0\.0 %/);
  });
  it("TK101 where there is nothing to replay, TK501 where there is no such place", async () => {
    await failsWith("TK101", () => tune("--replay", writeRecords("empty", [])), /holds no records that can be replayed/);
    await failsWith("TK501", () => tune("--replay", path.join(folder, "nowhere")));
  });
});

describe("explain", () => {
  const explain = async (...more: string[]): Promise<string> => {
    printed = "";
    await makeProgram().parseAsync(["explain", "--rows", "4096", "--cols", "256", "--k", "8", "--dtype", "bf16", ...more], { from: "user" });
    return printed;
  };

  it("shows what is tuned and its runners-up, what is stale, and with --frozen what ships alone", async () => {
    const records = await madeRecords();
    const table = path.join(userTuningFolder()!, "nvidia-h200.json");
    await tune("merge", writeRecords("explained", records), "--out", path.join(folder, "explaining"));
    const tuned = await explain();
    expect(tuned).toMatch(/^device {5}no GPU here: an H200 is assumed\nplan {7}bitonic_block: tuned for this shape, in your table /);
    expect(tuned).toMatch(/\nmeasured {3}\d+\.\d\d us\nnext {7}\d+\.\d\d us: bitonic_block \{/);
    expect(JSON.parse(await explain("--json"))).toMatchObject({ source: "tuned", tuned: { table, origin: "user", runnersUp: [{}, {}, {}] } });
    writeFileSync(
      table,
      readFileSync(table, "utf8").replaceAll(/"bitonic_block_[^"]*":"./g, (start) => `${start.slice(0, -1)}${start.endsWith("0") ? "1" : "0"}`),
    );
    expect(await explain()).toMatch(
      /the best guess from \d+ tuned shapes near it, such as .* of the table that ships\n[\s\S]*\nstale {6}.*nvidia-h200\.json has this shape/,
    );
    expect(await explain("--frozen")).not.toContain("stale");
    delete process.env.TOPKIT_TUNING;
    rmSync(table);
    expect(await explain("--plan", "radix_select")).toContain("radix_select: forced");
  });
});

const winnerOf = ({ choices }: TuningTable, at: number): string => candidateId(choices[at]!.plan, choices[at]!.config);

describe("tune merge", () => {
  it("joins records and writes your table; again, and of its own result, it changes nothing", async () => {
    const records = await madeRecords();
    const [one, two] = [writeRecords("one", records.slice(0, 5)), writeRecords("two", records.slice(3))];
    const out = path.join(folder, "merged");
    const files = (): string[] =>
      [path.join(out, "merged.jsonl"), path.join(userTuningFolder()!, "nvidia-h200.json")].map((file) => readFileSync(file, "utf8"));
    const t4 = path.join(folder, "t4.json");
    await tune("merge", one, two, "--out", out, "--t4", t4);
    expect(JSON.parse(readFileSync(t4, "utf8"))).toMatchObject({ schema_version: "1.0.0", metadata: { devices: ["NVIDIA H200"] } });
    expect(printed).toContain(`${records.length} records in ${out}`);
    const before = files();
    await tune("merge", two, out, one, "--out", out);
    expect(files()).toEqual(before);
    const parsed = parseTable(before[1]!, "NVIDIA H200");
    const { plan, config } = records.at(-1)!;
    expect(parsed.ok && parsed.table.entries.map((entry) => winnerOf(parsed.table, entry.choices[0]!))).toEqual([candidateId(plan, config)]);
  });
  it("names few configs where that is wanted, or no other than a table has; from a compressed file too", async () => {
    const records = await madeRecords();
    const place = writeRecords("many", records);
    const file = path.join(folder, "records.jsonl.gz");
    writeFileSync(file, gzipSync(readFileSync(path.join(place, "a.jsonl"))));
    const choicesOf = async (...more: string[]): Promise<number> => {
      const table = path.join(mkdtempSync(path.join(folder, "few-")), "table.json");
      await tune("merge", file, "--out", path.join(folder, "fewer"), "--table", table, ...more);
      const parsed = parseTable(readFileSync(table, "utf8"), "NVIDIA H200");
      return parsed.ok ? parsed.table.choices.length : -1;
    };
    const few = path.join(folder, "few.json");
    await tune("merge", file, "--out", path.join(folder, "fewer"), "--table", few, "--fewest", "1");
    const least = await choicesOf("--fewest", "1");
    expect([least, await choicesOf("--known", few)]).toEqual([least, least]);
    expect(await choicesOf()).toBeGreaterThan(least);
    await failsWith("TK101", () => tune("merge", file, "--out", folder, "--fewest", "1", "--known", few), /--fewest and --known are both given/);
    await failsWith("TK501", () => tune("merge", file, "--out", folder, "--known", file), /is no tuning table that can be read/);
    await expect(tune("merge", file, "--out", folder, "--fewest", "some")).rejects.toMatchObject({ code: "commander.invalidArgument" });
  });
  it("draws a report of what was recorded", async () => {
    const place = writeRecords("drawn", await madeRecords());
    const html = path.join(folder, "report.html");
    await tune("merge", place, "--out", path.join(folder, "drawing"), "--report", html, "--csv", "bench/results/nvidia-h200.csv");
    const markdown = readFileSync(path.join(folder, "report.md"), "utf8");
    expect(markdown).toMatch(/^# Tuning on NVIDIA H200\n\n## Winners\n/);
    expect(markdown).toMatch(/\| 4096 x 256, k 8, bf16 \| bitonic_block [^|]* \| \d+\.\d\d \|/);
    expect(markdown).toContain("## 4096 x 256, k 8, bf16");
    const page = readFileSync(html, "utf8");
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).toContain("What the tunables of bitonic_block do");
    expect(page).toContain("rowsPerBlock");
    await failsWith("TK101", () => tune("merge", place, "--out", folder, "--csv", "x.csv"), /--csv is given without --report/);
    await failsWith("TK501", () => tune("merge", place, "--out", folder, "--csv", "x.csv", "--report", html));
  });
  it("TK101 where one table is named for two devices, TK501 for what is not there, TK506 for a folder that cannot be", async () => {
    const [one, two] = [writeRecords("h200", (await madeRecords()).slice(0, 1)), writeRecords("h100", (await madeRecords("NVIDIA H100")).slice(0, 1))];
    const out = path.join(folder, "both");
    await failsWith("TK101", () => tune("merge", one, two, "--out", out, "--table", path.join(folder, "t.json")), /the records are of 2 devices/);
    await failsWith("TK501", () => tune("merge", path.join(folder, "nowhere"), "--out", out));
    writeFileSync(path.join(folder, "taken"), "");
    await failsWith("TK506", () => tune("merge", one, "--out", path.join(folder, "taken", "x")), /cannot be made/);
  });
});

describe("tune judge", () => {
  const judged = async (...given: string[]): Promise<string> => {
    printed = "";
    await tune("judge", ...given);
    return printed;
  };

  it("judges the table that ships: by dtype, by plan, against the untuned rules, and the worst ten", async () => {
    const text = await judged();
    expect(text).toMatch(/^% over the best +median +p75 +p90 +p95 +worst +shapes +by the untuned rules +not measured\nall +\d+\.\d /);
    for (const name of ["bf16", "f16", "f32", "block_select", "cluster_select", "without a table"]) expect(text).toMatch(new RegExp(`\n${name} +\\d+\\.\\d `));
    expect(text).toMatch(/\n\nThe worst:\nshape +taken +us +best us +% over(\n\d+ x \d+ k \d+ \w+ .*){10}\n$/);
  });
  it("gives every shape as JSON, with the times of records where those are given", async () => {
    const records = await madeRecords();
    const wider = records.map((record) => ({ ...record, request: { ...REQUEST, rows: 4000 }, us: [7, 7, 7] }));
    const [table, place] = [path.join(folder, "judged.json"), writeRecords("judging", [...records, ...wider])];
    await tune("merge", place, "--out", path.join(folder, "judged"), "--table", table);
    const alone = JSON.parse(await judged(table, "--json"));
    expect(alone).toMatchObject({ table, device: "NVIDIA H200", groups: [{ name: "all", shapes: 2 }, { name: "bf16" }, {}, { name: "without a table" }] });
    expect(alone.judged).toMatchObject([
      { rows: 4000, cols: 256, k: 8, dtype: "bf16", best: 7, untuned: { plan: "warp_select", source: "heuristic" } },
      { rows: 4096 },
    ]);
    const { best, taken } = JSON.parse(await judged(table, "--records", place, "--json")).judged[1];
    const own = records.find(({ config }) => candidateId("", config) === candidateId("", taken.config))!;
    expect([best, taken.us, taken.over]).toEqual([records.at(-1)!.us![0], own.us![0], own.us![0]! / best - 1]);
  });
  it("judges the shipped table by an exhaustive search on 24 drawn shapes, none of which it has", async () => {
    const { judged: all, table } = JSON.parse(await judged("--drawn", "24/24", "--records", EXHAUSTIVE, "--json"));
    expect(all).toHaveLength(24);
    const over: number[] = all.flatMap(({ taken }: { taken: { over?: number } }) => taken.over ?? []);
    expect(over.length).toBeGreaterThanOrEqual(22);
    expect(Math.max(...over)).toBeLessThan(0.15);
    const entries: { rows: number; cols: number; k: number; dtype: string }[] = JSON.parse(readFileSync(table, "utf8")).entries;
    const shapes = new Set(entries.map(({ rows, cols, k, dtype }) => [rows, cols, k, dtype].join()));
    expect(all.filter(({ rows, cols, k, dtype }: (typeof entries)[number]) => shapes.has([rows, cols, k, dtype].join()))).toEqual([]);
    await failsWith("TK101", () => tune("judge", "--drawn", "1/77", "--records", EXHAUSTIVE), /no time of \d+ x \d+ k \d+ \w+ is known that counts today/);
  });
  it("TK101 for a table of one shape, TK501 for what is none", async () => {
    const table = path.join(folder, "one.json");
    await tune("merge", writeRecords("single", await madeRecords()), "--out", path.join(folder, "singles"), "--table", table);
    await failsWith("TK101", () => tune("judge", table), /has 1 shapes; a table is judged by two or more/);
    await failsWith("TK501", () => tune("judge", path.join(folder, "nowhere.json")), /is no tuning table that can be read/);
    await failsWith("TK501", () => tune("judge", "--records", path.join(folder, "nowhere")));
  });
});
