/** Pearson's statistic, and how great it may be. */

/** Of counts against probabilities, each above 0. */
export function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const draws = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count, place) => sum + (count - draws * probabilities[place]!) ** 2 / (draws * probabilities[place]!), 0);
}

/** Quantile 0.999 by degrees of freedom (Pearson and Hartley, table 8): seeds are fixed, so that a right sampler passes always. */
export const CHI_SQUARE_LIMIT: Readonly<Record<number, number>> = { 3: 16.266, 9: 27.877, 19: 43.82 };

/** In f64, of values in any order. */
export function softmax(values: readonly number[], temperature: number): number[] {
  const best = Math.max(...values);
  const weights = values.map((value) => Math.exp((value - best) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
