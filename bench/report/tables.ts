/** The report's figures as tables: plain text cells, for HTML, Markdown and the terminal alike. */
import type { CompiledRow } from "../compile-report.ts";
import type { ResultRow } from "../results.ts";
import type { StageProfile } from "../stage-profile.ts";
import { geometricMean, noise } from "../statistics.ts";
import { type Entry, normalOf, ratio, suitesOf } from "./entries.ts";

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of words, which are set to the left; the others are numbers. */
  readonly words: number;
}

const NONE = "-";
const us = (row: ResultRow | undefined): string => (row === undefined ? NONE : fixed(row.usMedian));
const fixed = (value: number): string => (value < 100 ? value.toFixed(2) : value.toFixed(1));
const times = (value: number | undefined): string => (value === undefined ? NONE : `${value.toFixed(value < 10 ? 2 : 1)}x`);
const percent = (value: number | undefined): string => (value === undefined ? NONE : `${(100 * value).toFixed(0)} %`);

const spread = (row: ResultRow | undefined): string =>
  row === undefined ? NONE : `${(50 * noise({ median: row.usMedian, min: row.usMin, max: row.usMax })).toFixed(1)} %`;

/** topkit beside torch, the floor and the fastest recorded peer. */
export function timeTable(entries: readonly Entry[]): Table {
  const mixed = new Set(entries.map(({ dist }) => dist)).size > 1;
  return {
    words: mixed ? 2 : 1,
    header: [
      "shape",
      ...(mixed ? ["data"] : []),
      "topkit us",
      "noise +-",
      "floor us",
      "torch us",
      "torch / topkit",
      "best peer us",
      "peer / topkit",
      "GB/s",
      "exact",
    ],
    rows: entries.map(({ shape, dist, topkit, torch, floor, peers }) => {
      const best = peers[0];
      return [
        ...[shape, ...(mixed ? [dist] : [])],
        ...[us(topkit), spread(topkit), us(floor), us(torch), times(ratio(torch, topkit))],
        best === undefined ? NONE : `${fixed(best.us)} ${best.impl}`,
        times(best && ratio({ usMedian: best.us }, topkit)),
        topkit === undefined ? NONE : topkit.gbps.toFixed(0),
        topkit?.exact ?? NONE,
      ];
    }),
  };
}

/** Geometric means and least ratios, a suite each. */
export function summaryTable(entries: readonly Entry[]): Table {
  return {
    words: 1,
    header: ["suite", "shapes", "torch / topkit, mean", "least", "best peer / topkit, mean", "least", "floor / topkit, mean", "exact"],
    rows: suitesOf(entries).map((suite) => {
      const own = entries.filter((entry) => entry.suite === suite);
      const columns = [
        own.map(({ torch, topkit }) => ratio(torch, topkit)),
        own.map(({ peers, topkit }) => (peers[0] === undefined ? undefined : ratio({ usMedian: peers[0].us }, topkit))),
        own.map(({ floor, topkit }) => ratio(floor, topkit)),
      ].map((values) => values.filter((value) => value !== undefined));
      const mean = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : geometricMean(values));
      const least = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : Math.min(...values));
      const [torch, peer, floor] = columns as [number[], number[], number[]];
      const exact = own.filter(({ topkit }) => topkit?.exact === "yes").length;
      return [
        suite,
        `${own.length}`,
        times(mean(torch)),
        times(least(torch)),
        times(mean(peer)),
        times(least(peer)),
        percent(mean(floor)),
        `${exact} of ${own.length}`,
      ];
    }),
  };
}

/** Each distribution against normal data of the same shape. */
export function adversarialTable(entries: readonly Entry[]): Table {
  const own = entries.filter(({ dist }) => dist !== "normal");
  return {
    words: 2,
    header: ["shape", "data", "topkit us", "normal us", "topkit / normal", "torch us", "torch / topkit"],
    rows: own.map((entry) => {
      const normal = normalOf(entry, entries)?.topkit;
      return [
        entry.shape,
        entry.dist,
        us(entry.topkit),
        us(normal),
        times(ratio(entry.topkit, normal)),
        us(entry.torch),
        times(ratio(entry.torch, entry.topkit)),
      ];
    }),
  };
}

/** Each kernel alone; what the whole takes more or less than their sum is launching and overlap. */
export function stageTable(profiles: readonly StageProfile[]): Table {
  const most = Math.max(0, ...profiles.map(({ stages }) => stages.length));
  const numbers = Array.from({ length: most }, (_, at) => at + 1);
  return {
    words: 3,
    header: ["shape", "data", "plan", "whole us", ...numbers.flatMap((number) => [`stage ${number} us`, `stage ${number} share`])],
    rows: profiles.map(({ workload, plan, whole, stages }) => {
      const sum = stages.reduce((total, { time }) => total + time.median, 0);
      const { rows, cols, k, dtype, dist } = workload;
      const cells = numbers.flatMap((number) => {
        const time = stages[number - 1]?.time.median;
        return time === undefined ? [NONE, NONE] : [fixed(time), percent(time / sum)];
      });
      return [`${rows} x ${cols}, k ${k}, ${dtype}`, dist, plan, fixed(whole.median), ...cells];
    }),
  };
}

/** Registers, spills and shared memory of every shipped kernel. */
export function compileTable(compiled: readonly CompiledRow[]): Table {
  return {
    words: 1,
    header: ["kernel", "arch", "registers", "spill bytes", "stack bytes", "static shared", "dynamic shared"],
    rows: compiled.map((row) => [row.symbol, `sm_${row.arch}`, row.registers, row.spillBytes, row.stackBytes, row.staticSharedBytes, row.dynamicShared]),
  };
}

export function toText({ header, rows, words }: Table): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column < words ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  return all.map(line).join("\n");
}

export function toMarkdown({ header, rows, words }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), `|${header.map((_, column) => (column < words ? "---" : "---:")).join("|")}|`, ...rows.map(line)].join("\n");
}

export const escapeHtml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

export function toHtml({ header, rows, words }: Table): string {
  const line = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((cell, column) => `<${tag}${column < words ? "" : ' class="n"'}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="table"><table><thead>${line("th", header)}</thead><tbody>${rows.map((cells) => line("td", cells)).join("\n")}</tbody></table></div>`;
}
