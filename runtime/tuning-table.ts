/** A tuning table: the fastest plans and configs that were measured on a device, by shape. Its form, and what makes a text one. */
import type { Dtype } from "../dsl/index.ts";
import type { ConfigValues } from "./types.ts";

export const TABLE_VERSION = 2;

export interface TuningTable {
  readonly version: typeof TABLE_VERSION;
  /** As the driver names it. */
  readonly device: string;
  /** What the entries came from. */
  readonly runs: readonly TuningRun[];
  /** What the entries' times are of. */
  readonly choices: readonly TableChoice[];
  readonly entries: readonly TunedEntry[];
}

export interface TuningRun {
  /** SHA-256 of the records, sorted: hex. */
  readonly records: string;
  /** How times were taken, and by which driver and NVRTC: `name=value` parts, joined by ";". */
  readonly protocol: string;
  /** Of the last record. ISO 8601, UTC. */
  readonly date: string;
}

export interface TableChoice {
  readonly plan: string;
  /** Flat, as `--config` takes it. */
  readonly config: ConfigValues;
  /** Of the shapes that it was measured for. */
  readonly dtype: Dtype;
  /** SHA-256 of each kernel's text, of both orders, by its symbol: times of other texts are of no use. */
  readonly sources: Readonly<Record<string, string>>;
  /** By the kernel's name, of those whose configs are not rendered in generated/: what their declaration was when the text was stored (`basisOf`). */
  readonly basis: Readonly<Record<string, string>>;
}

/** A choice, counted from 0, and its median microseconds a call. */
export type MeasuredChoice = readonly [choice: number, us: number];

/** What was measured for a shape. */
export interface TunedEntry {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  /** The winner, and then the others, the fastest first. */
  readonly times: readonly MeasuredChoice[];
  /** Which of `runs` it came from. */
  readonly run: number;
}

/** "NVIDIA H200" has nvidia-h200.json. */
export const tableName = (device: string): string => `${device.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.json`;

export type Parsed = { readonly ok: true; readonly table: TuningTable } | { readonly ok: false; readonly reason: string };

/** Never throws: what is no table of this version, for this device, is refused with the first reason found. */
export function parseTable(text: string, device: string): Parsed {
  try {
    return { ok: true, table: checkTable(JSON.parse(text), device) };
  } catch (error) {
    return { ok: false, reason: (error as Error).message };
  }
}

type Json = Readonly<Record<string, unknown>>;

function checkTable(value: unknown, device: string): TuningTable {
  const table = object(value, "the table");
  need(table.version === TABLE_VERSION, `its version is ${JSON.stringify(table.version)}, this topkit reads ${TABLE_VERSION}`);
  need(table.device === device, `it is of the device ${JSON.stringify(table.device)}`);
  const runs = list(table.runs, "runs").map((run, at) => {
    const { records, protocol, date } = object(run, `run ${at}`);
    need(
      [records, protocol, date].every((text) => typeof text === "string"),
      `run ${at} lacks records, protocol or date`,
    );
    return run as TuningRun;
  });
  const choices = list(table.choices, "choices").map((choice, at) => checkChoice(object(choice, `choice ${at}`), `choice ${at}`));
  for (const [at, entry] of list(table.entries, "entries").entries()) checkEntry(object(entry, `entry ${at}`), `entry ${at}`, runs.length, choices);
  return table as unknown as TuningTable;
}

const DTYPES: readonly unknown[] = ["f32", "f16", "bf16"] satisfies readonly Dtype[];

function checkChoice(choice: Json, name: string): TableChoice {
  need(typeof choice.plan === "string", `${name} names no plan`);
  need(DTYPES.includes(choice.dtype), `the dtype of ${name} is ${JSON.stringify(choice.dtype)}`);
  const values = Object.values(object(choice.config, `the config of ${name}`));
  need(
    values.every((each) => ["number", "string", "boolean"].includes(typeof each)),
    `the config of ${name} holds what is no value of a tunable`,
  );
  for (const field of ["sources", "basis"])
    for (const hash of Object.values(object(choice[field], `${field} of ${name}`))) need(isHash(hash), `${field} of ${name} hold what is no SHA-256`);
  return choice as unknown as TableChoice;
}

function checkEntry(entry: Json, name: string, runs: number, choices: readonly TableChoice[]): void {
  for (const field of ["rows", "cols", "k"]) need(isCount(entry[field]), `${field} of ${name} is no positive integer`);
  need(DTYPES.includes(entry.dtype), `the dtype of ${name} is ${JSON.stringify(entry.dtype)}`);
  need(isBelow(entry.run, runs), `${name} is of no run`);
  const times = list(entry.times, `the times of ${name}`);
  need(times.length > 0, `${name} has no times`);
  // tens of thousands, before a process's first call: no text is made up for those that are right
  for (const time of times) {
    const wrong = wrongOf(time, entry.dtype, choices);
    if (wrong !== undefined) throw new Error(`a time of ${name} is ${wrong}`);
  }
}

function wrongOf(time: unknown, dtype: unknown, choices: readonly TableChoice[]): string | undefined {
  if (!Array.isArray(time)) return "no list";
  const [choice, us] = time;
  if (!isBelow(choice, choices.length)) return "of no choice";
  if (choices[choice]!.dtype !== dtype) return "of a choice for another dtype";
  return typeof us === "number" && Number.isFinite(us) && us > 0 ? undefined : "none";
}

function need(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

function object(value: unknown, name: string): Json {
  need(typeof value === "object" && value !== null && !Array.isArray(value), `${name} is no object`);
  return value as Json;
}

function list(value: unknown, name: string): readonly unknown[] {
  need(Array.isArray(value), `${name} is no list`);
  return value as readonly unknown[];
}

const isBelow = (value: unknown, end: number): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < end;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 31;
const isHash = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
