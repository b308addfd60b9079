/** Tries mutants on jobs, each in a process of its own that mutants.cc forks, where objects and inputs are loaded. */
import { spawn } from "node:child_process";
import { buildProgram } from "./emulator.ts";

/** `unreached`: no case comes by, or none in which it is another condition. */
export type Attempt = "unreached" | "survives" | "emulator" | "oracle" | "race" | "hang" | "crash";

export interface Attempts {
  /** What became of the jobs with the kernel as it is: of all, or of those up to the first that failed. */
  readonly jobs: readonly { readonly verdict: Attempt /** Milliseconds of the processor. */; readonly time: number }[];
  /** By number; none where the kernel as it is failed. */
  readonly mutants: ReadonlyMap<number, Attempt>;
}

/**
 * `limit`: milliseconds of the processor for a job with the kernel as it is. Errors: what the program says where a job cannot be run.
 */
export async function tryMutants(race: boolean, limit: number, jobs: readonly string[], numbers: readonly number[], processes: number): Promise<Attempts> {
  const given = [buildProgram(race ? "race-mutants" : "mutants"), `${processes}`, `${limit}`, ...jobs];
  let { status, output, errors } = await run(given, numbers);
  // ThreadSanitizer of GCC 12 and 13 cannot live with every layout of the address space that Linux draws
  if (errors.includes("unexpected memory mapping")) ({ status, output, errors } = await run(["setarch", "-R", ...given], numbers));
  if (status !== 0 || output.includes(" unable")) throw new Error(`the program of the mutants ended with status ${status}:\n${errors}`);
  const lines = output.split("\n").map((line) => line.split(" "));
  return {
    jobs: lines.filter(([what]) => what === "job").map(([, , verdict, time]) => ({ verdict: verdict as Attempt, time: Number(time) })),
    mutants: new Map(lines.filter(([what]) => what === "mutant").map(([, number, verdict]) => [Number(number), verdict as Attempt])),
  };
}

/** Whoever wants to read of a race runs the job by itself, so none is looked up in the debugging tables. */
const ENVIRONMENT = { TSAN_OPTIONS: "history_size=0 report_thread_leaks=0 symbolize=0" };

function run([command, ...rest]: readonly string[], numbers: readonly number[]): Promise<{ status: number | null; output: string; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command!, rest, { env: { ...process.env, ...ENVIRONMENT } });
    let [output, errors] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (part: string) => (output += part));
    child.stderr.setEncoding("utf8").on("data", (part: string) => (errors = (errors + part).slice(-20_000)));
    child.on("error", reject).on("close", (status) => resolve({ status, output, errors }));
    child.stdin.end(numbers.map((number) => `${number}\n`).join(""));
  });
}
