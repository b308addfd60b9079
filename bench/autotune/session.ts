/** A tuning session of one request: it hands a strategy's wishes to a measurer, remembers what came of them, and ends when the budget does. */
import { summarize } from "../statistics.ts";
import { isTimed, joined, type Outcome } from "./outcome.ts";
import type { Candidate, Space } from "./space.ts";
import { BudgetSpent, type Score, type Search } from "./strategy.ts";

/** Measures candidates in turns: a device, or a replay of records. */
export interface Measurer {
  /** One outcome a candidate, of `rounds` more rounds each. */
  measure(candidates: readonly Candidate[], rounds: number): Promise<readonly Outcome[]>;
}

export interface Budget {
  /** Rounds of candidates, in all. */
  readonly rounds?: number;
  /** Milliseconds; looked at between batches. */
  readonly milliseconds?: number;
}

export interface SessionOptions {
  readonly space: Space;
  readonly measurer: Measurer;
  readonly budget?: Budget;
  /** What is known from records. */
  readonly known?: ReadonlyMap<string, Outcome>;
  /** Called before candidates are measured, and waited for. */
  readonly onBatch?: (candidates: readonly Candidate[], rounds: number) => void | Promise<void>;
  /** Called as each outcome comes. */
  readonly onOutcome?: (candidate: Candidate, outcome: Outcome) => void;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #outcomes: Map<string, Outcome>;
  readonly #started: number;
  readonly #now: () => number;
  #rounds = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#outcomes = new Map(options.known);
    this.#now = options.now ?? (() => performance.now());
    this.#started = this.#now();
  }

  /** Rounds of candidates that were measured here; known ones cost none. */
  get rounds(): number {
    return this.#rounds;
  }

  /** All that is known of each candidate, by its id. */
  get outcomes(): ReadonlyMap<string, Outcome> {
    return this.#outcomes;
  }

  /** The scores are medians of all rounds a candidate has had. Throws BudgetSpent, and the signal's reason. */
  readonly measure: Search["measure"] = async (wanted, rounds) => {
    const { space, measurer, onBatch, onOutcome, signal } = this.#options;
    const candidates = wanted.map((at) => space.candidates[at]!);
    // those that lack as many rounds take turns
    const lacking = new Map<number, Candidate[]>();
    for (const candidate of new Set(candidates)) {
      const missing = this.#missing(candidate, rounds);
      if (missing > 0) lacking.set(missing, [...(lacking.get(missing) ?? []), candidate]);
    }
    for (const [missing, batch] of lacking) {
      signal?.throwIfAborted();
      const affordable = this.#affordable(batch, missing);
      if (affordable.length === 0) throw new BudgetSpent();
      await onBatch?.(affordable, missing);
      const found = await unlessAborted(measurer.measure(affordable, missing), signal);
      for (const [at, candidate] of affordable.entries()) {
        this.#rounds += missing;
        this.#outcomes.set(candidate.id, joined(this.#outcomes.get(candidate.id), found[at]!));
        onOutcome?.(candidate, found[at]!);
      }
      if (affordable.length < batch.length) throw new BudgetSpent();
    }
    return candidates.map(({ id }) => scoreOf(this.#outcomes.get(id)));
  };

  #missing({ id }: Candidate, rounds: number): number {
    const known = this.#outcomes.get(id);
    if (known === undefined) return rounds;
    return isTimed(known) ? Math.max(0, rounds - known.us.length) : 0;
  }

  #affordable(batch: readonly Candidate[], rounds: number): readonly Candidate[] {
    const { budget = {} } = this.#options;
    if (budget.milliseconds !== undefined && this.#now() - this.#started >= budget.milliseconds) return [];
    return budget.rounds === undefined ? batch : batch.slice(0, Math.floor((budget.rounds - this.#rounds) / rounds));
  }
}

/** What is under way is left to whoever began it. Throws the signal's reason as soon as it is given. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

export const scoreOf = (outcome: Outcome | undefined): Score => (outcome !== undefined && isTimed(outcome) ? summarize(outcome.us).median : undefined);
