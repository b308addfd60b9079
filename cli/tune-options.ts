/** Options of `topkit tune`, parsed. */
import { existsSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { readRecords, type TuneRecord } from "../bench/autotune/records.ts";
import type { Workload } from "../bench/workloads.ts";
import { TopkitError } from "../runtime/errors.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** "90s", "10m", "2h": milliseconds. */
export function milliseconds(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined || Number(amount) === 0) throw new InvalidArgumentError("It is a time such as 90s, 10m or 2h.");
  return Number(amount) * UNITS[unit]!;
}

export interface Shard {
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/** "2/8": the second of eight. */
export function shard(text: string): Shard {
  const [, number, of] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (number === undefined || of === undefined || number < 1 || number > of) throw new InvalidArgumentError("It is I/N, the I-th of N parts, such as 1/4.");
  return { number, of };
}

/** Every N-th workload: the parts together are all, and no two share one. */
export const shardOf = (workloads: readonly Workload[], part: Shard | undefined): readonly Workload[] =>
  part === undefined ? workloads : workloads.filter((_, at) => at % part.of === part.number - 1);

/** On normal data, each shape once: what suites and shapes come to. */
export function distinctShapes(workloads: readonly Workload[]): Workload[] {
  const byShape = new Map(workloads.map((workload) => [[workload.rows, workload.cols, workload.k, workload.dtype].join(), workload]));
  return [...byShape.values()].map((workload) => ({ ...workload, dist: "normal" }));
}

/** What a records folder holds. Errors: TK101 where it holds records and they were not asked for. */
export function recordsIn(folder: string, resume: boolean, log: (line: string) => void): readonly TuneRecord[] {
  if (!existsSync(folder)) return [];
  const { records, damaged } = readRecords(folder);
  for (const line of damaged) log(`topkit: ${line}`);
  if (records.length > 0 && !resume) {
    throw new TopkitError("TK101", `${folder} holds ${records.length} records of an earlier run; give --resume to go on from them, or another folder by --out`);
  }
  return records;
}
