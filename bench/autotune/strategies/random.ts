/** Candidates in random order, until the budget is spent: what every other strategy has to beat. */
import { shuffled } from "../../random.ts";
import { ROUNDS, type Search } from "../strategy.ts";

const BATCH = 8;

export async function randomOrder({ space, seeds, random, measure }: Search): Promise<void> {
  const order = [...seeds, ...shuffled([...space.candidates.keys()], random)];
  for (let at = 0; at < order.length; at += BATCH) await measure(order.slice(at, at + BATCH), ROUNDS.compare);
}
