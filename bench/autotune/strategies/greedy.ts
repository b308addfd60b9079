/** Local search: from a start to its best neighbour, until none is better; then from the next start. */
import { shuffled } from "../../random.ts";
import { ROUNDS, ranked, type Search } from "../strategy.ts";

/** A neighbour is better where it is so by more than noise. */
const BETTER = 0.995;
const STARTS_AT_ONCE = 4;

/** The best of all seeds is climbed from, then the best of every few random candidates that no climb has seen. */
export async function greedy({ space, seeds, random, measure }: Search): Promise<void> {
  const seen = new Set<number>();
  const starts = shuffled([...space.candidates.keys()], random);
  for (let first = true; ; first = false) {
    const group: number[] = first ? [...seeds] : [];
    while (group.length < STARTS_AT_ONCE && starts.length > 0) {
      const start = starts.shift()!;
      if (!seen.has(start) && !group.includes(start)) group.push(start);
    }
    if (group.length === 0) return;
    for (const start of group) seen.add(start);
    let [here] = ranked(group, await measure(group, ROUNDS.compare));
    while (here !== undefined) {
      const around = space.neighbours(here);
      for (const neighbour of around) seen.add(neighbour);
      const [score, ...scores] = await measure([here, ...around], ROUNDS.compare);
      const [next] = ranked(around, scores);
      if (next === undefined || !(scores[around.indexOf(next)]! < BETTER * score!)) break;
      here = next;
    }
  }
}
