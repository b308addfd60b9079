/** Tries mutants in as many processes as there are cores, each mutant in one of its kernels after another until one catches it. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { AnyKernel } from "../../dsl/index.ts";
import { buildProgram } from "./emulator.ts";
import { nameOf } from "./mutation-document.ts";
import type { Mutant } from "./mutation-operators.ts";
import { isAlive, type Verdict } from "./mutation-run.ts";
import { cheapestFirst, type Subject, subjectsOf, useSubjects } from "./mutation-subjects.ts";
import type { Answer, Request } from "./mutation-worker.ts";

export interface PoolOptions {
  readonly processes: number;
  readonly kernels: readonly AnyKernel[];
  readonly kernelsOf: (mutant: Mutant) => readonly AnyKernel[];
  /** Called once for each kernel that a mutant is tried in. */
  readonly onVerdict: (kernel: AnyKernel, mutant: Mutant, verdict: Verdict) => void;
}

/** Mutants of a kernel that a process takes at a time, at most: more share one object, fewer let the processes end together. */
const MOST_AT_ONCE = 24;
const LEAST_AT_ONCE = 4;

/** Those that none of their kernels caught and of which one has other machine code. Errors: what a process says, or that one ended. */
export async function survivorsOf(mutants: readonly Mutant[], { processes, kernels, kernelsOf, onVerdict }: PoolOptions): Promise<Mutant[]> {
  const workers = Array.from({ length: processes }, () => new Worker());
  try {
    const chosen = shared(workers, kernels, async (worker, kernel) => useSubjects(kernel, await worker.subjects(kernel)));
    // once, not once a process
    for (const program of ["mutants", "race-mutants"] as const) buildProgram(program);
    await chosen;
    const order = cheapestFirst(kernels);
    const waiting = new Map(order.map((kernel) => [kernel, [] as Mutant[]]));
    const untried = new Map(mutants.map((mutant) => [mutant, order.filter((kernel) => kernelsOf(mutant).includes(kernel))]));
    const alive: Mutant[] = [];
    const queue = (mutant: Mutant): void => {
      const kernel = untried.get(mutant)!.shift();
      if (kernel === undefined) alive.push(mutant);
      else waiting.get(kernel)!.push(mutant);
    };
    for (const mutant of mutants) queue(mutant);
    await tryAll(workers, waiting, async (worker, kernel, some) => {
      const told = new Set<Mutant>();
      const tell = (mutant: Mutant, verdict: Verdict): void => {
        if (!told.has(mutant)) onVerdict(kernel, mutant, verdict);
        told.add(mutant);
      };
      for (const [mutant, verdict] of await worker.tried(kernel, some, tell)) {
        tell(mutant, verdict);
        if (isAlive(verdict)) queue(mutant);
      }
    });
    const others = new Set<Mutant>();
    await shared(workers, alive, async (worker, mutant) => {
      for (const kernel of kernelsOf(mutant)) {
        if (others.has(mutant) || (await worker.isSame(kernel, mutant))) continue;
        others.add(mutant);
      }
    });
    return mutants.filter((mutant) => others.has(mutant));
  } finally {
    for (const worker of workers) worker.end();
  }
}

/** Each of these by the next free worker. */
async function shared<T>(workers: readonly Worker[], all: readonly T[], work: (worker: Worker, each: T) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    workers.map(async (worker) => {
      while (next < all.length) await work(worker, all[next++]!);
    }),
  );
}

/** Until nothing waits and nobody works who might add to it. */
async function tryAll(
  workers: readonly Worker[],
  waiting: ReadonlyMap<AnyKernel, Mutant[]>,
  work: (worker: Worker, kernel: AnyKernel, some: readonly Mutant[]) => Promise<void>,
): Promise<void> {
  let busy = 0;
  let wake: (() => void)[] = [];
  // its own kernel, whose cases it has at hand; else the one of which the most mutants wait for each that is at it
  const next = (worker: Worker): readonly [AnyKernel, Mutant[]] | undefined => {
    const share = (kernel: AnyKernel): number =>
      kernel === worker.kernel ? Number.POSITIVE_INFINITY : waiting.get(kernel)!.length / (1 + workers.filter((each) => each.kernel === kernel).length);
    const [kernel] = [...waiting.keys()].filter((each) => waiting.get(each)!.length > 0).sort((a, b) => share(b) - share(a));
    if (kernel === undefined) return undefined;
    const its = waiting.get(kernel)!;
    return [kernel, its.splice(0, Math.min(MOST_AT_ONCE, Math.max(LEAST_AT_ONCE, Math.ceil(its.length / workers.length))))];
  };
  await Promise.all(
    workers.map(async (worker) => {
      for (;;) {
        const task = next(worker);
        if (task === undefined) {
          if (busy === 0) return;
          await new Promise<void>((resolve) => wake.push(resolve));
          continue;
        }
        busy++;
        try {
          await work(worker, ...task);
        } finally {
          busy--;
          for (const each of wake) each();
          wake = [];
        }
      }
    }),
  );
}

class Worker {
  /** The last that it tried mutants in. */
  kernel: AnyKernel | undefined;
  readonly #process: ChildProcess = fork(fileURLToPath(new URL("mutation-worker.ts", import.meta.url)));

  async subjects(kernel: AnyKernel): Promise<readonly Subject[]> {
    const answer = await this.#ask({ what: "subjects", kernel: kernel.name });
    return answer.what === "subjects" ? answer.subjects : [];
  }

  async tried(kernel: AnyKernel, mutants: readonly Mutant[], onCaught: (mutant: Mutant, verdict: Verdict) => void): Promise<(readonly [Mutant, Verdict])[]> {
    this.kernel = kernel;
    const byName = new Map(mutants.map((mutant) => [nameOf(mutant), mutant]));
    const request: Request = { what: "try", kernel: kernel.name, subjects: subjectsOf(kernel), mutants: [...byName.keys()] };
    const answer = await this.#ask(request, (name, verdict) => onCaught(byName.get(name)!, verdict));
    return answer.what === "tried" ? answer.verdicts.map(([name, verdict]) => [byName.get(name)!, verdict]) : [];
  }

  async isSame(kernel: AnyKernel, mutant: Mutant): Promise<boolean> {
    const answer = await this.#ask({ what: "compare", kernel: kernel.name, subjects: subjectsOf(kernel), mutant: nameOf(mutant) });
    return answer.what === "compared" && answer.isSame;
  }

  end(): void {
    this.#process.kill();
  }

  #ask(request: Request, onCaught: (mutant: string, verdict: Verdict) => void = () => {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        this.#process.off("message", hear).off("exit", ended);
        settle();
      };
      const hear = (answer: Answer): void => {
        if (answer.what === "caught") onCaught(answer.mutant, answer.verdict);
        else done(() => (answer.what === "failed" ? reject(new Error(answer.why)) : resolve(answer)));
      };
      const ended = (status: number | null): void => done(() => reject(new Error(`a process that tries mutants ended with status ${status}`)));
      this.#process.on("message", hear).on("exit", ended).send(request);
    });
  }
}
