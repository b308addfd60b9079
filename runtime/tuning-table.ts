/** A tuning table: the fastest plans and configs that were measured on a device, by shape. Its form, and what makes a text one. */
import type { Dtype } from "../dsl/index.ts";
import type { ConfigValues } from "./types.ts";

export const TABLE_VERSION = 4;

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

/** What was measured for a shape. */
export interface TunedEntry {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  /** Where a token was drawn from each row: the times are of that. */
  readonly sample?: true;
  /** Of the table's choices, counted from 0: the winner, and then the others, the fastest first. */
  readonly choices: readonly number[];
  /** Of each, median microseconds a call. No list of pairs: a process's first plan waits until tens of thousands are read. */
  readonly us: readonly number[];
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
  for (const [at, entry] of list(table.entries, "entries").entries()) {
    const wrong = isObject(entry) ? wrongOf(entry, runs.length, choices) : "is no object";
    if (wrong !== undefined) throw new Error(`entry ${at} ${wrong}`);
  }
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

/** What an entry is wrong with. Thousands are looked at before a process's first call: no text is made up for those that are right. */
function wrongOf(entry: Json, runs: number, choices: readonly TableChoice[]): string | undefined {
  const { rows, cols, k, dtype, sample, run, choices: its, us } = entry;
  if (!isCount(rows)) return "has rows that are no positive integer";
  if (!isCount(cols)) return "has cols that are no positive integer";
  if (!isCount(k)) return "has a k that is no positive integer";
  if (!DTYPES.includes(dtype)) return `has the dtype ${JSON.stringify(dtype)}`;
  if (sample !== undefined && sample !== true) return `has a sample that is ${JSON.stringify(sample)}`;
  if (!isBelow(run, runs)) return "is of no run";
  if (!Array.isArray(its) || !Array.isArray(us)) return "has no lists of choices and times";
  if (its.length === 0) return "has no times";
  if (its.length !== us.length) return `has ${its.length} choices and ${us.length} times`;
  for (let at = 0; at < its.length; at++) {
    if (!isBelow(its[at], choices.length)) return "has a time of no choice";
    if (choices[its[at]]!.dtype !== dtype) return "has a time of a choice for another dtype";
    if (!isTime(us[at])) return "has a time that is none";
  }
  return undefined;
}

function need(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

function object(value: unknown, name: string): Json {
  need(isObject(value), `${name} is no object`);
  return value;
}

function list(value: unknown, name: string): readonly unknown[] {
  need(Array.isArray(value), `${name} is no list`);
  return value as readonly unknown[];
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const isTime = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value > 0;
const isBelow = (value: unknown, end: number): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < end;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 31;
const isHash = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
