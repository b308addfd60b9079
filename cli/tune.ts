/** `topkit tune`: finds the fastest plan and config for shapes on the GPU here, and keeps them in a tuning table. */
import { randomUUID } from "node:crypto";
import path from "node:path";
import { Command, Option } from "commander";
import { deviceTarget, presentChoice } from "../bench/autotune/device-target.ts";
import { EFFORT_PLANS, EFFORTS, type Effort } from "../bench/autotune/effort.ts";
import { knownChoices } from "../bench/autotune/known.ts";
import { Progress } from "../bench/autotune/progress.ts";
import { RecordWriter, requestId, type TuneRecord } from "../bench/autotune/records.ts";
import { loadSources } from "../bench/autotune/renderer.ts";
import type { Choice } from "../bench/autotune/space.ts";
import { strategies } from "../bench/autotune/strategies/index.ts";
import { updateTable } from "../bench/autotune/table-file.ts";
import { TableKeeper } from "../bench/autotune/table-keeper.ts";
import { tune } from "../bench/autotune/tune.ts";
import { winnersOf } from "../bench/autotune/winners.ts";
import type { Workload } from "../bench/workloads.ts";
import type { Request } from "../dsl/index.ts";
import { variants } from "../generated/variants.ts";
import { choosePlan } from "../runtime/choose-plan.ts";
import { TopkitError } from "../runtime/errors.ts";
import { loadTuning, userTuningFolder } from "../runtime/tuning.ts";
import { tableName } from "../runtime/tuning-table.ts";
import { nowAndThen } from "./now-and-then.ts";
import { integerOption, jsonOption } from "./options.ts";
import { log, print, printJson } from "./status.ts";
import { judgeCommand } from "./tune-judge.ts";
import { mergeCommand } from "./tune-merge.ts";
import { distinctShapes, milliseconds, recordsIn, type Shard, shard, shardOf } from "./tune-options.ts";
import { asJson, rankedText, summaryText } from "./tune-output.ts";
import { replay } from "./tune-replay.ts";
import { reporter, resultsOption } from "./tune-report.ts";
import { drawnOption, filterOption, shapeWorkload, suiteWorkloads } from "./workloads.ts";

