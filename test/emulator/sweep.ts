/**
 * Every config of every kernel's tune space on the emulator, against the oracle and the CPU backend; of a kernel that has more, so many of
 * them, drawn by the seed:
 *
 *   npm run sweep:emulator [-- --configs N --cases N --jobs N --fresh]        TOPKIT_SEED repeats a run
 *
 * A run that was stopped goes on where it was, with its seed, until --fresh forgets it; what failed or changed since is tried again.
 * Exit 1 where a unit failed. Progress on stderr, the summary on stdout.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { random } from "../../bench/random.ts";
import { topkKernels } from "../../dsl/index.ts";
import { buildProgram, scratch } from "./emulator.ts";
import { checkUnit, seedOfRun, sourcesHash } from "./property-check.ts";
import { countConfigs, type Unit, unitsOf } from "./property-space.ts";
import { addRecord, forgetRecords, readRecords } from "./sweep-records.ts";

const { values: options } = parseArgs({
  options: {
    configs: { type: "string", default: "700" },
    cases: { type: "string", default: "5" },
    jobs: { type: "string", default: String(availableParallelism()) },
    fresh: { type: "boolean", default: false },
    // of a worker: its number
    job: { type: "string" },
  },
});
const [configs, cases, jobs] = [whole("configs", options.configs), whole("cases", options.cases), whole("jobs", options.jobs)];
if (options.fresh) forgetRecords();
const seed = process.env.TOPKIT_SEED === undefined ? (readRecords()[0]?.seed ?? seedOfRun()) : seedOfRun();
const { units, impossible } = unitsOf(random(seed, 0), configs);
const keys = await Promise.all(units.map(sourcesHash));

if (options.job !== undefined) await work(Number(options.job));
else process.exitCode = (await lead()) ? 0 : 1;

function whole(name: string, given: string): number {
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given);
  console.error(`--${name} is ${JSON.stringify(given)}; allowed: a whole number from 1`);
  process.exit(2);
}

function passed(): ReadonlySet<string> {
  return new Set(readRecords().flatMap((record) => (record.seed === seed && record.cases >= cases && record.fault === undefined ? [record.unit] : [])));
}

async function work(job: number): Promise<void> {
  const done = passed();
  let folder: ReturnType<typeof scratch> | undefined;
  const stop = (): void => {
    folder?.[Symbol.dispose]();
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  for (const [at, unit] of units.entries()) {
    if (at % jobs !== job || done.has(keys[at]!)) continue;
    folder = scratch();
    const fault = await checkUnit(unit, { runs: cases, seed: (seed + at) % 2 ** 31, cache: folder.path }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    addRecord({ seed, unit: keys[at]!, cases, ...(fault !== undefined && { fault }) });
    folder[Symbol.dispose]();
    console.error(`${at + 1}/${units.length} ${titleOf(unit)}: ${fault ?? "exact"}`);
  }
}

/** Whether every unit passed. */
async function lead(): Promise<boolean> {
  const before = passed();
  console.error(`TOPKIT_SEED=${seed}: ${units.length} units of ${cases} cases, ${keys.filter((key) => before.has(key)).length} done before`);
  buildProgram("plain");
  const start = performance.now();
  await Promise.all(Array.from({ length: jobs }, (_, job) => worker(job)));
  const done = passed();
  const exact = units.filter((_, at) => done.has(keys[at]!));
  for (const kernel of topkKernels) {
    const drawn = new Set(units.flatMap(({ plan, symbols }) => symbols.filter((_, at) => plan.stages[at] === kernel)));
    const tried = new Set(exact.flatMap(({ plan, symbols }) => symbols.filter((_, at) => plan.stages[at] === kernel)));
    const without = impossible.filter((symbol) => symbol.startsWith(`${kernel.name}_`)).length;
    console.log(
      `${kernel.name}: ${countConfigs(kernel)} configs, ${drawn.size + without} drawn, ${without} of them fit no request, ${tried.size} exact, ${drawn.size - tried.size} not`,
    );
  }
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  console.log(`TOPKIT_SEED=${seed}: ${exact.length} of ${units.length} units exact, ${cases} cases each; this run took ${minutes} minutes`);
  return exact.length === units.length;
}

function worker(job: number): Promise<void> {
  const own = ["--configs", String(configs), "--cases", String(cases), "--jobs", String(jobs), "--job", String(job)];
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...own], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, TOPKIT_SEED: String(seed) },
  });
  // a stopped run still says how far it came
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (status, signal) => {
      if (status !== 0) console.error(`worker ${job} did not come to its end: status ${status ?? signal}`);
      resolve();
    });
  });
}

function titleOf({ plan, symbols }: Unit): string {
  return `${plan.name} ${symbols.join(" + ")}`;
}
