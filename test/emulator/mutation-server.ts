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

/** As soon as one is caught. */
export type OnCaught = (number: number, attempt: Attempt) => void;

/**
 * `limit`: milliseconds of the processor for a job with the kernel as it is. Errors: what the program says where a job cannot be run.
 */
export async function tryMutants(
  race: boolean,
  limit: number,
  jobs: readonly string[],
  numbers: readonly number[],
  processes: number,
  onCaught: OnCaught = () => {},
): Promise<Attempts> {
  const given = [buildProgram(race ? "race-mutants" : "mutants"), `${processes}`, `${limit}`, ...jobs];
  let { status, output, errors } = await run(given, numbers, onCaught);
  // ThreadSanitizer of GCC 12 and 13 cannot live with every layout of the address space that Linux draws
  if (errors.includes("unexpected memory mapping")) ({ status, output, errors } = await run(["setarch", "-R", ...given], numbers, onCaught));
  if (status !== 0 || output.includes(" unable")) throw new Error(`the program of the mutants ended with status ${status}:\n${errors}`);
  const lines = output.split("\n").map((line) => line.split(" "));
  return {
    jobs: lines.filter(([what]) => what === "job").map(([, , verdict, time]) => ({ verdict: verdict as Attempt, time: Number(time) })),
    mutants: new Map(
      lines
        .filter(([what]) => what === "mutant")
        .map(([, number, verdict]) => [Number(number), verdict as Attempt] as const)
        .sort((a, b) => a[0] - b[0]),
    ),
  };
}

/** Whoever wants to read of a race runs the job by itself, so none is looked up in the debugging tables. */
const ENVIRONMENT = { TSAN_OPTIONS: "history_size=0 report_thread_leaks=0 symbolize=0" };

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

function run([command, ...rest]: readonly string[], numbers: readonly number[], onCaught: OnCaught): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // a group of its own: it forks, and nobody is to be left when this process is stopped
    const child = spawn(command!, rest, { env: { ...process.env, ...ENVIRONMENT }, detached: true });
    const stop = (): void => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
    process.once("exit", stop);
    let [output, errors] = ["", ""];
    let heard = 0;
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      output += part;
      for (const [line, number, attempt] of output.slice(heard).matchAll(/^(?:mutant (\d+) (\w+)|.*)\n/gm)) {
        heard += line.length;
        if (attempt !== undefined && attempt !== "survives" && attempt !== "unreached") onCaught(Number(number), attempt as Attempt);
      }
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => (errors = (errors + part).slice(-20_000)));
    child.on("error", reject).on("close", (status) => {
      process.off("exit", stop);
      resolve({ status, output, errors });
    });
    child.stdin.end(numbers.map((number) => `${number}\n`).join(""));
  });
}
