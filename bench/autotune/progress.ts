/** What a tuner says while it works: what is running, the best so far, how many of how many, the time left. */
import { describe } from "../run-bench.ts";
import { summarize } from "../statistics.ts";
import type { Workload } from "../workloads.ts";
import { isTimed, joined, type Outcome } from "./outcome.ts";
import type { Space } from "./space.ts";

export interface ProgressOptions {
  /** Milliseconds for all workloads, where there is a budget. */
  readonly budget?: number | undefined;
  /** Rounds of candidates for each workload, where they are bounded. */
  readonly rounds?: number | undefined;
  readonly now: () => number;
}

export class Progress {
  readonly #options: ProgressOptions;
  readonly #started: number;
  #title = "";
  #candidates = 0;
  #outcomes = new Map<string, Outcome>();
  #best: { readonly id: string; readonly us: number } | undefined;
  #running = "";
  #rounds = 0;
  /** Of this workload: when it began, and how many candidates were known then. */
  #began = { at: 0, known: 0 };

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#started = options.now();
  }

  begin(at: number, of: number, workload: Workload, space: Space, known: ReadonlyMap<string, Outcome>): string {
    this.#title = `[${at + 1}/${of}] ${describe(workload)}`;
    this.#candidates = space.candidates.length;
    this.#outcomes = new Map(known);
    this.#best = undefined;
    this.#rounds = 0;
    for (const [id, outcome] of known) this.#look(id, outcome);
    this.#began = { at: this.#options.now(), known: known.size };
    return `${this.#title}: ${space.candidates.length} candidates${known.size === 0 ? "" : `, of which ${known.size} were measured before`}`;
  }

  batch(candidates: readonly { readonly id: string }[], rounds: number): void {
    const more = candidates.length === 1 ? "" : ` and ${candidates.length - 1} more`;
    this.#running = `${rounds === 1 ? "a round" : `${rounds} rounds`} of ${candidates[0]?.id ?? ""}${more}`;
  }

  outcome(id: string, outcome: Outcome): void {
    this.#rounds += isTimed(outcome) ? outcome.us.length : 1;
    const all = joined(this.#outcomes.get(id), outcome);
    this.#outcomes.set(id, all);
    this.#look(id, all);
  }

  #look(id: string, outcome: Outcome): void {
    if (!isTimed(outcome)) return;
    const { median } = summarize(outcome.us);
    if (this.#best === undefined || median < this.#best.us || id === this.#best.id) this.#best = { id, us: median };
  }

  /** One line, for now. */
  line(): string {
    const best = this.#best === undefined ? "no time yet" : `best ${this.#best.us.toFixed(2)} us (${this.#best.id})`;
    const { rounds } = this.#options;
    const spent = rounds === undefined ? "" : `${Math.min(this.#rounds, rounds)} of ${rounds} rounds`;
    return [`${this.#title}: ${this.#outcomes.size} of ${this.#candidates}`, spent, best, this.#left(), `now ${this.#running}`]
      .filter((part) => part !== "")
      .join(", ");
  }

  #left(): string {
    const { budget, rounds, now } = this.#options;
    if (budget !== undefined) return `${duration(Math.max(0, budget - (now() - this.#started)))} left`;
    const done = this.#outcomes.size - this.#began.known;
    if (done <= 0) return "";
    const spent = now() - this.#began.at;
    const all = (spent / done) * (this.#candidates - this.#outcomes.size);
    const bounded = rounds === undefined ? all : Math.min(all, (spent / this.#rounds) * Math.max(0, rounds - this.#rounds));
    return `at most ${duration(bounded)} left for this shape`;
  }
}

/** "42 s", "3 min 20 s", "2 h 5 min". */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
