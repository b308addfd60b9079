/**
 * `npm run bench:runtime -- RESULTS.csv [R,C,K,D ...]` (in a bundle: .bundle/runtime-cost): what topkit costs on the host, beside torch in the same
 * terms: the first call of a process whose kernels were never compiled, the first call of one that finds them in the cache, a plan made again, and a
 * call enqueued. Every process starts from nothing; times are milliseconds or microseconds of the host's clock, never of the device's.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { packageRoot } from "../native/index.ts";
import { summarize } from "./statistics.ts";

const SHAPES = ["1,50304,50,bf16", "32,50304,50,bf16"];
/** Processes for each first call. */
const PROCESSES = 3;

export const RUNTIME_COST_HEADER = "impl,what,shape,unit,median,min,max,samples,device,versions";

/** What a process measured: samples by what they are of; names end in the unit. */
export interface Costs {
  readonly device: string;
  readonly versions: string;
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** One row for each thing that was measured, all processes' samples together. */
export function costRows(impl: string, shape: string, processes: readonly Costs[]): string[] {
  const names = [...new Set(processes.flatMap(({ samples }) => Object.keys(samples)))];
  const { device, versions } = processes[0]!;
  return names.map((name) => {
    const all = processes.flatMap(({ samples }) => samples[name] ?? []);
    const { median, min, max } = summarize(all);
    const [what, unit] = [name.slice(0, name.lastIndexOf(" ")), name.slice(name.lastIndexOf(" ") + 1)];
    const figures = [median, min, max].map((figure) => figure.toFixed(unit === "us" ? 3 : 1));
    return [impl, what, shape.replaceAll(",", " x ").replace(/ x (\d+) x (\w+)$/, " k $1 $2"), unit, ...figures, all.length, device, versions].join();
  });
}

/** The last line of the process's output. Throws Error with its status where it fails. */
async function costsOf(command: string, args: readonly string[], cache: string): Promise<Costs> {
  const started = Date.now();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, TOPKIT_CACHE: cache, TOPKIT_STARTED: String(started) } });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [said, status] = await Promise.all([text(child.stdout), ended]);
  if (status !== 0) throw new Error(`${command} ended with status ${status}`);
  return JSON.parse(said.trim().split("\n").at(-1)!) as Costs;
}

async function measure(shape: string): Promise<string[]> {
  const target = path.join(import.meta.dirname, `runtime-cost-target${path.extname(import.meta.filename)}`);
  const topkit = (cache: string, state: string) => costsOf(process.execPath, [...process.execArgv, target, shape, state], cache);
  const folder = mkdtempSync(path.join(tmpdir(), "topkit-cost-"));
  try {
    const own: Costs[] = [];
    const torch: Costs[] = [];
    for (let at = 0; at < PROCESSES; at++) {
      const cache = path.join(folder, String(at));
      own.push(await topkit(cache, "cold"), await topkit(cache, "warm"));
      torch.push(await costsOf(process.env.TOPKIT_PYTHON ?? "python3", [path.join(packageRoot, "bench", "torch_cost.py"), shape], cache));
    }
    return [...costRows("topkit", shape, own), ...costRows("torch", shape, torch)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === new URL(`file://${path.resolve(process.argv[1])}`).href) {
  const [results, ...shapes] = process.argv.slice(2);
  if (results === undefined) throw new Error("give the results file, such as bench/results/runtime-cost-nvidia-h200.csv");
  const rows: string[] = [];
  for (const shape of shapes.length > 0 ? shapes : SHAPES) {
    for (const row of await measure(shape)) {
      rows.push(row);
      console.log(row);
    }
  }
  writeFileSync(results, [RUNTIME_COST_HEADER, ...rows].map((line) => `${line}\n`).join(""));
}
