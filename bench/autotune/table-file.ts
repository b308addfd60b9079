/** Writes tuning tables: sources first, then the table, each whole, and one writer at a time. */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TopkitError } from "../../runtime/errors.ts";
import { sourceFileBeside } from "../../runtime/tuning.ts";
import { parseTable, TABLE_VERSION, type TunedEntry, type TuningTable } from "../../runtime/tuning-table.ts";
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

/** One entry a line: a diff shows which shapes changed. */
export function tableText({ version, device, runs, entries }: TuningTable): string {
  const lines = (values: readonly unknown[]): string => values.map((value) => `  ${JSON.stringify(value)}`).join(",\n");
  return `{"version": ${version}, "device": ${JSON.stringify(device)}, "runs": [\n${lines(runs)}\n], "entries": [\n${lines(entries)}\n]}\n`;
}

const keyOf = ({ rows, cols, k, dtype }: TunedEntry): string => [dtype, ...[cols, rows, k].map((each) => String(each).padStart(10, "0"))].join();

/** Entries in the order of their shapes, of each shape the later one; runs that no entry names any more are dropped. */
export function joinTables(before: TuningTable, after: TuningTable): TuningTable {
  const byShape = new Map([before, after].flatMap((table) => table.entries.map((entry) => [keyOf(entry), { entry, run: table.runs[entry.run]! }])));
  const kept = [...byShape].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  const runs = [...new Map(kept.map(({ run }) => [JSON.stringify(run), run])).values()];
  const places = new Map(runs.map((run, at) => [JSON.stringify(run), at]));
  return { version: TABLE_VERSION, device: after.device, runs, entries: kept.map(({ entry, run }) => ({ ...entry, run: places.get(JSON.stringify(run))! })) };
}

function readBefore(file: string, device: string): TuningTable {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const parsed = parseTable(text, device);
  return parsed.ok ? parsed.table : { version: TABLE_VERSION, device, runs: [], entries: [] };
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
