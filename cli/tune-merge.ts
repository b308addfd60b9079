/** `topkit tune merge`: the records of several runs in one file, and a table of all of them. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { presentChoice } from "../bench/autotune/device-target.ts";
import { mergeRecords } from "../bench/autotune/records.ts";
import { loadSources } from "../bench/autotune/renderer.ts";
import { type Choice, candidateId } from "../bench/autotune/space.ts";
import { toT4 } from "../bench/autotune/t4.ts";
import { readTable, updateTable } from "../bench/autotune/table-file.ts";
import { type Kept, winnersOf } from "../bench/autotune/winners.ts";
import type { Dtype, Request } from "../dsl/index.ts";
import { variants } from "../generated/variants.ts";
import { choosePlan } from "../runtime/choose-plan.ts";
import { TopkitError } from "../runtime/errors.ts";
import { userTuningFolder } from "../runtime/tuning.ts";
import { tableName } from "../runtime/tuning-table.ts";
import { writeWhole } from "./files.ts";
import { jsonOption } from "./options.ts";
import { log, print, printJson } from "./status.ts";
import { reporter, resultsOption } from "./tune-report.ts";

interface MergeOptions {
  readonly out: string;
  readonly table?: string;
  readonly fewest?: number;
  readonly known?: string;
  readonly t4?: string;
  readonly report?: string;
  readonly csv?: string;
  readonly json?: boolean;
}

export const mergeCommand = (): Command =>
  new Command("merge")
    .description("joins the records of several runs, and writes the table of all of them; merging again changes nothing")
    .argument("<records...>", "folders or files of records")
    .requiredOption("--out <dir>", "folder of the joined records, in merged.jsonl")
    .option("--table <file>", "the tuning table to write (default: yours, in the folder of compiled kernels)")
    .addOption(
      new Option("--fewest <percent>", "name the fewest configs with which the shapes take so much longer on average: fewer kernels to ship").argParser(
        percent,
      ),
    )
    .option("--known <table>", "name no config that this table does not have")
    .option("--t4 <file>", "write the records as T4 JSON, for other tools of the autotuning community")
    .option("--report <file>", "draw FILE.html, and FILE.md beside it")
    .addOption(resultsOption())
    .addOption(jsonOption())
    .action((places: readonly string[], options: MergeOptions) => merge(places, options));

/** Errors: TK101, TK501. */
function keptOf({ fewest, known }: MergeOptions): Kept | undefined {
  if (fewest !== undefined && known !== undefined) throw new TopkitError("TK101", "--fewest and --known are both given; give one");
  if (fewest !== undefined) return { average: fewest };
  if (known === undefined) return undefined;
  const { choices } = readTable(known);
  const idOf = (dtype: Dtype, { plan, config }: Choice): string => `${dtype} ${candidateId(plan, config)}`;
  const ids = new Set(choices.map((choice) => idOf(choice.dtype, choice)));
  return { only: ({ dtype }, choice) => ids.has(idOf(dtype, choice)) };
}

/** "1": 0.01. */
function percent(text: string): number {
  if (!/^\d{1,2}(\.\d+)?$/.test(text)) throw new InvalidArgumentError("It is a number of percent, such as 1 or 0.5.");
  return Number(text) / 100;
}

async function merge(places: readonly string[], options: MergeOptions): Promise<void> {
  const { out, table, json } = options;
  const report = await reporter(options);
  const sources = await loadSources();
  const file = path.join(out, "merged.jsonl");
  try {
    mkdirSync(out, { recursive: true });
  } catch (cause) {
    throw new TopkitError("TK506", `${out} cannot be made: ${(cause as Error).message}; give a folder that can be written (--out)`, { out }, { cause });
  }
  const { records, damaged } = mergeRecords(places, file);
  for (const line of damaged) log(`topkit: ${line}`);
  const untuned = (request: Request) => presentChoice(() => choosePlan(request, undefined));
  const all = winnersOf({ records, sources, variants, untuned }, keptOf(options));
  if (table !== undefined && all.length > 1) {
    throw new TopkitError(
      "TK101",
      `--table is one file, the records are of ${all.length} devices: ${all.map((each) => each.table.device).join(", ")}; leave it out`,
    );
  }
  const written = [];
  for (const winners of all) {
    const place = table ?? path.join(userTuningFolder() ?? out, tableName(winners.table.device));
    const { entries } = await updateTable(place, winners);
    written.push({ file: place, device: winners.table.device, shapes: winners.table.entries.length, entries: entries.length });
  }
  if (options.t4 !== undefined) await writeWhole(options.t4, [Buffer.from(`${JSON.stringify(toT4(records), undefined, 1)}\n`)]);
  await report({ records, sources, untuned });
  if (json) printJson({ records: records.length, file, tables: written });
  else {
    print(`${records.length} records in ${file}`);
    for (const each of written) print(`${each.file}: ${each.shapes} shapes of ${each.device}, ${each.entries} in all`);
  }
}
