/** Shapes drawn by a seed over the ranges that topkit is tuned for: what its choices are judged on where nobody tuned. */
import type { Dtype } from "../dsl/index.ts";
import { random } from "./random.ts";
import type { Workload } from "./suites.ts";

/** Least and greatest of each side; drawn by their logarithms, evenly. k is at most the columns. */
export const DRAWN = { rows: [1, 16384], cols: [64, 2 ** 20], k: [1, 2048] } as const;
/** Elements of an input: what is larger is drawn again. */
export const MOST_ELEMENTS = 2 ** 28;
const DTYPES = ["f32", "f16", "bf16"] as const satisfies readonly Dtype[];

/** `count` shapes, each once, on normal data; the first n of a seed are the same whatever the count. */
export function drawnWorkloads(count: number, seed: number): Workload[] {
  const source = random(seed, 0);
  const between = ([least, most]: readonly [number, number]): number => Math.round(least * (most / least) ** source.uniform());
  const drawn = new Map<string, Workload>();
  while (drawn.size < count) {
    const [rows, cols] = [between(DRAWN.rows), between(DRAWN.cols)];
    if (rows * cols > MOST_ELEMENTS) continue;
    const k = between([DRAWN.k[0], Math.min(DRAWN.k[1], cols)]);
    const dtype = DTYPES[source.below(DTYPES.length)]!;
    drawn.set([rows, cols, k, dtype].join(), { suite: "drawn", rows, cols, k, dtype, dist: "normal" });
  }
  return [...drawn.values()];
}
