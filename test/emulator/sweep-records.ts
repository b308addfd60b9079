/** What a sweep has done so far: one line a unit, appended by all workers. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("../../node_modules/.cache/topkit-emulator/sweep.jsonl", import.meta.url));

export interface SweepRecord {
  readonly seed: number;
  /** Names the unit by its sources' content. */
  readonly unit: string;
  readonly cases: number;
  /** Absent where the unit passed. */
  readonly fault?: string;
}

/** Whole lines only: a process that is killed may leave half of one. */
export function readRecords(): SweepRecord[] {
  if (!existsSync(FILE)) return [];
  return readFileSync(FILE, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as SweepRecord];
      } catch {
        return [];
      }
    });
}

export function addRecord(record: SweepRecord): void {
  mkdirSync(dirname(FILE), { recursive: true });
  // begins a line of its own, whatever a killed process left
  appendFileSync(FILE, `\n${JSON.stringify(record)}`);
}

export const forgetRecords = (): void => rmSync(FILE, { force: true });
