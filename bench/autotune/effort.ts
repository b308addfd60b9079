/** How much a tuner does for a workload: a strategy, and the rounds of candidates that it may spend. */
import type { Budget } from "./session.ts";
import type { strategies } from "./strategies/index.ts";

export const EFFORTS = ["known", "quick", "normal", "full"] as const;
export type Effort = (typeof EFFORTS)[number];

export interface Plan {
  readonly strategy: keyof typeof strategies & string;
  readonly budget: Pick<Budget, "rounds">;
}

/**
 * On an H200 a candidate costs some hundredths of a second, and a kernel that is not compiled half a second of a core. `known` tries what the tables in force
 * have for any shape: about a second a workload; quick is seconds, normal half a minute, full as long as its space is large.
 */
export const EFFORT_PLANS: Readonly<Record<Effort, Plan>> = {
  known: { strategy: "exhaustive", budget: {} },
  quick: { strategy: "nearest", budget: { rounds: 300 } },
  normal: { strategy: "greedy", budget: { rounds: 1500 } },
  full: { strategy: "exhaustive", budget: {} },
};
