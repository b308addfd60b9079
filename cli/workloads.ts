/** What `bench` and `tune` work on: suites of bench/suites.csv, and shapes of the command line. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { drawnWorkloads } from "../bench/drawn.ts";
import { describe } from "../bench/run-bench.ts";
import { type Distribution, readSuites, type Workload } from "../bench/workloads.ts";
import { packageRoot } from "../native/index.ts";
import { checkRequest } from "../runtime/check.ts";
import { TopkitError } from "../runtime/errors.ts";

export const filterOption = (): Option =>
  new Option("--filter <regexp>", "of the suites, what it matches: 'nanochat 32 x 50304 k 50 bf16 normal'").argParser(pattern);

/** `more` ends its description. */
export const drawnOption = (more = ""): Option =>
  new Option(
    "--drawn <N/SEED>",
    `N shapes drawn by a seed over 1..16384 rows, 64..2^20 columns, k 1..2048 and the dtypes; may be given again${more}`,
  ).argParser(drawn);

/** "24/1": 24 shapes, drawn by seed 1. */
function drawn(text: string, before: readonly Workload[] = []): Workload[] {
  const [, count, seed] = (/^(\d{1,4})\/(\d{1,9})$/.exec(text) ?? []).map(Number);
  if (count === undefined || seed === undefined || count < 1) throw new InvalidArgumentError("It is N/SEED, N shapes of a seed, such as 24/1.");
  return [...before, ...drawnWorkloads(count, seed)];
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** Errors: TK101 for its form; TK103 to TK105 for its values. */
export function shapeWorkload(shape: string, dist: Distribution): Workload {
  const [rows, cols, k, dtype, ...rest] = shape.split(",").map((part) => part.trim());
  if (dtype === undefined || rest.length > 0) throw new TopkitError("TK101", `--shape is "${shape}"; give rows, cols, k and dtype, as 32,50304,50,bf16`);
  const request = checkRequest({ rows: count(rows), cols: count(cols), k: count(k), dtype });
  if (request.rows === 0) throw new TopkitError("TK104", "--shape has no rows; there is nothing to measure");
  return { suite: "shape", rows: request.rows, cols: request.cols, k: request.k, dtype: request.dtype, dist };
}

/** Suites with commas between them, or all. Errors: TK101. */
export function suiteWorkloads(suites: string, filter: RegExp | undefined): Workload[] {
  const all = readSuites(readFileSync(path.join(packageRoot, "bench", "suites.csv"), "utf8"));
  const known = [...new Set(all.map((workload) => workload.suite))];
  const wanted = suites === "all" ? known : suites.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TopkitError("TK101", `there is no suite "${unknown}"; there are ${known.join(", ")}, and all`);
  const picked = wanted.flatMap((name) => all.filter((workload) => workload.suite === name && (filter?.test(`${name} ${describe(workload)}`) ?? true)));
  if (picked.length === 0)
    throw new TopkitError("TK101", `--filter ${filter} matches no shape of ${suites}; it is compared with lines as "${wanted[0]} ${describe(all[0]!)}"`);
  return picked;
}

/** A number where it is one, so that the check can say what it got. */
const count = (text: string | undefined): unknown => (text !== undefined && /^\d+$/.test(text) ? Number(text) : text);
