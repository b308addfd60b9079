/** `topkit bench`: measures, checks every result, prints a table, records rows, draws the report. */
import { Command, InvalidArgumentError, Option } from "commander";
import { readPeers } from "../bench/peers.ts";
import { loadDraw } from "../bench/report/draw.ts";
import { entriesOf } from "../bench/report/entries.ts";
import { readAround } from "../bench/report/read-data.ts";
import { summaryTable } from "../bench/report/summary-tables.ts";
import { toText } from "../bench/report/table.ts";
import { sampleTable, timeTable } from "../bench/report/tables.ts";
import { writeReport } from "../bench/report/write-report.ts";
import { MODES, type Mode, type ResultRow, ResultsFile, readResults } from "../bench/results.ts";
import { runBench } from "../bench/run-bench.ts";
import { requestOf, type StageProfile } from "../bench/stage-profile.ts";
import { latestProfiles, readProfiles, stagesFile, writeProfiles } from "../bench/stage-results.ts";
import { DISTRIBUTIONS, type Distribution, type Workload, withNormal } from "../bench/workloads.ts";
import { choosePlan, type Force } from "../runtime/choose-plan.ts";
import { TopkitError } from "../runtime/errors.ts";
import type { ConfigValues } from "../runtime/types.ts";
import { configOption, freeze, frozenOption, integerOption, jsonOption } from "./options.ts";
import { log, print, printJson } from "./status.ts";
import { drawnOption, filterOption, shapeWorkload, suiteWorkloads } from "./workloads.ts";

interface BenchCommandOptions {
  readonly suite?: string;
  readonly shape?: string;
  readonly drawn?: readonly Workload[];
  readonly filter?: RegExp;
  readonly dist?: Distribution;
  readonly peers?: "torch";
  readonly iters: number;
  readonly plan?: string;
  readonly config?: ConfigValues;
  readonly csv?: string;
  readonly report?: string;
  readonly profile?: boolean;
  readonly mode: Mode | "all";
  readonly sample?: boolean;
  readonly frozen?: boolean;
  readonly json?: boolean;
}

const DEFAULT_ROUNDS = 11;

export const benchCommand = (): Command =>
  new Command("bench")
    .description("measures top-k on the GPU, beside torch and the read floor, and checks every result bit for bit")
    .option("--suite <names>", "suites of bench/suites.csv, with commas between them, or all")
    .addOption(filterOption())
    .option("--shape <R,C,K,D>", "one shape, as 32,50304,50,bf16")
    .addOption(drawnOption())
    .addOption(new Option("--dist <name>", "data of --shape (default: normal)").choices(DISTRIBUTIONS))
    .addOption(new Option("--peers <names>", "torch: torch.topk of python3 (or TOPKIT_PYTHON), in turns with topkit").choices(["torch"]))
    .addOption(integerOption("--iters <n>", "rounds of turns").argParser(rounds).default(DEFAULT_ROUNDS))
    .option("--plan <name>", "force a plan")
    .addOption(configOption())
    .addOption(new Option("--mode <mode>", "how calls are made").choices([...MODES, "all"]).default("graph-cold"))
    .option("--sample", "draw a token from each row too (temperature 0.8, top-p 0.95); torch is then its chain of top-k, softmax, top-p and multinomial")
    .option("--csv <file>", "record results there, as they come; results of other workloads in it stay")
    .option("--profile", "time each kernel of a plan of several alone too; --report does")
    .option("--report <file>", "draw FILE.html, and FILE.md beside it, of all that --csv holds; without a suite or shape, of what was recorded before")
    .addOption(frozenOption())
    .addOption(jsonOption())
    .action((options: BenchCommandOptions) => bench(options));

function rounds(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("It is an integer from 1.");
  return Number(text);
}

async function bench(options: BenchCommandOptions): Promise<void> {
  checkCombination(options);
  freeze(options.frozen);
  // everything that can be known to fail fails before minutes of work
  const draw = options.report === undefined ? undefined : await loadDraw();
  const measured = named(options).length === 0 ? recorded(options.csv!) : await measure(options, workloadsOf(options));
  const { rows, all, profiles, problems, interrupted } = measured;
  if (draw !== undefined && options.report !== undefined && all.length > 0) {
    await writeReport(options.report, { ...readAround(all, options.csv ?? options.report), profiles }, draw);
    log(`wrote ${options.report}`);
  }
  if (options.json) printJson({ rows, problems, interrupted });
  else if (rows.length > 0) for (const line of asText(rows)) print(line);
  for (const problem of problems) log(`topkit: ${problem}`);
  if (interrupted) log("topkit: interrupted; what was done is kept");
  if (interrupted || problems.length > 0) process.exitCode = interrupted ? 130 : 1;
}

