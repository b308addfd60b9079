/** Everything is looked at once, but for plans that are hopeless; what is far behind the best is dropped, and of the rest the better half goes on with twice the rounds. */
import { shuffled } from "../../random.ts";
import { ROUNDS, ranked, type Score, type Search } from "../strategy.ts";

/** Of each plan, that many random candidates are looked at first; the rest of a plan whose best takes so many times the best of all is passed over. */
const SAMPLE = 32;
const HOPELESS = 3;
/** Candidates slower than this many times the best after one round are not looked at again: noise of a round is far below. */
const FAR_BEHIND = 1.5;
/** Candidates of a batch: what is compiled together. */
const BATCH = 128;
/** How many are looked at again after their first round: noise moves a candidate by places, not by dozens. */
const SECOND_LOOK = 64;
const LEAST = 4;

/** Successive halving (Jamieson and Talwalkar 2016) over the whole space. */
export async function exhaustive({ space, seeds, random, measure }: Search): Promise<void> {
  const scores = new Map<number, Score>();
  const look = async (candidates: readonly number[]): Promise<void> => {
    for (const batch of batches(candidates, BATCH)) {
      const found = await measure(batch, ROUNDS.look);
      for (const [at, candidate] of batch.entries()) scores.set(candidate, found[at]);
    }
  };
  const plans = new Set(space.candidates.map(({ plan }) => plan));
  const order = shuffled([...space.candidates.keys()], random);
  const byPlan = [...plans].map((plan) => order.filter((candidate) => space.candidates[candidate]!.plan === plan));
  // seeds first: where the budget ends early, they have been measured
  await look([...new Set([...seeds, ...byPlan.flatMap((own) => own.slice(0, SAMPLE))])]);
  const bestOf = (candidates: Iterable<number>): number => Math.min(...[...candidates].map((candidate) => scores.get(candidate) ?? Number.POSITIVE_INFINITY));
  const hopeless = HOPELESS * bestOf(scores.keys());
  const hopeful = byPlan.filter((own) => bestOf(own) <= hopeless);
  await look(hopeful.flat().filter((candidate) => !scores.has(candidate)));

  const best = bestOf(scores.keys());
  let standing = ranked([...scores.keys()], [...scores.values()])
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
