/** Drawing tokens: any plan's top-k, and behind it one launch that draws from each row of its answer. */
import { sampleRow } from "./kernels/sample-row.ts";
import type { Plan } from "./plan.ts";
import { requestShape } from "./request.ts";
import { type ResolvedPlan, resolve } from "./resolve.ts";

/** The draw alone, of an answer that is there. */
export const drawPlan: Plan = { name: "draw", stages: [sampleRow], passes: [{}], tune: {}, untuned: () => ({}), shape: requestShape };

/** A top-k of 32-bit indices, and the draw: it needs no workspace, and nothing of how the answer came to be. Errors: RangeError for other indices. */
export function drawingFrom(topk: ResolvedPlan): ResolvedPlan {
  const draw = resolve(drawPlan, topk.request);
  if (!draw.ok) throw new RangeError(draw.reason);
  return { ...topk, stages: [...topk.stages, ...draw.resolved.stages] };
}