export interface TuneCommandOptions {
  readonly suite?: string;
  readonly filter?: RegExp;
  readonly shape?: readonly string[];
  readonly drawn?: readonly Workload[];
  readonly sample?: boolean;
  readonly strategy?: string;
  readonly effort: Effort;
  readonly budget?: number;
  readonly out: string;
  readonly resume?: boolean;
  readonly transfer?: boolean;
  readonly shard?: Shard;
  readonly replay?: string;
  readonly table?: string;
  readonly report?: string;
  readonly csv?: string;
  readonly device: number;
  readonly threads?: number;
  readonly seed: number;
  readonly json?: boolean;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export const tuneCommand = (): Command =>
  new Command("tune")
    .description("finds the fastest plan and config for shapes on the GPU here; the runtime takes them from then on")
    .option("--suite <names>", "suites of bench/suites.csv, with commas between them, or all")
    .addOption(filterOption())
    .option("--shape <R,C,K,D>", "a shape, as 32,50304,50,bf16; may be given again", collect)
    .addOption(drawnOption())
    .option("--sample", "for drawing a token from each row's top-k, whose fastest choice may be another (temperature 0.8, top-p 0.95)")
    .addOption(new Option("--effort <effort>", "how much is tried for each shape").choices(EFFORTS).default("normal"))
    .addOption(new Option("--strategy <name>", "another strategy than the effort's").choices(Object.keys(strategies)))
    .addOption(new Option("--budget <time>", "for all shapes together, as 90s, 10m or 2h").argParser(milliseconds))
    .option("--out <dir>", "folder of the records", "topkit-tune")
    .option("--resume", "go on from the records in --out")
    .option("--transfer", "with --resume: try what was fastest for near shapes in the records too")
    .addOption(new Option("--shard <I/N>", "only the I-th of N parts of the shapes: on other GPUs the others; then `tune merge`").argParser(shard))
    .option("--replay <records>", "search in records, of a folder or a file, instead of on a GPU")
    .option("--table <file>", "the tuning table to write (default: yours, in the folder of compiled kernels)")
    .option("--report <file>", "draw FILE.html, and FILE.md beside it, of all records in --out")
    .addOption(resultsOption())
    .addOption(integerOption("--device <n>", "CUDA device").default(0))
    .addOption(integerOption("--threads <n>", "that make inputs, and processes that compile (default: one a core)"))
    .addOption(integerOption("--seed <n>", "of the inputs and of the search").default(1))
    .addOption(jsonOption())
    .action((options: TuneCommandOptions) => run(options))
    .addCommand(mergeCommand())
    .addCommand(judgeCommand());

async function run(options: TuneCommandOptions): Promise<void> {
  if (options.replay !== undefined) return replay(options.replay, options);
  const workloads = workloadsOf(options);
  const report = await reporter(options);
  const records = [...recordsIn(options.out, options.resume === true, log)];
  const { strategy, budget } = { ...EFFORT_PLANS[options.effort], ...(options.strategy === undefined ? {} : { strategy: options.strategy }) };
  const sources = await loadSources();
  using target = await deviceTarget({ ...options, sources, tuning: loadTuning });
  const file = options.table ?? path.join(tuningFolder(), tableName(target.device));
  const untuned = (request: Request) => presentChoice(() => choosePlan(request, target.limits));
  const writer = new RecordWriter(options.out, randomUUID());
  const now = () => performance.now();
  const progress = new Progress({ budget: options.budget, rounds: budget.rounds, now });
  const kept = new TableKeeper({ write: (request) => keep(file, recordsOf(records, request), { sources, variants, untuned }), now });
  const show = nowAndThen(() => progress.line());
  const stop = new AbortController();
  // the second one ends the process as it always did
  const interrupt = (): void => stop.abort(new Error("interrupted"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  try {
    const outcome = await tune({
      ...{
        target,
        workloads,
        strategy,
        seed: options.seed,
        records,
        transfer: options.transfer,
        ...(options.effort === "known" ? { choices: await known(target.device) } : {}),
        signal: stop.signal,
      },
      budget: { ...budget, ...(options.budget === undefined ? {} : { milliseconds: options.budget }) },
      writer: {
        add: (record) => {
          writer.add(record);
          records.push(record);
        },
      },
      watch: {
        begin: (...begun) => {
          const [, , , space] = begun;
          kept.begin(space.request);
          log(progress.begin(...begun));
        },
        batch: async (candidates, rounds) => {
          progress.batch(candidates, rounds);
          show();
          await kept.soon();
        },
        outcome: (id, found) => progress.outcome(id, found),
        end: async (done) => {
          log(rankedText(done));
          await kept.end();
        },
      },
    });
    if (options.json) printJson({ device: target.device, records: options.out, table: file, ...outcome, tuned: outcome.tuned.map(asJson) });
    else print(summaryText(outcome.tuned));
    log(`topkit: records in ${options.out}, table ${file}`);
    await report({ records, sources, untuned });
    for (const problem of outcome.problems) log(`topkit: ${problem}`);
    if (outcome.interrupted) log("topkit: interrupted; what was done is kept: go on with --resume");
    if (outcome.interrupted || outcome.problems.length > 0) process.exitCode = outcome.interrupted ? 130 : 1;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

/** Errors: TK101. */
function workloadsOf({ suite, filter, shape = [], drawn = [], sample, shard: part }: TuneCommandOptions): readonly Workload[] {
  if (suite === undefined && shape.length === 0 && drawn.length === 0)
    throw new TopkitError("TK101", "tune needs --suite, --shape or --drawn; or --replay, to search in records");
  if (filter !== undefined && suite === undefined) throw new TopkitError("TK101", "--filter is given without --suite; it picks of a suite's shapes");
  const suites = suite === undefined ? [] : suiteWorkloads(suite, filter);
  const workloads = shardOf(distinctShapes([...suites, ...shape.map((each) => shapeWorkload(each, "normal")), ...drawn]), part);
  if (workloads.length === 0) log(`topkit: part ${part?.number} of ${part?.of} has no shapes: there are fewer`);
  return sample === true ? workloads.map((workload) => ({ ...workload, sample })) : workloads;
}

/** Errors: TK101 where no table has any. */
async function known(device: string): Promise<readonly Choice[]> {
  const choices = knownChoices((await loadTuning(device)).tables);
  if (choices.length > 0) return choices;
  throw new TopkitError(
    "TK101",
    `--effort known tries what tuning tables have, and there is none for ${device}; give another effort, or name a table in TOPKIT_TUNING`,
  );
}

/** Errors: TK506. */
function tuningFolder(): string {
  const folder = userTuningFolder();
  if (folder !== undefined) return folder;
  throw new TopkitError("TK506", "there is no folder for your tuning table: no TOPKIT_CACHE, and no home; name a file by --table");
}

const recordsOf = (records: readonly TuneRecord[], request: Request): TuneRecord[] =>
  records.filter((record) => requestId(record.request) === requestId(request));

async function keep(file: string, records: readonly TuneRecord[], how: Omit<Parameters<typeof winnersOf>[0], "records">): Promise<void> {
  for (const winners of winnersOf({ ...how, records })) await updateTable(file, winners);
}
