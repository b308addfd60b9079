/** What the stages of a two-stage plan agree on. */
import type { Domain } from "../domain.ts";

/** The shipped capacities of a block's candidates, and which of them an untuned device takes for k: the least that covers twice k. */
const KEPT = [128, 512, 1024] as const;

export const keptFor = (k: number): (typeof KEPT)[number] => KEPT.find((kept) => kept >= 2 * k) ?? 1024;

/** The first `count` of the capacities that cover twice k, which a tuner tries: more of them only take shared memory. The last where none does. */
export function keptTried({ values }: Domain<number>, k: number, count: number): readonly number[] {
  const covering = values.filter((kept) => kept >= 2 * k);
  return covering.length === 0 ? values.slice(-1) : covering.slice(0, count);
}
