/** What the stages of a two-stage plan agree on. */

/** The shipped capacities of a block's candidates, and which of them an untuned device takes for k: the least that covers twice k. */
const KEPT = [128, 512, 1024] as const;

export const keptFor = (k: number): (typeof KEPT)[number] => KEPT.find((kept) => kept >= 2 * k) ?? 1024;
