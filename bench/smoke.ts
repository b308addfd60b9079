/**
 * `npm run smoke` (in a bundle: .bundle/smoke): every plan of the catalog, and so every kernel, on one shape that it answers: checked bit for bit
 * and timed, in under a minute. Exit status 0 where all results are right, 1 where one is not, a kernel is in no plan's reach, or no GPU can be used.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { plans, resolve, topkKernels } from "../dsl/index.ts";
import { packageRoot } from "../native/index.ts";
import { cudaProblem } from "../runtime/cuda-device.ts";
import { TopkitError } from "../runtime/errors.ts";
import type { ResultRow } from "./results.ts";
import { type BenchCase, describe, runBench } from "./run-bench.ts";
import { requestOf } from "./stage-profile.ts";
import { readSuites, type Workload } from "./workloads.ts";

const ROUNDS = 3;
/** So that making inputs and checking results takes no longer than measuring. */
const MOST_ELEMENTS = 2 ** 23;

export interface SmokeCase extends BenchCase {
  readonly force: { readonly plan: string };
  readonly kernels: readonly string[];
}

/** Of the suites' shapes that a plan answers, the one that most of the work it is made for looks like: the first. `missing`: kernels on none. */
export function smokeCases(workloads: readonly Workload[]): { cases: SmokeCase[]; missing: string[] } {
  const small = workloads.filter(({ rows, cols }) => rows * cols <= MOST_ELEMENTS);
  const cases = plans.flatMap((plan) => {
    const workload = small.find((each) => resolve(plan, requestOf(each)).ok);
    return workload === undefined ? [] : [{ force: { plan: plan.name }, kernels: plan.stages.map(({ name }) => name), workload }];
  });
  const reached = new Set(cases.flatMap((each) => each.kernels));
  return { cases, missing: topkKernels.map(({ name }) => name).filter((name) => !reached.has(name)) };
}

export async function smoke(print: (line: string) => void, log: (line: string) => void): Promise<number> {
  const unusable = cudaProblem();
  if (unusable !== undefined) throw unusable;
  const { cases, missing } = smokeCases(readSuites(readFileSync(path.join(packageRoot, "bench", "suites.csv"), "utf8")));
  const start = performance.now();
  const problems = missing.map((name) => `kernel ${name} answers no shape of the suites`);
  const rows = new Map<SmokeCase, ResultRow[]>(cases.map((each) => [each, []]));
  const outcome = await runBench({
    ...{ cases, modes: ["graph-cold"], torch: false, rounds: ROUNDS, profile: false, log },
    onRow: (row, from) => void rows.get(from as SmokeCase)!.push(row),
  });
  problems.push(...outcome.problems);
  let passed = 0;
  print(`${"plan".padEnd(20)}${"shape".padEnd(40)}${"topkit us".padStart(11)}${"floor us".padStart(11)}  exact`);
  for (const [{ force, workload }, own] of rows) {
    const [floor, topkit] = (["floor", "topkit"] as const).map((impl) => own.find((row) => row.impl === impl));
    if (topkit?.exact === "yes") passed += 1;
    const us = (row: ResultRow | undefined): string => (row?.usMedian.toFixed(2) ?? "-").padStart(11);
    print(`${force.plan.padEnd(20)}${describe(workload).padEnd(40)}${us(topkit)}${us(floor)}  ${topkit?.exact ?? "-"}`);
  }
  for (const problem of problems) log(`smoke: ${problem}`);
  print(`${passed} passed, ${cases.length - passed + missing.length} failed, ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return problems.length === 0 && passed === cases.length ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === new URL(`file://${path.resolve(process.argv[1])}`).href) {
  try {
    process.exitCode = await smoke(console.log, console.error);
  } catch (error) {
    console.error(error instanceof TopkitError ? `smoke: ${error.code}: ${error.message}` : error);
    process.exitCode = 1;
  }
}
