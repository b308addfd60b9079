/** Everything is looked at once, in batches; what is far behind the best is dropped, and of the rest the better half goes on with twice the rounds. */
import { ROUNDS, ranked, type Score, type Search } from "../strategy.ts";

/** Candidates slower than this many times the best after one round are not looked at again: noise of a round is far below. */
const FAR_BEHIND = 1.5;
/** Candidates of a batch: what is compiled together. */
const BATCH = 128;
/** How many are looked at again after their first round: noise moves a candidate by places, not by dozens. */
const SECOND_LOOK = 64;
const LEAST = 4;

/** Successive halving (Jamieson and Talwalkar 2016) over the whole space. */
export async function exhaustive({ space, seeds, measure }: Search): Promise<void> {
  const rest = [...space.candidates.keys()].filter((candidate) => !seeds.includes(candidate));
  let standing: number[] = [];
  const scores = new Map<number, Score>();
  // seeds first: where the budget ends early, they have been measured
  for (const batch of batches([...seeds, ...rest], BATCH)) {
    const found = await measure(batch, ROUNDS.look);
    for (const [at, candidate] of batch.entries()) scores.set(candidate, found[at]);
  }
  standing = ranked([...scores.keys()], [...scores.values()]);
  const best = scores.get(standing[0] ?? -1);
  if (best === undefined) return;
  standing = standing.filter((candidate) => scores.get(candidate)! <= FAR_BEHIND * best).slice(0, 2 * SECOND_LOOK);
  for (let rounds: number = ROUNDS.compare; ; rounds *= 2) {
    if (standing.length > LEAST) standing = standing.slice(0, Math.max(LEAST, Math.ceil(standing.length / 2)));
    standing = ranked(standing, await measure(standing, Math.min(rounds, ROUNDS.final)));
    if (standing.length <= LEAST && rounds >= ROUNDS.final) return;
  }
}

function* batches<T>(values: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < values.length; at += size) yield values.slice(at, at + size);
}
