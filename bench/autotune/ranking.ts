/** The ranked list of what was measured, and the winner: among candidates that the figures cannot tell apart, the incumbent, else the simplest. */
import { summarize } from "../statistics.ts";
import { isTimed, type Outcome } from "./outcome.ts";
import type { Candidate, Space } from "./space.ts";
import { ROUNDS } from "./strategy.ts";

export interface Ranked {
  readonly candidate: Candidate;
  /** Microseconds a call. */
  readonly median: number;
  /** The best median as a part of this one: 1 for the best, more for what looked better once. */
  readonly share: number;
  readonly rounds: number;
  /** Whether the figures cannot tell it from the best. */
  readonly tied: boolean;
}

/**
 * Whether what had so many rounds may be called the best, where `most` is the most that any had: what was dropped after a look may have been lucky.
 * What came to a last comparison may, however many of them another was in.
 */
export const hasClaim = (rounds: number, most: number): boolean => 2 * rounds >= Math.min(most, ROUNDS.final);

/** Fastest first; what gave no time is left out. */
export function ranking(space: Space, outcomes: ReadonlyMap<string, Outcome>): Ranked[] {
  const timed = space.candidates.flatMap((candidate) => {
    const outcome = outcomes.get(candidate.id);
    return outcome !== undefined && isTimed(outcome) ? [{ candidate, us: outcome.us, median: summarize(outcome.us).median }] : [];
  });
  timed.sort((a, b) => a.median - b.median);
  const most = Math.max(...timed.map(({ us }) => us.length));
  const claims = (us: readonly number[]): boolean => hasClaim(us.length, most);
  const best = timed.find(({ us }) => claims(us));
  if (best === undefined) return [];
  return timed.map(({ candidate, us, median }) => ({
    candidate,
    median,
    share: best.median / median,
    rounds: us.length,
    tied: claims(us) && lower(us) <= upper(best.us),
  }));
}

/** Undefined where nothing was timed. `incumbent`: the id of what the table has now. */
export function winner(space: Space, outcomes: ReadonlyMap<string, Outcome>, incumbent?: string): Ranked | undefined {
  const tied = ranking(space, outcomes).filter((each) => each.tied);
  return tied.find(({ candidate }) => candidate.id === incumbent) ?? tied.sort((a, b) => compareSimplicity(space, a.candidate, b.candidate))[0];
}

/** Plans of fewer launches, fewer bytes of shared memory, fewer threads; then the order of declaration. */
function compareSimplicity(space: Space, a: Candidate, b: Candidate): number {
  const differing = a.effort.findIndex((effort, at) => effort !== b.effort[at]);
  return differing >= 0 ? a.effort[differing]! - b.effort[differing]! : space.indexOf(a.id) - space.indexOf(b.id);
}

/** Notches of a box plot (McGill, Tukey and Larsen 1978): medians of which the notches overlap are not told apart at about 95 %. */
const notch = (us: readonly number[]): number => {
  const sorted = us.toSorted((a, b) => a - b);
  const quartile = (part: number): number => sorted[Math.round(part * (sorted.length - 1))]!;
  return (1.57 * (quartile(0.75) - quartile(0.25))) / Math.sqrt(us.length);
};
const lower = (us: readonly number[]): number => summarize(us).median - notch(us);
const upper = (us: readonly number[]): number => summarize(us).median + notch(us);
