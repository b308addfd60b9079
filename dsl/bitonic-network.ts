/** The comparator network of a bitonic sort, as a list of steps for a template to unroll. */

/**
 * Where the two partners of a comparator live, when thread t of a group holds positions t*items .. t*items+items-1:
 * in one thread's registers, in two lanes of one warp, or in two warps, which meet in shared memory.
 */
export type StepKind = "thread" | "warp" | "block";

export interface Step extends Readonly<Record<string, number | string>> {
  readonly kind: StepKind;
  /** Length of the runs that this merge makes; positions with `position & size` zero sort downwards. */
  readonly size: number;
  /** Partners are position and position ^ stride. */
  readonly stride: number;
}

/** Steps of a bitonic sort of `width` positions (a power of two), `items` (a power of two) a thread. Batcher 1968. */
export function bitonicNetwork(width: number, items: number): readonly Step[] {
  const steps: Step[] = [];
  for (let size = 2; size <= width; size *= 2) {
    for (let stride = size / 2; stride >= 1; stride /= 2) {
      steps.push({ kind: stride < items ? "thread" : stride < items * 32 ? "warp" : "block", size, stride });
    }
  }
  return steps;
}
