/** Plans that draw: any plan's top-k, and behind it one launch that draws a token from each row of its answer. */
import { sampleRow } from "./kernels/sample-row.ts";
import type { Plan } from "./plan.ts";

export const sampling = (plan: Plan): Plan => ({ ...plan, stages: [...plan.stages, sampleRow], passes: [...plan.passes, {}] });
