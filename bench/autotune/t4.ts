/** Records as T4 JSON (github.com/odgaard/TuningSchema, version 1.0.0), for other tools' plots and comparisons. */
import { summarize } from "../statistics.ts";
import type { TuneRecord } from "./records.ts";

const MICROSECONDS_PER_MILLISECOND = 1000;

export interface T4File {
  readonly schema_version: "1.0.0";
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly results: readonly T4Result[];
}

interface T4Result {
  readonly timestamp: string;
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly times: { readonly compilation_time: number; readonly runtimes: readonly number[] };
  readonly invalidity: string;
  readonly correctness: number;
  readonly measurements: readonly { readonly name: string; readonly value: number; readonly unit: string }[];
  readonly objectives: readonly string[];
}

/** Times in milliseconds, as the schema has them. A record without a time is no measurement, and says why. */
export function toT4(records: readonly TuneRecord[]): T4File {
  return {
    schema_version: "1.0.0",
    metadata: { tool: "topkit", devices: [...new Set(records.map(({ device }) => device))], protocols: [...new Set(records.map(({ protocol }) => protocol))] },
    results: records.map(({ time, request, plan, config, compileMs, us, invalidity }) => ({
      timestamp: time,
      configuration: { ...request, plan, ...config },
      times: { compilation_time: compileMs ?? 0, runtimes: (us ?? []).map((each) => each / MICROSECONDS_PER_MILLISECOND) },
      invalidity: invalidity ?? "correct",
      correctness: invalidity === undefined ? 1 : 0,
      measurements: us === undefined ? [] : [{ name: "time", value: summarize(us).median / MICROSECONDS_PER_MILLISECOND, unit: "ms" }],
      objectives: ["time"],
    })),
  };
}
