/** Plans that draw: any plan's top-k, and behind it one launch that draws a token from each row of its answer. */
import { plans } from "./catalog.ts";
import { sampleRow } from "./kernels/sample-row.ts";
import type { Plan } from "./plan.ts";

export const sampling = (plan: Plan): Plan => ({ ...plan, stages: [...plan.stages, sampleRow], passes: [...plan.passes, {}] });

/** The catalog's, in its order. */
export const samplingPlans: readonly Plan[] = plans.map(sampling);
