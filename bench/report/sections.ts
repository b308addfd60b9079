/** The report's sections: which tables and plots stand in it, in which order. */
import type { CompiledRow } from "../compile-report.ts";
import type { Must } from "../musts.ts";
import type { NcuRow } from "../ncu-results.ts";
import type { AdversarialPeerTime, PeerTime } from "../peers.ts";
import { MODES, type ResultRow } from "../results.ts";
import type { StageProfile } from "../stage-profile.ts";
import { type Entry, entriesOf, suitesOf } from "./entries.ts";
import { goalsOf } from "./goals.ts";
import { compileTable, configTable, ncuTable } from "./kernel-tables.ts";
import { adversarialPlot, bandwidthPlot, isScaling, type Plot, scalingPlot, stagePlot, timePlot } from "./plots.ts";
import { goalsTable, missesTable, mustTable, summaryTable } from "./summary-tables.ts";
import type { Table } from "./table.ts";
import { adversarialPeerTable, adversarialTable, sampleTable, stageTable, timeTable } from "./tables.ts";

export interface ReportData {
  readonly rows: readonly ResultRow[];
  readonly profiles: readonly StageProfile[];
  readonly peers: readonly PeerTime[];
  readonly adversarialPeers: readonly AdversarialPeerTime[];
  readonly musts: readonly Must[];
  readonly compiled: readonly CompiledRow[];
  readonly ncu: readonly NcuRow[];
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

/** Throws RangeError where nothing was measured. */
export function sectionsOf(data: ReportData): Section[] {
  const { rows, profiles, compiled, ncu } = data;
  if (rows.length === 0) throw new RangeError("report: there are no results");
  const cold = entriesOf(rows, data.peers);
  const sections: Section[] = cold.length > 0 ? summarySections(cold, data) : [];
  sections.push({ title: "How it was measured", text: protocolText(rows), plots: [] });
  for (const suite of suitesOf(cold)) sections.push(suiteSection(suite, cold));
  if (cold.some(({ dist }) => dist !== "normal")) sections.push(...adversarialSections(cold, data.adversarialPeers));
  const draws = sampleTable(cold);
  if (draws.rows.length > 0) sections.push({ title: "Sampling", text: SAMPLE_TEXT, table: draws, plots: [] });
  if (profiles.length > 0) sections.push({ title: "Per-stage profile", table: stageTable(profiles), plots: [stagePlot(profiles)] });
  for (const mode of MODES.slice(1)) {
    const entries = entriesOf(rows, [], mode);
    if (entries.length > 0) sections.push({ title: `Mode ${mode}`, text: MODE_TEXT[mode], table: timeTable(entries), plots: [] });
  }
  if (ncu.length > 0) sections.push({ title: "Bandwidth, as Nsight Compute saw it", text: NCU_TEXT, table: ncuTable(ncu), plots: [] });
  if (compiled.length > 0) {
    sections.push({ title: "Shipped configs: registers, spills, shared memory", text: CONFIG_TEXT, table: configTable(compiled), plots: [] });
    sections.push({ title: "Every shipped source", table: compileTable(compiled), plots: [], folded: true });
  }
  sections.push({ title: "Protocol of every row", table: protocolTable(rows), plots: [], folded: true });
  return sections;
}

function summarySections(cold: readonly Entry[], { musts, compiled }: ReportData): Section[] {
  const goals = goalsOf(cold, musts, compiled);
  const sections: Section[] = [{ title: "Summary", text: SUMMARY_TEXT, table: goalsTable(goals), plots: [] }];
  const misses = missesTable(goals);
  if (misses.rows.length > 0) sections.push({ title: "What misses a goal", table: misses, plots: [] });
  sections.push({ title: "Suites", table: summaryTable(cold), plots: [] });
  if (musts.length > 0) sections.push({ title: "Times to reach", table: mustTable(musts, cold), plots: [] });
  return sections;
}

function suiteSection(suite: string, cold: readonly Entry[]): Section {
  const entries = cold.filter((entry) => entry.suite === suite);
  const times = isScaling(entries) ? scalingPlot(suite, entries) : timePlot(suite, entries);
  return { title: `Suite ${suite}`, table: timeTable(entries), plots: [times, bandwidthPlot(suite, entries)] };
}

const SUMMARY_TEXT =
  "Ratios are of graph-cold medians. Peers are recorded figures (bench/peers), whether or not they sort or are deterministic; the fastest of each shape counts.";
const SAMPLE_TEXT =
  "A token from each row, top-k included, at temperature 0.8 and top-p 0.95; every token is compared with the CPU backend's. torch's chain: topk, division, softmax, " +
  "cumsum and comparison for top-p, multinomial, gather.";
const NCU_TEXT =
  "Each kernel alone, caches flushed before it, clocks as they come; floor_read is the kernel that only reads. Times under a profiler are not the benchmark's.";
const CONFIG_TEXT =
  "The most that any of a config's sources takes, of all dtypes and orders; registers, spills and stack a thread, shared memory a block, in bytes.";

const MODE_TEXT: Readonly<Record<ResultRow["mode"], string>> = {
  "graph-cold": "",
  "graph-hot": "Calls in one graph on one input, which stays in the L2 where it fits.",
  eager: "Calls enqueued one by one, from JavaScript for topkit and the floor, from Python for torch; the slower of host and device is what is seen.",
};

function adversarialSections(cold: readonly Entry[], recorded: readonly AdversarialPeerTime[]): Section[] {
  const plot = adversarialPlot(cold);
  const own: Section = { title: "Adversarial data", table: adversarialTable(cold), plots: plot === undefined ? [] : [plot] };
  if (recorded.length === 0) return [own];
  const text = "Recorded, graph-hot: each one's time over its own on normal data.";
  return [own, { title: "Adversarial data: the recorded peers", text, table: adversarialPeerTable(recorded), plots: [] }];
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
