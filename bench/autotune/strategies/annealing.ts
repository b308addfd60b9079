/** Simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983): steps to random neighbours, worse ones ever more rarely. */
import { shuffled } from "../../random.ts";
import { ROUNDS, ranked, type Score, type Search } from "../strategy.ts";

/** The temperature, as a part of the current time: a step that is so much slower is taken with probability 1/e. */
const HOT = 0.3;
const COLD = 0.005;
const STEPS_OF_A_COOLING = 60;

/** Cools again and again, from the best seed, then from what was not seen yet, until everything was or the budget is spent. */
export async function annealing({ space, seeds, random, measure }: Search): Promise<void> {
  const unseen = shuffled([...space.candidates.keys()], random);
  const seen = new Set<number>();
  const fresh = (): number | undefined => {
    while (unseen.length > 0) {
      const candidate = unseen.pop()!;
      if (!seen.has(candidate)) return candidate;
    }
    return undefined;
  };
  const look = async (candidate: number): Promise<Score> => {
    seen.add(candidate);
    return (await measure([candidate], ROUNDS.compare))[0];
  };
  let here = ranked(seeds, await measure(seeds, ROUNDS.compare))[0] ?? fresh();
  while (here !== undefined) {
    let score = await look(here);
    for (let step = 0; step < STEPS_OF_A_COOLING && score !== undefined; step++) {
      const temperature = HOT * (COLD / HOT) ** (step / (STEPS_OF_A_COOLING - 1));
      const around = space.neighbours(here);
      if (around.length === 0) break;
      const there = around[random.below(around.length)]!;
      const found = await look(there);
      if (found === undefined) continue;
      if (found <= score || random.uniform() < Math.exp((score - found) / (temperature * score))) [here, score] = [there, found];
    }
    here = fresh();
  }
}
