/** The report: a page of tables and plots that needs no network, and the same tables as Markdown. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { TopkitError } from "../../runtime/errors.ts";
import type { CompiledRow } from "../compile-report.ts";
import type { PeerTime } from "../peers.ts";
import { MODES, type ResultRow } from "../results.ts";
import type { StageProfile } from "../stage-profile.ts";
import type { Draw } from "./draw.ts";
import { type Entry, entriesOf, suitesOf } from "./entries.ts";
import { adversarialPlot, bandwidthPlot, isScaling, type Plot, scalingPlot, stagePlot, timePlot } from "./plots.ts";
import { adversarialTable, compileTable, escapeHtml, stageTable, summaryTable, type Table, timeTable, toHtml, toMarkdown } from "./tables.ts";

export interface ReportData {
  readonly rows: readonly ResultRow[];
  readonly profiles: readonly StageProfile[];
  readonly peers: readonly PeerTime[];
  readonly compiled: readonly CompiledRow[];
}

/** A heading, and what stands under it, in this order. */
export interface Section {
  readonly title: string;
  readonly text?: string;
  readonly table?: Table;
  readonly plots: readonly Plot[];
  /** Long, and so folded in the page. */
  readonly folded?: boolean;
}

/** Writes FILE.html, and FILE.md beside it. Errors: TK506; RangeError where nothing was measured. */
export async function writeReport(file: string, data: ReportData, draw: Draw): Promise<void> {
  const sections = sectionsOf(data);
  const devices = [...new Set(data.rows.map(({ device }) => device))].join(", ");
  const title = `Exact top-k on ${devices}`;
  const html = await page(title, sections, draw);
  try {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    writeFileSync(file, html);
    writeFileSync(file.replace(/(\.html?)?$/, ".md"), markdown(title, sections));
  } catch (cause) {
    throw new TopkitError("TK506", `the report ${file} cannot be written: ${(cause as Error).message}; give a path that can be written`, { file }, { cause });
  }
}

/** Throws RangeError where nothing was measured. */
export function sectionsOf({ rows, profiles, peers, compiled }: ReportData): Section[] {
  if (rows.length === 0) throw new RangeError("report: there are no results");
  const cold = entriesOf(rows, peers);
  const sections: Section[] = [{ title: "How it was measured", text: protocolText(rows), plots: [] }];
  if (cold.length > 0) sections.push({ title: "Suites", table: summaryTable(cold), plots: [] });
  for (const suite of suitesOf(cold)) {
    const entries = cold.filter((entry) => entry.suite === suite);
    const growth = isScaling(entries);
    const plots = growth ? [scalingPlot(suite, entries), bandwidthPlot(suite, entries)] : [timePlot(suite, entries), bandwidthPlot(suite, entries)];
    sections.push({ title: `Suite ${suite}`, table: timeTable(entries), plots });
  }
  if (cold.some(({ dist }) => dist !== "normal")) sections.push(adversarialSection(cold));
  if (profiles.length > 0) sections.push({ title: "Per-stage profile", table: stageTable(profiles), plots: [stagePlot(profiles)] });
  for (const mode of MODES.slice(1)) {
    const entries = entriesOf(rows, [], mode);
    if (entries.length > 0) sections.push({ title: `Mode ${mode}`, text: MODE_TEXT[mode], table: timeTable(entries), plots: [] });
  }
  if (compiled.length > 0)
    sections.push({ title: "Shipped kernels: registers, spills, shared memory", table: compileTable(compiled), plots: [], folded: true });
  sections.push({ title: "Protocol of every row", table: protocolTable(rows), plots: [], folded: true });
  return sections;
}

const MODE_TEXT: Readonly<Record<ResultRow["mode"], string>> = {
  "graph-cold": "",
  "graph-hot": "Calls in one graph on one input, which stays in the L2 where it fits.",
  eager: "Calls enqueued one by one, from JavaScript for topkit and the floor, from Python for torch; the slower of host and device is what is seen.",
};

function adversarialSection(cold: readonly Entry[]): Section {
  const plot = adversarialPlot(cold);
  return { title: "Adversarial data", table: adversarialTable(cold), plots: plot === undefined ? [] : [plot] };
}

/** What the rows' protocols agree on. */
function protocolText(rows: readonly ResultRow[]): string {
  const parts = rows.map(({ protocol }) => protocol.split(";"));
  const common = parts[0]!.filter((part) => parts.every((others) => others.includes(part)));
  return (
    "Graph-cold unless said otherwise: calls captured in one CUDA graph, inputs rotated through more than twice the L2, a go timed by two device " +
    "events behind a lead-in that keeps the device busy meanwhile; medians over rounds in which all implementations take turns. Every row of every " +
    `result is compared with the reference, bit for bit. All rows: ${common.join(", ") || "see the last section"}.`
  );
}

const protocolTable = (rows: readonly ResultRow[]): Table => ({
  words: 8,
  header: ["suite", "shape", "data", "impl", "mode", "exact", "us median (min .. max)", "protocol"],
  rows: rows.map(({ suite, rows: count, cols, k, dtype, dist, impl, mode, exact, usMedian, usMin, usMax, protocol }) => [
    ...[suite, `${count} x ${cols}, k ${k}, ${dtype}`, dist, impl, mode, exact],
    `${usMedian.toFixed(2)} (${usMin.toFixed(2)} .. ${usMax.toFixed(2)})`,
    protocol.split(";").join("; "),
  ]),
});

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2328; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.6rem; font-size: 1.25rem; border-bottom: 1px solid #d0d7de; padding-bottom: .3rem; } h3 { font-size: 1rem; margin: 1.8rem 0 .2rem; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; } th, td { padding: .28rem .7rem; border-bottom: 1px solid #eaeef2; text-align: left; white-space: nowrap; }
th { background: #f6f8fa; font-weight: 600; } .n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; overflow-x: auto; } figcaption, .note { color: #57606a; font-size: 13px; max-width: 60rem; } summary { cursor: pointer; color: #0b6bcb; }
`;

async function page(title: string, sections: readonly Section[], draw: Draw): Promise<string> {
  const bodies: string[] = [];
  for (const { title: heading, text, table, plots, folded } of sections) {
    const shown = table === undefined ? "" : toHtml(table);
    const figures: string[] = [];
    for (const plot of plots)
      figures.push(`<h3>${escapeHtml(plot.title)}</h3>\n<figure>${await draw(plot.spec)}<figcaption>${escapeHtml(plot.caption)}</figcaption></figure>`);
    bodies.push(
      `<h2>${escapeHtml(heading)}</h2>`,
      text === undefined ? "" : `<p class="note">${escapeHtml(text)}</p>`,
      folded ? `<details><summary>${table?.rows.length ?? 0} rows</summary>${shown}</details>` : shown,
      ...figures,
    );
  }
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body>\n<h1>${escapeHtml(title)}</h1>\n${bodies.filter((part) => part !== "").join("\n")}\n</body></html>\n`;
}

function markdown(title: string, sections: readonly Section[]): string {
  const parts = sections.flatMap(({ title: heading, text, table }) => [
    `## ${heading}`,
    ...(text === undefined ? [] : [text]),
    ...(table === undefined ? [] : [toMarkdown(table)]),
  ]);
  return `${[`# ${title}`, ...parts].join("\n\n")}\n`;
}
