/**
 * `npm run bench:readme`: writes what README.md says of speed, between its two marks, and the picture beside the results, from the files of
 * bench/results alone; no figure there is typed by hand. A test fails where the README says something else.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../native/index.ts";
import { type ResultRow, readResults } from "../results.ts";
import { geometricMean } from "../statistics.ts";
import { type Draw, loadDraw } from "./draw.ts";
import { type Entry, entriesOf, ratio } from "./entries.ts";
import { timePlot } from "./plots.ts";
import { readAround } from "./read-data.ts";
import { summaryTable } from "./summary-tables.ts";
import { toMarkdown } from "./table.ts";

const RESULTS = "bench/results/nvidia-h200.csv";
const PICTURE = "bench/results/nvidia-h200.svg";
const GPU_SUITE = "bench/results/test-gpu-nvidia-h200.txt";
const CPU = "bench/results/cpu-2-cores.csv";
const SUITE = "nanochat";
const MARKS = ["<!-- speed -->\n", "<!-- /speed -->\n"] as const;

const textOf = (file: string): string => readFileSync(path.join(packageRoot, file), "utf8");

export interface Readme {
  readonly text: string;
  readonly picture: string;
}

/** README.md and its picture as they must be. Throws RangeError where the README has not its two marks, or the results lack the suite. */
export async function makeReadme(readme: string, draw: Draw): Promise<Readme> {
  const file = path.join(packageRoot, RESULTS);
  const { rows, peers } = readAround(readResults(file), file);
  const entries = entriesOf(rows, peers);
  const own = entries.filter(({ suite, topkit, torch }) => suite === SUITE && topkit !== undefined && torch !== undefined);
  if (own.length === 0) throw new RangeError(`readme: ${RESULTS} has no suite ${SUITE}`);
  const paragraphs = [
    gpuSentence(own, entries),
    `![microseconds a call, of topkit, torch, the read floor and the recorded peers](${PICTURE})`,
    toMarkdown(summaryTable(entries)),
    `${cpuSentence(textOf(CPU))} ${suiteSentence(textOf(GPU_SUITE))}`,
  ];
  return { text: between(readme, paragraphs.join("\n\n")), picture: `${await draw(timePlot(SUITE, own).spec)}\n` };
}

function between(readme: string, section: string): string {
  const [start, end] = [readme.indexOf(MARKS[0]), readme.indexOf(MARKS[1])];
  if (start < 0 || end < start) throw new RangeError(`readme: README.md has not the lines ${MARKS.map((mark) => mark.trim()).join(" and ")}`);
  return `${readme.slice(0, start + MARKS[0].length)}\n${section}\n\n${readme.slice(end)}`;
}

function gpuSentence(own: readonly Entry[], all: readonly Entry[]): string {
  const times = own.map(({ topkit }) => topkit!.usMedian);
  const faster = own.map(({ torch, topkit }) => ratio(torch, topkit)!);
  const exact = all.filter(({ topkit }) => topkit?.exact === "yes").length;
  const torch = own[0]!.torch!;
  return (
    `On an ${torch.device}, [suite ${SUITE}](bench/suites.csv) takes ${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)} us a call, ` +
    `${Math.min(...faster).toFixed(1)} to ${Math.max(...faster).toFixed(1)} times as fast as \`torch.topk\` (${protocolValue(torch, "torch")}) in the same run, ` +
    `geometric mean ${geometricMean(faster).toFixed(1)}. Every row of every result was compared with the reference: ${exact} of ${all.length} workloads equal it ` +
    `bit for bit ([${path.basename(RESULTS)}](${RESULTS})).`
  );
}

/** `name=value` of a protocol. */
const protocolValue = ({ protocol }: ResultRow, name: string): string =>
  protocol
    .split(";")
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1) ?? "";

function cpuSentence(csv: string): string {
  const [header, ...lines] = csv.trim().split("\n");
  const columns = header!.split(",");
  const cells = lines.map((line) => Object.fromEntries(line.split(",").map((cell, at) => [columns[at]!, cell])) as Record<string, string>);
  const timesOf = (impl: string): number[] => cells.filter((row) => row.impl === impl).map((row) => Number(row.us_median));
  const others = timesOf("partial_sort");
  const mean = geometricMean(timesOf("topkit").map((us, at) => others[at]! / us));
  const device = cells[0]!.device!.replaceAll('"', "");
  return `The CPU backend is ${mean.toFixed(1)} times as fast as \`std::partial_sort\` a row (geometric mean of ${others.length} shapes, ${device}; [${path.basename(CPU)}](${CPU})).`;
}

/** The suite's last line: "9140 passed, 0 failed". */
const suiteSentence = (output: string): string =>
  `The GPU suite on that device: ${output.trim().split("\n").at(-1)} ([${path.basename(GPU_SUITE)}](${GPU_SUITE})).`;

if (process.argv[1] !== undefined && import.meta.url === new URL(`file://${path.resolve(process.argv[1])}`).href) {
  const { text, picture } = await makeReadme(textOf("README.md"), await loadDraw());
  writeFileSync(path.join(packageRoot, PICTURE), picture);
  writeFileSync(path.join(packageRoot, "README.md"), text);
  console.log(`wrote ${PICTURE} and README.md`);
}
