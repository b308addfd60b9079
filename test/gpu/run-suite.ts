/** Runs the suite's cases and scenarios, one after another, and counts. */
import { type Device, open, type Plan, type Stream } from "../../runtime/index.ts";
import { nameOf, type Scenario, type SuiteBackend, type TopkCase } from "./case.ts";
import { CASES } from "./cases.ts";
import { Mismatch } from "./check.ts";
import { execute, planOptions } from "./execute.ts";
import { Jobs } from "./job.ts";
import { allScenarios } from "./scenarios.ts";

export interface SuiteOptions {
  readonly backend: SuiteBackend;
  /** A regular expression over names; absent: all. */
  readonly filter?: string;
  readonly log: (line: string) => void;
  /** The small subset for compute-sanitizer. */
  readonly quick?: boolean;
  /** A line before each case: where a device takes the process down or blocks it, the last one tells. */
  readonly verbose?: boolean;
  /** Default: opens the backend's. Rejects where that cannot be used. */
  readonly device?: Device;
}

export interface Failure {
  readonly name: string;
  readonly reason: string;
}

export interface Tally {
  passed: number;
  failed: number;
  milliseconds: number;
}

export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
  /** By the plan that ran; scenarios by their group. */
  readonly plans: ReadonlyMap<string, Tally>;
}

/** Plans are prepared this many cases ahead, so that kernels compile side by side. */
const AHEAD = 16;
/** A device whose context is lost fails every case that follows: so many errors (not wrong answers) in a row end the suite. */
const ERRORS_IN_A_ROW = 25;
const CASE_TIMEOUT_MS = 120_000;
/** What takes longer is named, and its time told. */
const SLOW_MS = 2000;

export async function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  const { backend, quick = false } = options;
  const filter = new RegExp(options.filter ?? "", "i");
  const chosen = (one: { readonly quick?: boolean }, name: string): boolean => (!quick || one.quick === true) && filter.test(name);
  const cases = CASES[backend]().filter((c) => chosen(c, nameOf(c)));
  const scenarios = allScenarios(backend).filter((one) => chosen(one, scenarioName(one)));
  if (cases.length + scenarios.length === 0) throw new Error(`no case matches ${filter}; leave --filter out to see all names that there are`);

  const device = options.device ?? (await open({ backend }));
  const suite = new Suite(device, options.log, cases.length + scenarios.length, options.verbose === true);
  try {
    options.log(`${cases.length} cases, ${scenarios.length} scenarios on ${device.name} (${device.arch})`);
    await suite.runCases(cases);
    await suite.runScenarios(scenarios, backend);
  } finally {
    if (options.device === undefined) device.dispose();
  }
  return suite.result();
}

const scenarioName = ({ group, name }: Scenario): string => `${group}: ${name}`;

class Suite {
  readonly #device: Device;
  readonly #log: (line: string) => void;
  readonly #total: number;
  readonly #verbose: boolean;
  readonly #plans = new Map<string, Tally>();
  readonly #failures: Failure[] = [];
  #done = 0;
  #errorsInARow = 0;
  #group = { name: "", tally: { passed: 0, failed: 0, milliseconds: 0 } };

  constructor(device: Device, log: (line: string) => void, total: number, verbose: boolean) {
    this.#device = device;
    this.#log = log;
    this.#total = total;
    this.#verbose = verbose;
  }

  async runCases(cases: readonly TopkCase[]): Promise<void> {
    const jobs = new Jobs(cases);
    const stream = this.#device.stream();
    const prepared: Promise<Plan | Error>[] = [];
    for (const [at, c] of cases.entries()) {
      if (this.#lost()) break;
      while (prepared.length < Math.min(at + AHEAD, cases.length)) prepared.push(this.#prepare(cases[prepared.length]!));
      const plan = await prepared[at]!;
      const label = plan instanceof Error ? (c.plan ?? "no plan") : plan.explain.plan;
      await this.#count(c.group, nameOf(c), label, () => this.#execute(stream, plan, c, jobs));
    }
    for (const plan of await Promise.all(prepared.slice(this.#done))) if (!(plan instanceof Error)) plan.dispose();
    stream.dispose();
  }

  async runScenarios(scenarios: readonly Scenario[], backend: SuiteBackend): Promise<void> {
    for (const scenario of scenarios) {
      if (this.#lost()) break;
      await this.#count(scenario.group, scenarioName(scenario), scenario.group, () => scenario.run({ device: this.#device, backend }));
    }
    this.#endGroup("");
  }

  result(): SuiteResult {
    const tallies = [...this.#plans.values()];
    const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
    const left = this.#total - this.#done;
    const failures = left === 0 ? this.#failures : [...this.#failures, { name: `${left} cases`, reason: "were not run: the device fails everything" }];
    return { passed: sum((tally) => tally.passed), failed: sum((tally) => tally.failed) + left, failures, plans: this.#plans };
  }

  #prepare(c: TopkCase): Promise<Plan | Error> {
    return this.#device.plan(planOptions(c)).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  }

  async #execute(stream: Stream, plan: Plan | Error, c: TopkCase, jobs: Jobs): Promise<void> {
    if (plan instanceof Error) throw plan;
    try {
      await execute(this.#device, stream, plan, c, jobs.of(c));
    } finally {
      plan.dispose();
    }
  }

  async #count(group: string, name: string, label: string, work: () => Promise<void>): Promise<void> {
    if (group !== this.#group.name) this.#endGroup(group);
    const plan = this.#plans.get(label) ?? { passed: 0, failed: 0, milliseconds: 0 };
    this.#plans.set(label, plan);
    if (this.#verbose) this.#log(name);
    const start = performance.now();
    const slow = setTimeout(() => this.#log(`under way for ${SLOW_MS / 1000} s: ${name}`), SLOW_MS);
    const failure = await withTimeout(work()).catch((error: unknown) => error ?? new Error("unknown"));
    clearTimeout(slow);
    const milliseconds = performance.now() - start;
    if (milliseconds > SLOW_MS) this.#log(`took ${(milliseconds / 1000).toFixed(1)} s: ${name}`);
    for (const tally of [plan, this.#group.tally]) {
      tally.milliseconds += milliseconds;
      tally[failure === undefined ? "passed" : "failed"] += 1;
    }
    this.#done += 1;
    this.#errorsInARow = failure === undefined || failure instanceof Mismatch ? 0 : this.#errorsInARow + 1;
    if (failure instanceof TimeoutError) this.#errorsInARow = ERRORS_IN_A_ROW;
    if (failure === undefined) return;
    const reason = failure instanceof Error ? failure.message : String(failure);
    this.#failures.push({ name, reason });
    this.#log(`FAILED ${name}: ${reason}`);
  }

  #lost(): boolean {
    return this.#errorsInARow >= ERRORS_IN_A_ROW;
  }

  #endGroup(next: string): void {
    const { name, tally } = this.#group;
    if (name !== "")
      this.#log(`${name}: ${tally.passed} passed, ${tally.failed} failed, ${(tally.milliseconds / 1000).toFixed(1)} s (${this.#done}/${this.#total})`);
    this.#group = { name: next, tally: { passed: 0, failed: 0, milliseconds: 0 } };
  }
}

class TimeoutError extends Error {}

/** A kernel that never ends cannot be stopped from here; the suite says so and goes no further. */
async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`not done after ${CASE_TIMEOUT_MS / 1000} s`)), CASE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
