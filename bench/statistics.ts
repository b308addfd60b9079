/** Figures of a handful of samples. */

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws RangeError where there are no samples. */
export function summarize(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new RangeError("statistics: there are no samples");
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/** The least sample that as great a part of them as `part` (0 to 1) does not exceed. Throws RangeError where there are no samples. */
export function quantile(samples: readonly number[], part: number): number {
  if (samples.length === 0) throw new RangeError("statistics: there are no samples");
  return samples.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(part * samples.length) - 1)]!;
}

/** Greatest less least, as a part of the median: what the tables show as noise. */
export const noise = ({ median, min, max }: Summary): number => (median === 0 ? 0 : (max - min) / median);

/** Throws RangeError where there is nothing to average. */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("statistics: there are no values");
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
