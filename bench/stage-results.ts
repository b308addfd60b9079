/** Stage profiles on disk, beside the results file: one line for the whole plan and one for each of its kernels. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Dtype } from "../dsl/index.ts";
import { TopkitError } from "../runtime/errors.ts";
import { describe } from "./run-bench.ts";
import type { StageProfile } from "./stage-profile.ts";
import type { Summary } from "./statistics.ts";
import type { Workload } from "./workloads.ts";

const HEADER = "dtype,rows,cols,k,dist,plan,part,us_median,us_min,us_max";
const WHOLE = "whole";

/** results.csv has results-stages.csv. */
export const stagesFile = (csv: string): string => csv.replace(/(\.csv)?$/, "-stages.csv");

/** A workload once, with its last profile. */
export function latestProfiles(profiles: readonly StageProfile[]): StageProfile[] {
  return [...new Map(profiles.map((profile) => [describe(profile.workload), profile])).values()];
}

/** Errors: TK506. */
export function writeProfiles(file: string, profiles: readonly StageProfile[]): void {
  const line = ({ rows, cols, k, dtype, dist }: Workload, plan: string, part: string, { median, min, max }: Summary): string =>
    [dtype, rows, cols, k, dist, plan, part, median.toFixed(3), min.toFixed(3), max.toFixed(3)].join(",");
  const lines = latestProfiles(profiles).flatMap(({ workload, plan, whole, stages }) => [
    line(workload, plan, WHOLE, whole),
    ...stages.map(({ kernel, time }) => line(workload, plan, kernel, time)),
  ]);
  try {
    writeFileSync(`${file}.tmp`, [HEADER, ...lines].map((each) => `${each}\n`).join(""));
    renameSync(`${file}.tmp`, file);
  } catch (cause) {
    throw new TopkitError("TK506", `${file} cannot be written: ${(cause as Error).message}; give a path that can be written`, { file }, { cause });
  }
}

/** None where there is no file. Errors: TK507. */
export function readProfiles(file: string): StageProfile[] {
  if (!existsSync(file)) return [];
  const [header, ...lines] = readFileSync(file, "utf8").trim().split(/\r?\n/);
  const bad = (line: number): TopkitError =>
    new TopkitError("TK507", `${file}, line ${line}: it is not one of "${HEADER}"; delete the file, and measure again`, { file, line });
  if (header !== HEADER) throw bad(1);
  const profiles: { workload: Workload; plan: string; whole: Summary; stages: { kernel: string; time: Summary }[] }[] = [];
  for (const [at, text] of lines.entries()) {
    const cells = text.split(",");
    const [dtype, rows, cols, k, dist, plan, part, ...times] = cells as [string, string, string, string, string, string, string, ...string[]];
    const [median, min, max] = times.map(Number) as [number, number, number];
    if (cells.length !== 10 || [rows, cols, k, median, min, max].some((each) => !(Number(each) >= 0))) throw bad(at + 2);
    const time = { median, min, max };
    const shape = { rows: Number(rows), cols: Number(cols), k: Number(k), dtype: dtype as Dtype };
    if (part === WHOLE) profiles.push({ workload: { suite: "", ...shape, dist: dist as Workload["dist"] }, plan, whole: time, stages: [] });
    else if (profiles.length === 0) throw bad(at + 2);
    else profiles.at(-1)!.stages.push({ kernel: part, time });
  }
  return profiles;
}
