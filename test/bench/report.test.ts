import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseCompileReport } from "../../bench/compile-report.ts";
import { readMusts } from "../../bench/musts.ts";
import { parseAdversarialPeers, parsePeers, readAdversarialPeers, readPeers } from "../../bench/peers.ts";
import { loadDraw } from "../../bench/report/draw.ts";
import { entriesOf, normalOf } from "../../bench/report/entries.ts";
import { configTable } from "../../bench/report/kernel-tables.ts";
import { isScaling } from "../../bench/report/plots.ts";
import { inSuitesOrder } from "../../bench/report/read-data.ts";
import { type ReportData, sectionsOf } from "../../bench/report/sections.ts";
import { summaryTable } from "../../bench/report/summary-tables.ts";
import { toHtml, toMarkdown, toText } from "../../bench/report/table.ts";
import { adversarialPeerTable, adversarialTable, timeTable } from "../../bench/report/tables.ts";
import { writeReport } from "../../bench/report/write-report.ts";
import type { ResultRow } from "../../bench/results.ts";
import { row } from "./rows.ts";

const ROWS: readonly ResultRow[] = [
  ...[row(), row({ impl: "torch", usMedian: 39 }), row({ impl: "floor", usMedian: 1.5, exact: "-" })],
  ...[row({ rows: 4, usMedian: 4 }), row({ rows: 4, impl: "torch", usMedian: 40 })],
  ...[row({ suite: "adversarial", dist: "equal", usMedian: 4.5 }), row({ suite: "adversarial", dist: "equal", impl: "torch", usMedian: 38 })],
  ...[1, 2, 4].flatMap((rows) => [row({ suite: "scaling", rows }), row({ suite: "scaling", rows, impl: "floor", exact: "-" })]),
  row({ mode: "eager", usMedian: 6 }),
];
const time = { median: 2, min: 1, max: 3 };
const DATA: ReportData = {
  rows: ROWS,
  peers: readPeers("NVIDIA H200"),
  adversarialPeers: readAdversarialPeers("NVIDIA H200"),
  musts: readMusts("NVIDIA H200"),
  ncu: [
    {
      ...{ dtype: "bf16", rows: 4096, cols: 1024, k: 32, plan: "pair", kernel: "first", us: 10, device: "NVIDIA H200" },
      ...{ readBytes: 9e6, writtenBytes: 1e6, peakPercent: 20.25, warpsPercent: 61.4, registers: 40, inputBytes: 4096 * 1024 * 2 },
    },
  ],
  profiles: [
    {
      workload: { suite: "", rows: 4, cols: 50304, k: 50, dtype: "bf16", dist: "normal" } as const,
      ...{
        plan: "pair",
        whole: { median: 4.5, min: 4, max: 5 },
        stages: [
          { kernel: "first", time },
          { kernel: "second", time },
        ],
      },
    },
  ],
  compiled: parseCompileReport(
    'symbol,arch,registers,spillBytes,stackBytes,staticSharedBytes,dynamicShared,milliseconds\nk_bf16_largest_warps4,90,40,0,0,16,"max(rows, 3)",12\nk_f32_smallest_warps4,80,41,8,0,16,1024,12\n',
  ),
};

describe("entries", () => {
  it("put the implementations of a workload side by side, with the recorded peers of its shape", () => {
    const [first] = entriesOf(ROWS, DATA.peers);
    expect(first).toMatchObject({ shape: "1 x 50304, k 50, bf16", topkit: { usMedian: 3 }, torch: { usMedian: 39 }, floor: { usMedian: 1.5 } });
    expect(first?.peers[0]).toEqual({ impl: "fi_clusters", dtype: "bf16", rows: 1, cols: 50304, k: 50, us: 9.202, sorted: "no" });
    expect(first?.peers.map(({ impl }) => impl)).not.toContain("floor_read");
  });
  it("compare adversarial data with normal data of the shape, and have no peers for it", () => {
    const entries = entriesOf(ROWS, DATA.peers);
    const equal = entries.find(({ dist }) => dist === "equal")!;
    expect(equal.peers).toEqual([]);
    expect(normalOf(equal, entries)?.topkit?.usMedian).toBe(3);
  });
  it("know a suite in which only the rows grow", () => {
    const of = (suite: string) => entriesOf(ROWS, []).filter((entry) => entry.suite === suite);
    expect(isScaling(of("scaling"))).toBe(true);
    expect(isScaling(of("nanochat"))).toBe(false);
    expect(isScaling(of("scaling").slice(0, 2))).toBe(false);
    expect(isScaling([1, 8, 64].flatMap((rows) => entriesOf([row({ rows })], [])))).toBe(false);
  });
});

it("rows stand as the suites have them, whatever was measured first", () => {
  const rows = [row({ suite: "shape" }), row({ suite: "scaling", rows: 4 }), row({ suite: "scaling", rows: 2 }), row({ suite: "llm" }), row()];
  expect(inSuitesOrder(rows).map(({ suite, rows: count }) => `${suite} ${count}`)).toEqual(["nanochat 1", "llm 1", "scaling 2", "scaling 4", "shape 1"]);
});

