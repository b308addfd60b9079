/** The fewest choices with which requests take hardly longer than with their best: fewer kernels to compile and to ship, for a percent. */

/** By a choice's id, its microseconds. */
export type Times = ReadonlyMap<string, number>;

/** What a request counts at most for that no choice serves well, as a logarithm: one bad case is not worth many good ones. */
const WORST = 1;

/**
 * Ids in the order in which they were taken, the one that gains most first, until the logarithm of what all take over their bests is `average` or less in
 * the mean: 0.01 is 1 %. A greedy search: the gain of a choice falls as others are taken, so that it is near the fewest (Nemhauser, Wolsey and Fisher 1978).
 */
export function cover(requests: readonly Times[], average: number): string[] {
  const over = requests.map((times) => {
    const best = Math.min(...times.values());
    return new Map([...times].map(([id, us]) => [id, Math.min(WORST, Math.log(us / best))]));
  });
  const left = requests.map(() => WORST);
  const taken: string[] = [];
  const sum = (): number => left.reduce((total, each) => total + each, 0);
  while (sum() > average * requests.length) {
    const gains = new Map<string, number>();
    for (const [at, each] of over.entries()) for (const [id, log] of each) if (log < left[at]!) gains.set(id, (gains.get(id) ?? 0) + left[at]! - log);
    // of two that gain as much, the first by name: the order of requests does not matter
    const best = [...gains].sort(([a, most], [b, other]) => other - most || (a < b ? -1 : 1))[0];
    if (best === undefined) break;
    taken.push(best[0]);
    for (const [at, each] of over.entries()) left[at] = Math.min(left[at]!, each.get(best[0]) ?? WORST);
  }
  return taken;
}
