/** How a command ends: exit statuses, the line on stderr, JSON on stdout. */
import { CommanderError } from "commander";
import { TopkitError } from "../runtime/errors.ts";

/** Arguments (1xx) and files to read (50x) are the caller's to correct; everything else failed while working. */
export function exitStatus(error: unknown): 1 | 2 {
  if (!(error instanceof TopkitError)) return 1;
  return error.code.startsWith("TK1") || (error.code.startsWith("TK5") && error.code !== "TK506") ? 2 : 1;
}

/** Reports a failure and gives the status to exit with. Commander has printed its own errors on stderr. */
export function reportFailure(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (json) printJson({ error: { code: "TK101", message: oneLine(error.message.replace(/^error: /, "")), details: {} } });
    return 2;
  }
  const known = error instanceof TopkitError;
  const text = known ? `${error.code}: ${error.message}` : error instanceof Error ? (error.stack ?? error.message) : String(error);
  const status = exitStatus(error);
  log(status === 2 ? oneLine(`topkit: ${text}`) : `topkit: ${text}`);
  if (json) printJson({ error: known ? { code: error.code, message: error.message, details: error.details } : { message: String(error) } });
  return status;
}

const LONGEST_LINE = 2000;

/** What a user gave may hold line ends and control characters (in a file's name, say), or be very long. */
export function oneLine(text: string): string {
  const line = text
    .trimEnd()
    .replace(/\s*\n\s*/g, " ")
    .replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}...` : line;
}

/** Progress and errors: stdout is for results. */
export const log = (line: string): void => void process.stderr.write(`${line}\n`);

export const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** 64-bit integers as strings; undefined as absent. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, (_, each) => (typeof each === "bigint" ? each.toString() : each), 2));
