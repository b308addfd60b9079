/** `topkit tune judge`: what a tuning table is worth for shapes that it does not have. */
import { Command } from "commander";
import { type Judged, judge, recordsOf, type Taken } from "../bench/autotune/judge.ts";
import { readRecords } from "../bench/autotune/records.ts";
import { choiceText } from "../bench/autotune/space.ts";
import { readTable } from "../bench/autotune/table-file.ts";
import { fixed, NONE, type Table, toText } from "../bench/report/table.ts";
import { requestOf } from "../bench/stage-profile.ts";
import { quantile } from "../bench/statistics.ts";
import { shapeText, type Workload } from "../bench/workloads.ts";
import { variants } from "../generated/variants.ts";
import { TopkitError } from "../runtime/errors.ts";
import { type LoadedTable, shippedTable, sourceFileBeside, tuningOf } from "../runtime/tuning.ts";
import { limitsHere } from "./limits-here.ts";
import { nowAndThen } from "./now-and-then.ts";
import { jsonOption } from "./options.ts";
import { log, print, printJson } from "./status.ts";
import { drawnOption } from "./workloads.ts";

interface JudgeCommandOptions {
  readonly records?: string;
  readonly drawn?: readonly Workload[];
  readonly json?: boolean;
}

export const judgeCommand = (): Command =>
  new Command("judge")
    .description("chooses for each of a table's shapes without its own entry: how far over the best that was measured there; launches nothing")
    .argument("[table]", "a tuning table (default: the one that ships for the GPU here, or for an H200)")
    .option("--records <records>", "what the table came from, a folder or a file: times of more choices than its entries keep")
    .addOption(drawnOption("; judged instead of the table's, by the times of --records"))
    .addOption(jsonOption())
    .action((table: string | undefined, options: JudgeCommandOptions) => run(table, options));

/** Errors: TK101, TK501. */
async function run(named: string | undefined, { records: place, drawn, json }: JudgeCommandOptions): Promise<void> {
  const { limits, device, tables } = limitsHere();
  const file = named ?? shippedTable(tables);
  const table = readTable(file);
  if (table.entries.length < 2) throw new TopkitError("TK101", `${file} has ${table.entries.length} shapes; a table is judged by two or more: tune others`);
  if (table.device !== tables) log(`topkit: ${file} is of ${table.device}; plans are chosen within the limits of this: ${device}`);
  const { records, damaged } = place === undefined ? { records: [], damaged: [] } : readRecords(place);
  for (const line of damaged) log(`topkit: ${line}`);
  const loaded: LoadedTable = { ...table, file, origin: "user", sourceFile: (hash) => sourceFileBeside(file, hash) };
  const times = recordsOf(table, records);
  const requests = drawn?.map(requestOf);
  const count = requests?.length ?? table.entries.length;
  let at = 0;
  const show = nowAndThen(() => `${at} of ${count} shapes`);
  const watch = (done: number): void => {
    at = done;
    show();
  };
  const judged = judge({ table: loaded, tuning: tuningOf([], variants), limits, requests, records: times, watch });
  if (json) printJson({ table: file, device: table.device, groups: groupsOf(judged).map(figuresOf), judged: judged.map(plain) });
  else print(`${toText(groupTable(judged))}\n\nThe worst:\n${toText(worstTable(judged))}`);
}

interface Group {
  readonly name: string;
  readonly taken: readonly Taken[];
}

/** All, by dtype, by the plan that is taken; and what the untuned rules would take. */
function groupsOf(judged: readonly Judged[]): Group[] {
  const taken = judged.map((each) => each.taken);
  const by = (key: (each: Judged) => string): Group[] =>
    [...new Set(judged.map(key))].sort().map((name) => ({ name, taken: judged.filter((each) => key(each) === name).map((each) => each.taken) }));
  return [
    { name: "all", taken },
    ...by(({ request }) => request.dtype),
    ...by((each) => each.taken.plan),
    { name: "without a table", taken: judged.map(({ untuned }) => untuned) },
  ];
}

const PARTS = { median: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, worst: 1 } as const;

/** Parts over the best: 0.01 is 1 %. */
function figuresOf({ name, taken }: Group) {
  const over = taken.flatMap((each) => (each.over === undefined ? [] : [each.over]));
  const parts = Object.entries(PARTS).map(([part, value]) => [part, over.length === 0 ? undefined : quantile(over, value)] as const);
  const heuristic = taken.filter(({ source }) => source === "heuristic").length;
  return { name, shapes: taken.length, heuristic, unmeasured: taken.length - over.length, over: Object.fromEntries(parts) };
}

const percents = (part: number | undefined): string => (part === undefined ? NONE : (100 * part).toFixed(1));

const groupTable = (judged: readonly Judged[]): Table => ({
  words: 1,
  header: ["% over the best", ...Object.keys(PARTS), "shapes", "by the untuned rules", "not measured"],
  rows: groupsOf(judged)
    .map(figuresOf)
    .map(({ name, over, shapes, heuristic, unmeasured }) => [
      name,
      ...Object.keys(PARTS).map((part) => percents(over[part])),
      ...[shapes, heuristic, unmeasured].map(String),
    ]),
});

const WORST = 10;

const worstTable = (judged: readonly Judged[]): Table => ({
  words: 2,
  header: ["shape", "taken", "us", "best us", "% over"],
  rows: judged
    .filter(({ taken }) => taken.over !== undefined)
    .toSorted((a, b) => b.taken.over! - a.taken.over!)
    .slice(0, WORST)
    .map(({ request, best, taken }) => [shapeText(request), choiceText(taken), fixed(taken.us!), fixed(best), percents(taken.over)]),
});

const plain = ({ request: { rows, cols, k, dtype }, ...rest }: Judged): object => ({ rows, cols, k, dtype, ...rest });
