/**
 * Records: a folder of files with one JSON line a measurement, appended as they come. Each tuner writes a file of its own, so that two of them
 * on one folder, here or on two machines, cannot mix their lines; readers take all files, and leave out a line that a kill or a power cut broke.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import type { AnyConfig, Request } from "../../dsl/index.ts";
import { TopkitError } from "../../runtime/errors.ts";
import { INVALIDITIES, type Invalidity, isTimed, type Outcome } from "./outcome.ts";

export interface TuneRecord {
  readonly v: 1;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly device: string;
  /** `name=value` parts, joined by ";": what must agree for two times to be compared. */
  readonly protocol: string;
  readonly request: Request;
  readonly plan: string;
  readonly config: AnyConfig;
  /** SHA-256 of each stage's source: a record of other sources is of no use. */
  readonly sources: readonly string[];
  readonly compileMs?: number;
  readonly us?: readonly number[];
  readonly invalidity?: Invalidity;
  readonly reason?: string;
}

/** The same for the same request, however its object was written. */
export const requestId = (request: Request): string => JSON.stringify(Object.entries(request).sort(([a], [b]) => (a < b ? -1 : 1)));

export const outcomeOf = (record: TuneRecord): Outcome =>
  record.us !== undefined ? { us: record.us } : { invalidity: record.invalidity ?? "runtime", reason: record.reason ?? "" };

export const withOutcome = (record: Omit<TuneRecord, "us" | "invalidity" | "reason">, outcome: Outcome): TuneRecord =>
  isTimed(outcome) ? { ...record, us: outcome.us } : { ...record, ...outcome };

/** A tuner's own file in the folder. */
export class RecordWriter {
  readonly file: string;
  #begun = false;

  /** `name` must be new in the folder: a process and its start, say. Errors: TK506 where the folder cannot be made. */
  constructor(folder: string, name: string) {
    this.file = path.join(folder, `${name}.jsonl`);
    this.#writing(() => mkdirSync(folder, { recursive: true }));
  }

  /** On the disk when it returns, as far as the system says. Errors: TK506. */
  add(record: TuneRecord): void {
    this.#writing(() => appendFileSync(this.file, `${JSON.stringify(record)}\n`, this.#begun ? {} : { flag: "ax" }));
    this.#begun = true;
  }

  #writing(work: () => void): void {
    try {
      work();
    } catch (cause) {
      const message = `records cannot be written to ${this.file}: ${(cause as Error).message}; give a folder that can be written (--out)`;
      throw new TopkitError("TK506", message, { file: this.file }, { cause });
    }
  }
}

export interface RecordSet {
  readonly records: readonly TuneRecord[];
  /** Lines that are no record, in sentences. */
  readonly damaged: readonly string[];
}

/** Every record of a folder, or of one file, each once: what was merged may lie beside what it came from. Errors: TK501 where it cannot be read. */
export function readRecords(place: string): RecordSet {
  const records: TuneRecord[] = [];
  const seen = new Set<string>();
  const damaged: string[] = [];
  for (const file of recordFiles(place)) {
    const lines = reading(file, () => textOf(file)).split("\n");
    for (const [at, line] of lines.entries()) {
      if (line.trim() === "" || seen.has(line)) continue;
      seen.add(line);
      const record = parseRecord(line);
      if (record !== undefined) records.push(record);
      else damaged.push(`${file}, line ${at + 1}, is no record and was left out`);
    }
  }
  return { records, damaged };
}

const textOf = (file: string): string => (file.endsWith(".gz") ? gunzipSync(readFileSync(file)).toString() : readFileSync(file, "utf8"));

function recordFiles(place: string): string[] {
  if (/\.jsonl(\.gz)?$/.test(place)) return [place];
  const names = reading(place, () => readdirSync(place));
  return names
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .map((name) => path.join(place, name));
}

function reading<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const message = `${place} cannot be read: ${(cause as Error).message}; give a folder or a .jsonl or .jsonl.gz file that \`topkit tune\` wrote`;
    throw new TopkitError("TK501", message, { file: place }, { cause });
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const isNumbers = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every((each) => Number.isFinite(each) && each > 0);

/** Undefined where the line is not a record of this version. */
export function parseRecord(line: string): TuneRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.v !== 1 || !isObject(value.request) || !isObject(value.config) || !Array.isArray(value.sources)) return undefined;
  if (["time", "device", "protocol", "plan"].some((name) => typeof value[name] !== "string")) return undefined;
  const timed = isNumbers(value.us) && value.invalidity === undefined;
  const invalid = value.us === undefined && (INVALIDITIES as readonly unknown[]).includes(value.invalidity);
  return timed || invalid ? (value as unknown as TuneRecord) : undefined;
}

/**
 * All records of several places in one file, each once, in an order that does not depend on the places' order: merging again, or what was merged
 * already, changes nothing. The file is whole or as before. Errors: TK501, TK506.
 */
export function mergeRecords(places: readonly string[], file: string): RecordSet {
  const sets = places.map(readRecords);
  const lines = [...new Set(sets.flatMap(({ records }) => records.map((record) => JSON.stringify(record))))].sort();
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, lines.map((line) => `${line}\n`).join(""));
    renameSync(temporary, file);
  } catch (cause) {
    throw new TopkitError("TK506", `${file} cannot be written: ${(cause as Error).message}; give a path that can be written`, { file }, { cause });
  } finally {
    rmSync(temporary, { force: true });
  }
  return { records: lines.map((line) => JSON.parse(line) as TuneRecord), damaged: sets.flatMap(({ damaged }) => damaged) };
}
