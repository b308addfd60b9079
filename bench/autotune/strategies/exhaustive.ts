/**
 * Everything is looked at once, but for plans that are hopeless, the likeliest first, so that a budget may end it anywhere; what is far behind the best is dropped, and
 * of the rest the better half goes on with twice the rounds.
 */
import { shuffled } from "../../random.ts";
import { ROUNDS, ranked, type Score, type Search, type Strategy } from "../strategy.ts";

/** Of each plan, that many random candidates are looked at first. */
const SAMPLE = 32;
/** And so many of those before anything around the best: where seeds are bad, one of them is better. */
const FIRST = 4;
const HOPELESS = 3;
/** Candidates slower than this many times the best after one round are not looked at again: noise of a round is far below. */
const FAR_BEHIND = 1.5;
/** Candidates of a batch: what is compiled together. */
const BATCH = 128;
/** The best so far, which have a comparison's rounds before anything else is looked at: what was lucky in one round is not the best. */
const CONTENDERS = 4;
/** How many are looked at again after their first round: noise moves a candidate by places, not by dozens. */
const SECOND_LOOK = 64;
const LEAST = 4;

export const exhaustive: Strategy = (search) => searchAll(search, HOPELESS);

/**
 * Successive halving (Jamieson and Talwalkar 2016) over the whole space: seeds, what lies around the best, a sample of every plan, then plan by plan.
 * The rest of a plan whose sample's best takes more than `hopeless` times the best of all is passed over.
 */
export async function searchAll({ space, seeds, random, measure }: Search, hopeless: number): Promise<void> {
  const scores = new Map<number, Score>();
  const compared = new Set<number>();
  const look = async (candidates: readonly number[], rounds: number): Promise<void> => {
    const found = await measure(candidates, rounds);
    for (const [at, candidate] of candidates.entries()) scores.set(candidate, found[at]);
  };
  const unseen = (candidates: readonly number[]): number[] => [...new Set(candidates)].filter((candidate) => !scores.has(candidate));
  const standings = (): number[] => ranked([...scores.keys()], [...scores.values()]);
  /** Until the best, of a plan or of all, have been compared, and all around the first of them has been looked at. */
  const settle = async (plan?: string): Promise<void> => {
    const counts = (candidate: number): boolean => plan === undefined || space.candidates[candidate]!.plan === plan;
    for (;;) {
      const contenders = standings().filter(counts).slice(0, CONTENDERS);
      const untried = contenders.filter((candidate) => !compared.has(candidate));
      const around = contenders[0] === undefined ? [] : unseen(space.neighbours(contenders[0]));
      if (untried.length > 0) await look(untried, ROUNDS.compare);
      else if (around.length > 0) await look(around, ROUNDS.look);
      else return;
      for (const candidate of untried) compared.add(candidate);
    }
  };
  const lookAtAll = async (candidates: readonly number[]): Promise<void> => {
    for (const batch of batches(unseen(candidates), BATCH)) {
      await look(unseen(batch), ROUNDS.look);
      await settle();
    }
  };

  await look(seeds, ROUNDS.compare);
  const order = shuffled([...space.candidates.keys()], random);
  const byPlan = [...new Set(space.candidates.map(({ plan }) => plan))].map((plan) => order.filter((candidate) => space.candidates[candidate]!.plan === plan));
  await lookAtAll(byPlan.flatMap((own) => own.slice(0, FIRST)));
  await settle();
  await lookAtAll(byPlan.flatMap((own) => own.slice(0, SAMPLE)));
  const bestOf = (candidates: readonly number[]): number => Math.min(...candidates.map((candidate) => scores.get(candidate) ?? Number.POSITIVE_INFINITY));
  const most = hopeless * bestOf([...scores.keys()]);
  const hopeful = byPlan.filter((own) => bestOf(own) <= most);
  for (const [first] of hopeful) await settle(space.candidates[first!]!.plan);
  for (const own of hopeful.toSorted((a, b) => bestOf(a) - bestOf(b))) await lookAtAll(own);

  const best = bestOf([...scores.keys()]);
  let standing = standings()
    .filter((candidate) => scores.get(candidate)! <= FAR_BEHIND * best)
    .slice(0, 2 * SECOND_LOOK);
  if (standing.length === 0) return;
  for (let rounds: number = ROUNDS.compare; ; rounds *= 2) {
    if (standing.length > LEAST) standing = standing.slice(0, Math.max(LEAST, Math.ceil(standing.length / 2)));
    standing = ranked(standing, await measure(standing, Math.min(rounds, ROUNDS.final)));
    if (standing.length <= LEAST && rounds >= ROUNDS.final) return;
  }
}

function* batches<T>(values: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < values.length; at += size) yield values.slice(at, at + size);
}
