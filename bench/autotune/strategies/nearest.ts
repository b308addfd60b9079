/** Seeds only, and what lies around the best of them: for shapes whose neighbours are tuned already. */
import { ROUNDS, ranked, type Search } from "../strategy.ts";

const CLIMBED = 2;

export async function nearest({ space, seeds, measure }: Search): Promise<void> {
  const from = ranked(seeds, await measure(seeds, ROUNDS.compare)).slice(0, CLIMBED);
  const around = [...new Set([...from, ...from.flatMap((seed) => space.neighbours(seed))])];
  const best = ranked(around, await measure(around, ROUNDS.compare)).slice(0, CLIMBED);
  await measure(best, ROUNDS.final);
}