/** Errors: TK101. */
function checkCombination(options: BenchCommandOptions): void {
  const { suite, shape, filter, dist, plan, config, csv, report } = options;
  const wrong = (message: string): TopkitError => new TopkitError("TK101", message);
  if (named(options).length > 1) throw wrong(`${named(options).join(" and ")} are both given; give one`);
  if (named(options).length === 0 && (csv === undefined || report === undefined)) {
    throw wrong("bench needs --suite, --shape or --drawn; or --csv and --report, to draw what was recorded");
  }
  if (filter !== undefined && suite === undefined) throw wrong("--filter is given without --suite; it picks of a suite's shapes");
  if (dist !== undefined && shape === undefined) throw wrong("--dist is given without --shape; a suite names its own data");
  if (config !== undefined && plan === undefined) throw wrong("--config is given without --plan; name the plan that it is for");
}

/** The options that say what to measure. */
const named = (options: BenchCommandOptions): string[] =>
  (["suite", "shape", "drawn"] as const).flatMap((name) => (options[name] === undefined ? [] : [`--${name}`]));

/** Errors: TK101 for a suite, a shape's form; TK103 to TK105 for its values. */
function workloadsOf({ suite, shape, drawn, filter, dist = "normal" }: BenchCommandOptions): readonly Workload[] {
  if (shape !== undefined) return [shapeWorkload(shape, dist)];
  return drawn ?? withNormal(suiteWorkloads(suite!, filter));
}

interface Measured {
  /** Of this run. */
  readonly rows: readonly ResultRow[];
  /** And what the results file held before. */
  readonly all: readonly ResultRow[];
  readonly profiles: readonly StageProfile[];
  readonly problems: readonly string[];
  readonly interrupted: boolean;
}

/** Errors: TK501, TK507. */
function recorded(csv: string): Measured {
  const rows = readResults(csv);
  return { rows, all: rows, profiles: readProfiles(stagesFile(csv)), problems: [], interrupted: false };
}

async function measure(options: BenchCommandOptions, workloads: readonly Workload[]): Promise<Measured> {
  const { plan, config, csv, mode } = options;
  const force: Force | undefined = plan === undefined ? undefined : { plan, ...(config === undefined ? {} : { config }) };
  if (force !== undefined) checkForce(force, workloads);
  const file = csv === undefined ? undefined : new ResultsFile(csv);
  const profiles = csv === undefined ? [] : readProfiles(stagesFile(csv));
  const rows: ResultRow[] = [];
  const stop = new AbortController();
  // the second one ends the process as it always did
  const interrupt = (): void => stop.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  try {
    const outcome = await runBench({
      ...{ cases: workloads.map((workload) => ({ workload, force })), modes: mode === "all" ? MODES : [mode] },
      ...{ torch: options.peers === "torch", sample: options.sample === true, rounds: options.iters },
      ...{ profile: options.profile === true || options.report !== undefined, signal: stop.signal, log },
      onRow: (row) => {
        rows.push(row);
        file?.add(row);
      },
      onProfile: (profile) => {
        profiles.push(profile);
        if (csv !== undefined) writeProfiles(stagesFile(csv), profiles);
      },
    });
    return { rows, all: file?.rows ?? rows, profiles: latestProfiles(profiles), ...outcome };
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
    file?.close();
  }
}

/** Errors: TK113 where the forced plan answers none of the workloads: better now than after opening a GPU. */
function checkForce(force: Force, workloads: readonly Workload[]): void {
  let first: unknown;
  for (const workload of workloads) {
    try {
      choosePlan(requestOf(workload), undefined, force);
      return;
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function asText(rows: readonly ResultRow[]): string[] {
  const peers = [...new Set(rows.map(({ device }) => device))].flatMap(readPeers);
  return MODES.flatMap((mode) => {
    const entries = entriesOf(rows, mode === "graph-cold" ? peers : [], mode);
    const draws = sampleTable(entries);
    const sampling = draws.rows.length === 0 ? [] : [toText(draws), ""];
    return entries.length === 0 ? [] : [mode, toText(timeTable(entries)), "", ...sampling, toText(summaryTable(entries)), ""];
  }).slice(0, -1);
}
