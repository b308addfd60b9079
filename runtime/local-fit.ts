/** What a quantity should be at a point, from what it was at points around: a plane through those, the nearer the louder (local linear regression). Pure. */

export interface Sample {
  /** Where, as seen from the point that is asked for. */
  readonly offset: readonly number[];
  readonly squaredDistance: number;
  readonly value: number;
}

/** Least bandwidth, and whose distance it is where samples are further away: with fewer than that within it, a plane would go through noise. */
const LEAST_SQUARED_BANDWIDTH = 0.25;
const BANDWIDTH_OF = 5;
/** Against steep planes where samples lie in a row, or are fewer than a plane needs: as a share of all weights. */
const RIDGE = 0.2;

/** The plane's height at the point, from at least one sample, the nearest first. */
export function localFit(samples: readonly Sample[]): number {
  const sides = samples[0]!.offset.length;
  const squaredBandwidth = Math.max(LEAST_SQUARED_BANDWIDTH, samples[Math.min(BANDWIDTH_OF, samples.length - 1)]!.squaredDistance);
  // normal equations of [1, offset]; their last column is the right side
  const equations = Array.from({ length: sides + 1 }, () => new Array<number>(sides + 2).fill(0));
  let total = 0;
  for (const { offset, squaredDistance, value } of samples) {
    // against the nearest's, so that the weights of far samples do not vanish together
    const weight = Math.exp((samples[0]!.squaredDistance - squaredDistance) / (2 * squaredBandwidth));
    const terms = [1, ...offset, value];
    total += weight;
    for (let at = 0; at <= sides; at++) for (let place = 0; place < terms.length; place++) equations[at]![place]! += weight * terms[at]! * terms[place]!;
  }
  for (let side = 1; side <= sides; side++) equations[side]![side]! += RIDGE * total;
  return solvedFirst(equations);
}

/** The first unknown of positive definite equations, by elimination from the last: no pivot can vanish. */
function solvedFirst(equations: number[][]): number {
  const right = equations.length;
  for (let pivot = equations.length - 1; pivot > 0; pivot--) {
    const from = equations[pivot]!;
    for (let row = 0; row < pivot; row++) {
      const factor = equations[row]![pivot]! / from[pivot]!;
      for (let column = 0; column < pivot; column++) equations[row]![column]! -= factor * from[column]!;
      equations[row]![right]! -= factor * from[right]!;
    }
  }
  return equations[0]![right]! / equations[0]![0]!;
}
