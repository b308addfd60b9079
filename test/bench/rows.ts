/** Made-up results. */
import type { ResultRow } from "../../bench/results.ts";

export const row = (other: Partial<ResultRow> = {}): ResultRow => ({
  ...{ suite: "nanochat", impl: "topkit", dtype: "bf16", rows: 1, cols: 50304, k: 50, dist: "normal", mode: "graph-cold" },
  ...{ usMedian: 3, usMin: 2.9, usMax: 3.2, gbps: 33.5, exact: "yes", device: "NVIDIA H200", protocol: "seed=1;rounds=11" },
  ...other,
});
