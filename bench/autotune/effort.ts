/** How much a tuner does for a workload: a strategy, and the rounds of candidates that it may spend. */
import type { Budget } from "./session.ts";
import type { strategies } from "./strategies/index.ts";

export const EFFORTS = ["known", "quick", "normal", "full"] as const;
export type Effort = (typeof EFFORTS)[number];

export interface Plan {
  readonly strategy: keyof typeof strategies & string;
  readonly budget: Pick<Budget, "rounds">;
}

/** `known` tries what the tables in force have for any shape; the others render kernels: quick a few, normal hundreds, full as many as the space holds. */
export const EFFORT_PLANS: Readonly<Record<Effort, Plan>> = {
  known: { strategy: "exhaustive", budget: {} },
  quick: { strategy: "nearest", budget: { rounds: 300 } },
  normal: { strategy: "exhaustive", budget: { rounds: 600 } },
  full: { strategy: "exhaustive", budget: {} },
};
