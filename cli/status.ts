/** How a command ends: exit statuses, the line on stderr, JSON on stdout. */
import { CommanderError } from "commander";
import { TopkitError } from "../runtime/errors.ts";

/** Arguments (1xx) and files to read (50x) are the caller's to correct; everything else failed while working. */
export function exitStatus(error: unknown): 1 | 2 {
  if (!(error instanceof TopkitError)) return 1;
  return error.code.startsWith("TK1") || (error.code.startsWith("TK5") && error.code !== "TK506") ? 2 : 1;
}

/** Reports a failure and gives the status to exit with. Commander has printed its own errors. */
export function reportFailure(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof TopkitError;
  const text = known ? `${error.code}: ${error.message}` : error instanceof Error ? (error.stack ?? error.message) : String(error);
  log(`topkit: ${text}`);
  if (json) printJson({ error: known ? { code: error.code, message: error.message, details: error.details } : { message: String(error) } });
  return exitStatus(error);
}

/** Progress and errors: stdout is for results. */
export const log = (line: string): void => void process.stderr.write(`${line}\n`);

export const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** 64-bit integers as strings; undefined as absent. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, (_, each) => (typeof each === "bigint" ? each.toString() : each), 2));