describe("peers", () => {
  it("are those of the device", () => {
    expect(DATA.peers.length).toBeGreaterThan(150);
    expect(readPeers("NVIDIA L4")).toEqual([]);
    expect(readPeers("../x")).toEqual([]);
    expect(DATA.adversarialPeers.length).toBeGreaterThan(150);
    expect(readAdversarialPeers("NVIDIA L4")).toEqual([]);
  });
  it("are refused where the record is malformed", () => {
    expect(() => parsePeers("a\n")).toThrow(/line 1/);
    expect(() => parsePeers("impl,dtype,rows,cols,k,us_graph_cold,sorted\nx,bf16,1\n")).toThrow(/line 2/);
    expect(() => parseAdversarialPeers("impl,dtype,rows,cols,k,dist,us_graph_hot\nx,bf16,1,2,1,few,fast\n")).toThrow(/line 2/);
  });
});

describe("tables", () => {
  const entries = entriesOf(ROWS, DATA.peers);
  it("have the ratios", () => {
    expect(timeTable(entries.slice(0, 1)).rows).toEqual([
      ["1 x 50304, k 50, bf16", "3.00", "5.0 %", "1.50", "39.00", "13.0x", "9.20 fi_clusters", "3.07x", "34", "yes"],
    ]);
    expect(summaryTable(entries).rows[0]).toEqual([
      ...["nanochat", "2", "11.4x", "10.0x (4 x 50304, k 50, bf16)", "2.69x", "2.35x (4 x 50304, k 50, bf16)", "50 %", "2 of 2"],
    ]);
    expect(adversarialTable(entries).rows).toEqual([["1 x 50304, k 50, bf16", "equal", "4.50", "3.00", "1.50x", "38.00", "8.44x"]]);
  });
  it("have each recorded peer's slowdown on other data", () => {
    const text = "impl,dtype,rows,cols,k,dist,us_graph_hot\na,bf16,1,9,1,normal,2\na,bf16,1,9,1,few,5\nb,bf16,1,9,1,normal,4\nb,bf16,1,9,1,asc,4\n";
    const { header, rows } = adversarialPeerTable(parseAdversarialPeers(text));
    expect([header, ...rows]).toEqual([
      ["shape", "data", "a", "b"],
      ["1 x 9, k 1, bf16", "few", "2.50x", "-"],
      ["1 x 9, k 1, bf16", "asc", "-", "1.00x"],
    ]);
  });
  it("have the most that a config's sources take", () => {
    const { header, rows } = configTable(DATA.compiled);
    expect(header.slice(0, 5)).toEqual(["config", "sources", "registers sm_80", "registers sm_90", "spill bytes"]);
    expect(rows).toEqual([["k_warps4", "2", "41", "40", "8", "0", "16", "max(rows, 3) or 1024"]]);
  });
  it("come as text, Markdown and HTML", () => {
    const table = { header: ["a", "b"], rows: [["x<y", "1"]], words: 1 };
    expect(toText(table)).toBe("a    b\nx<y  1");
    expect(toMarkdown(table)).toBe("| a | b |\n|---|---:|\n| x<y | 1 |");
    expect(toHtml(table)).toContain('<td>x&lt;y</td><td class="n">1</td>');
  });
});

describe("the report", () => {
  let folder: string;
  let html: string;
  let markdown: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "topkit-report-"));
    await writeReport(path.join(folder, "report.html"), DATA, await loadDraw());
    html = readFileSync(path.join(folder, "report.html"), "utf8");
    markdown = readFileSync(path.join(folder, "report.md"), "utf8");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has a plot for the times, the bandwidth, the growth, the adversarial data and the stages", () => {
    expect(html.match(/<h3>[^<]+/g)?.map((heading) => heading.slice(4))).toEqual([
      "Time by shape: nanochat",
      "Share of bandwidth: nanochat",
      "Time by shape: adversarial",
      "Share of bandwidth: adversarial",
      "Growth with the rows: scaling",
      "Share of bandwidth: scaling",
      "Adversarial data against normal data",
      "Stages of plans of several kernels",
    ]);
    expect(html.match(/<svg /g)).toHaveLength(8);
    expect(html).toContain("13.0x");
  });
  it("needs no network", () => {
    expect(html.replaceAll(/xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/https?:|<script|<link/);
  });
  it("has the same figures as Markdown", () => {
    expect(markdown).toContain("| 1 x 50304, k 50, bf16 | 3.00 |");
    expect(markdown).toContain("| 4 x 50304, k 50, bf16 | normal | pair | 4.50 | 2.00 | 50 % | 2.00 | 50 % |");
    expect(markdown.indexOf("## Summary")).toBeLessThan(markdown.indexOf("## How it was measured"));
    expect(markdown).toContain("| the times to reach (bench/musts.csv) | NO | 2 of 22 | 20 |");
    expect(markdown).toContain("| the times to reach (bench/musts.csv) | 1 x 50304, k 50, f16 | not measured |");
    expect(markdown).toContain("| 4 x 50304, k 50, bf16 | 4.00 | 4.2 | yes | - | 40.00 | 10.0x |");
    expect(markdown).toContain("| 4096 x 1024, k 32, bf16 | first | 10.00 | 9.00 | 1.00 | 1000 | 20.3 % | 1.07x | 61 % | 40 |");
    expect(markdown).toContain("| k_bf16_largest_warps4 | sm_90 | 40 | 0 | 0 | 16 | max(rows, 3) |");
    expect(markdown).toContain("## Mode eager");
  });
  it("is refused where nothing was measured", () => {
    expect(() => sectionsOf({ ...DATA, rows: [] })).toThrow(RangeError);
  });
});
