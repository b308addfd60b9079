/**
 * Results files (docs/contract.md): one line for each implementation, workload and mode. Lines are appended as they come, so that whatever
 * ends a run keeps what was done; close() then drops lines that later ones replace, in a file of its own that is renamed into place. Several
 * runs may write to one file, one after another or side by side.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Dtype } from "../dsl/index.ts";
import { TopkitError } from "../runtime/errors.ts";

export const MODES = ["graph-cold", "graph-hot", "eager"] as const;
export type Mode = (typeof MODES)[number];
/** `-sample`: a token drawn from each row, top-k included. */
export const IMPLS = ["topkit", "torch", "floor", "topkit-sample", "torch-sample"] as const;
export type Impl = (typeof IMPLS)[number];

export interface ResultRow {
  readonly suite: string;
  readonly impl: Impl;
  readonly dtype: Dtype;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dist: string;
  readonly mode: Mode;
  /** Microseconds a call: of the rounds' means over the calls of a round. */
  readonly usMedian: number;
  readonly usMin: number;
  readonly usMax: number;
  /** The input's bytes, read once, by the median. */
  readonly gbps: number;
  /** "yes" only where every row was compared with the reference; "-" for what gives no result (the floor). */
  readonly exact: "yes" | "no" | "-";
  readonly device: string;
  /** `name=value` parts, joined by ";". */
  readonly protocol: string;
}

export const HEADER = "suite,impl,dtype,rows,cols,k,dist,mode,us_median,us_min,us_max,gbps,exact,device,protocol";

/** Commas would need quotes, which not every reader of such files knows. */
const cell = (text: string): string => text.replace(/[",\r\n]+/g, " ");

export function formatRow(row: ResultRow): string {
  const { suite, impl, dtype, rows, cols, k, dist, mode, usMedian, usMin, usMax, gbps, exact, device, protocol } = row;
  const figures = [usMedian.toFixed(3), usMin.toFixed(3), usMax.toFixed(3), gbps.toFixed(1)];
  return [cell(suite), impl, dtype, rows, cols, k, dist, mode, ...figures, exact, cell(device), cell(protocol)].join(",");
}

/** Rows of a results file's text, in its order, but for a last line that was cut short when a run was killed. Errors: TK507, with the line. */
export function parseResults(text: string, file: string): ResultRow[] {
  const [header, ...lines] = text.split(/\r?\n/);
  const bad = (line: number, why: string): TopkitError =>
    new TopkitError("TK507", `${file}, line ${line}: ${why}; give a file that \`topkit bench --csv\` wrote, or another name`, { file, line });
  if (header !== HEADER) throw bad(1, `the header is not "${HEADER}"`);
  return lines.flatMap((line, at) => {
    if (line.trim() === "") return [];
    const cells = line.split(",");
    if (cells.length < 15 && at + 1 === lines.length) return [];
    if (cells.length !== 15) throw bad(at + 2, `${cells.length} cells; there must be 15`);
    const [suite, impl, dtype, rows, cols, k, dist, mode, usMedian, usMin, usMax, gbps, exact, device, protocol] = cells as string[] & { length: 15 };
    const numbers = [rows, cols, k, usMedian, usMin, usMax, gbps].map(Number);
    if (numbers.some((number) => !Number.isFinite(number))) throw bad(at + 2, "a cell that is a number in the header's order is none");
    if (!(IMPLS as readonly string[]).includes(impl!)) throw bad(at + 2, `impl is "${impl}"; allowed: ${IMPLS.join(", ")}`);
    if (!(MODES as readonly string[]).includes(mode!)) throw bad(at + 2, `mode is "${mode}"; allowed: ${MODES.join(", ")}`);
    const [rowCount, colCount, count, median, min, max, rate] = numbers as [number, number, number, number, number, number, number];
    return {
      ...{ suite: suite!, impl: impl as Impl, dtype: dtype as Dtype, rows: rowCount, cols: colCount, k: count, dist: dist!, mode: mode as Mode },
      ...{ usMedian: median, usMin: min, usMax: max, gbps: rate, exact: exact as ResultRow["exact"], device: device!, protocol: protocol! },
    };
  });
}

/** Errors: TK501 where the file cannot be read, TK507. */
export function readResults(file: string): ResultRow[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new TopkitError("TK501", `${file} cannot be read: ${(cause as Error).message}; give a file that \`topkit bench --csv\` wrote`, { file }, { cause });
  }
  return parseResults(text, file);
}

/** What a row measures; a later row of the same key replaces an earlier one. */
export const rowKey = ({ suite, impl, dtype, rows, cols, k, dist, mode }: ResultRow): string => [suite, impl, dtype, rows, cols, k, dist, mode].join();

/** Each key once, at its first place, with its last figures. */
export const latest = (rows: readonly ResultRow[]): ResultRow[] => [...new Map(rows.map((row) => [rowKey(row), row])).values()];

/** A results file that is being written; rows that were in it stay, unless measured again. */
export class ResultsFile {
  readonly #file: string;
  readonly #own: ResultRow[] = [];

  /** Errors: TK506 where the file cannot be written, TK507 where one is there that is no results file. */
  constructor(file: string) {
    this.#file = file;
    // now, and not after minutes of work, is told what cannot be read or written; and a line that was cut short goes
    this.#replace(existsSync(file) ? readResults(file) : []);
  }

  add(row: ResultRow): void {
    this.#own.push(row);
    this.#writing(() => appendFileSync(this.#file, `${formatRow(row)}\n`));
  }

  /** Everything the file holds, replaced rows aside: what was there before, and what other runs wrote meanwhile. */
  get rows(): readonly ResultRow[] {
    return latest([...readResults(this.#file), ...this.#own]);
  }

  close(): void {
    this.#replace(this.rows);
  }

  #replace(rows: readonly ResultRow[]): void {
    const temporary = `${this.#file}.${process.pid}.tmp`;
    this.#writing(() => {
      try {
        writeFileSync(temporary, [HEADER, ...rows.map(formatRow)].map((line) => `${line}\n`).join(""));
        renameSync(temporary, this.#file);
      } finally {
        rmSync(temporary, { force: true });
      }
    });
  }

  #writing(work: () => void): void {
    try {
      work();
    } catch (cause) {
      const message = `${this.#file} cannot be written: ${(cause as Error).message}; give a path that can be written`;
      throw new TopkitError("TK506", message, { file: this.#file }, { cause });
    }
  }
}
