/** Scripts in a process of their own, which must end by themselves and cleanly: what would crash must not take the test runner along. */
import { spawn } from "node:child_process";
import { packageRoot } from "../../native/index.ts";
import { builtFile } from "../native/fake-driver/fake-driver.ts";

export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Kills the process this many milliseconds after it first says something. */
  readonly killAfter?: number;
}

/** Node with `args`; killed after a minute. */
export function node(args: readonly string[], { flags = [], env = {}, killAfter }: ChildOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [...flags, ...args], {
    cwd: packageRoot,
    env: { ...process.env, TOPKIT_CUDA_DRIVER: builtFile("libfake_cuda.so"), TOPKIT_FAKE_DEVICES: "1", ...env },
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  if (killAfter !== undefined) child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), killAfter));
  return new Promise((resolve, reject) => child.on("error", reject).on("close", (status, signal) => resolve({ status, signal, ...text })));
}

/** A CommonJS script that finds the raw addon in `addon`, and a good CpuTopkJob of 3 x 10 in `job(changes)`. */
export const script = (body: string): string[] => ["-e", `${HEADER}${body}`];

export const HEADER = `
const addon = require(${JSON.stringify(builtFile("topkit.node"))});
const job = (changes) => ({ input: new Float32Array(30), values: new Float32Array(12), indices: new Int32Array(12), lengths: null,
  rows: 3, cols: 10, k: 4, rowStride: 10, dtype: "f32", order: "largest", indexBytes: 4, threads: 0, ...changes });
`;

export const clean = (stdout: string): Ended => ({ status: 0, signal: null, stdout, stderr: "" });
