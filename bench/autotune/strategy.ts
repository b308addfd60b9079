/** What a search strategy is: it asks for candidates to be measured until it is content or the budget is spent. One file each in strategies/. */
import type { Random } from "../random.ts";
import type { Space } from "./space.ts";

/** Microseconds a call, or undefined where the candidate gave none (wrong, crashed, out of resources). */
export type Score = number | undefined;

export interface Search {
  readonly space: Space;
  /** Candidates to begin with, best guess first: the incumbent, the winners of the nearest tuned shapes, what is untuned. */
  readonly seeds: readonly number[];
  /** The only source of chance, so that a search can be repeated. */
  readonly random: Random;
  /**
   * Measures each of them for `rounds` rounds, interleaved, and gives the medians of all rounds that they ever had. A candidate that has had as many
   * rounds already costs nothing. Throws BudgetSpent when no more may be measured; what was measured is kept.
   */
  measure(candidates: readonly number[], rounds: number): Promise<readonly Score[]>;
}

export type Strategy = (search: Search) => Promise<void>;

/** Thrown through a strategy, which need not catch it. */
export class BudgetSpent extends Error {
  constructor() {
    super("the budget of measurements is spent");
    this.name = "BudgetSpent";
  }
}

/** Rounds of a first look, of a candidate that stands in the way of others, and of those that may win. */
export const ROUNDS = { look: 1, compare: 3, final: 9 } as const;

/** Lower is better; what gave no time is last. */
export const byScore = (a: Score, b: Score): number => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY);

/** The candidates in the order of their scores, those without one left out. */
export function ranked(candidates: readonly number[], scores: readonly Score[]): number[] {
  return [...candidates.keys()]
    .filter((at) => scores[at] !== undefined)
    .sort((a, b) => byScore(scores[a], scores[b]))
    .map((at) => candidates[at]!);
}
