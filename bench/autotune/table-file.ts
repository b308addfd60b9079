/** Writes tuning tables: sources first, then the table, each whole, and one writer at a time. */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TopkitError } from "../../runtime/errors.ts";
import { sourceFileBeside } from "../../runtime/tuning.ts";
import { parseTable, TABLE_VERSION, type TableChoice, type TunedEntry, type TuningRun, type TuningTable } from "../../runtime/tuning-table.ts";
import type { Winners } from "./winners.ts";

/** Joins `winners` to what the file holds; an entry of the same shape is replaced. A file that is no table is begun anew. Errors: TK506. */
export async function updateTable(file: string, { table, texts }: Winners): Promise<TuningTable> {
  const unlock = await writing(file, () => lock(file));
  try {
    return await writing(file, () => {
      for (const [hash, text] of texts) writeWhole(sourceFileBeside(file, hash), text);
      const joined = joinTables(readBefore(file, table.device), table);
      writeWhole(file, tableText(joined));
      return joined;
    });
  } finally {
    unlock();
  }
}

/** One entry, choice and run a line: a diff shows which shapes changed. */
export function tableText({ version, device, runs, choices, entries }: TuningTable): string {
  const list = (name: string, values: readonly unknown[]): string => `"${name}": [\n${values.map((value) => `  ${JSON.stringify(value)}`).join(",\n")}\n]`;
  return `{"version": ${version}, "device": ${JSON.stringify(device)}, ${list("runs", runs)}, ${list("choices", choices)}, ${list("entries", entries)}}\n`;
}

const keyOf = ({ rows, cols, k, dtype, sample }: TunedEntry): string =>
  [sample === true, dtype, ...[cols, rows, k].map((each) => String(each).padStart(10, "0"))].join();

/** Entries in the order of their shapes, of each shape the later one; runs and choices that no entry names any more are dropped. */
export function joinTables(before: TuningTable, after: TuningTable): TuningTable {
  const byShape = new Map([before, after].flatMap((table) => table.entries.map((entry) => [keyOf(entry), { entry, table }])));
  const kept = [...byShape].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  const runs = new Interned<TuningRun>();
  const choices = new Interned<TableChoice>();
  const entries = kept.map(
    ({ entry, table }): TunedEntry => ({
      ...entry,
      choices: entry.choices.map((choice) => choices.place(table.choices[choice]!)),
      run: runs.place(table.runs[entry.run]!),
    }),
  );
  return { version: TABLE_VERSION, device: after.device, runs: runs.values, choices: choices.values, entries };
}

/** Each value once. */
class Interned<T> {
  readonly values: T[] = [];
  readonly #places = new Map<string, number>();

  place(value: T): number {
    const text = JSON.stringify(value);
    const place = this.#places.get(text) ?? this.values.push(value) - 1;
    this.#places.set(text, place);
    return place;
  }
}

/** A table that must be there, of whatever device. Errors: TK501. */
export function readTable(file: string): TuningTable {
  try {
    const text = readFileSync(file, "utf8");
    const parsed = parseTable(text, (JSON.parse(text) as { device: string }).device);
    if (parsed.ok) return parsed.table;
    throw new Error(parsed.reason);
  } catch (cause) {
    throw new TopkitError("TK501", `${file} is no tuning table that can be read: ${(cause as Error).message}`, { file }, { cause });
  }
}

function readBefore(file: string, device: string): TuningTable {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const parsed = parseTable(text, device);
  return parsed.ok ? parsed.table : { version: TABLE_VERSION, device, runs: [], choices: [], entries: [] };
}

function writeWhole(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** A writer holds a table for milliseconds; one that was killed leaves its lock. */
const STALE_MILLISECONDS = 10_000;
const POLL_MILLISECONDS = 20;

async function lock(file: string): Promise<() => void> {
  const held = `${file}.lock`;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      closeSync(openSync(held, "wx"));
      return () => rmSync(held, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const since = statSync(held, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > STALE_MILLISECONDS) rmSync(held, { force: true });
    else await sleep(POLL_MILLISECONDS);
  }
}

async function writing<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const message = `the tuning table ${file} cannot be written: ${(cause as Error).message}; name another with --table, or set TOPKIT_CACHE to a folder of yours`;
    throw new TopkitError("TK506", message, { file }, { cause });
  }
}
