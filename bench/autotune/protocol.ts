/** How the tuner measures, where that is not as `bench` does: there are thousands of candidates of a workload. */
import type { InputBudget } from "../device-inputs.ts";

/** Inputs are made and checked in tenths of a second, and a graph of their calls in milliseconds. */
export const INPUT_BUDGET: InputBudget = { copies: 64, distinctElements: 2 ** 22 };
/** What a go should last at least; 64 calls on inputs of their own mostly last longer. */
export const GO_MILLISECONDS = 0.3;
