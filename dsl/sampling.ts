/** Drawing tokens: any plan's top-k, and the draw in its last launch, or in one launch more behind it. */
import { sampleRow } from "./kernels/sample-row.ts";
import type { Plan } from "./plan.ts";
import { isScored } from "./prologue.ts";
import { requestShape } from "./request.ts";
import { type ResolvedPlan, type ResolvedStage, type ResolveOptions, resolve } from "./resolve.ts";

/** The draw alone, of an answer that is there. */
export const drawPlan: Plan = { name: "draw", stages: [sampleRow], passes: [{}], tune: {}, untuned: () => ({}), shape: requestShape };

export interface DrawingOptions extends Pick<ResolveOptions, "limits"> {
  /** Whether a stage's text is there to be run. */
  readonly rendered: (stage: ResolvedStage) => boolean;
}

/**
 * A top-k of 32-bit indices, and the draw: in the last launch where the plan says how and that kernel takes the same config, else behind it, where
 * it needs no workspace, and nothing of how the answer came to be: so it is from scores, for kernels that draw have no reader. Errors: RangeError for other
 * indices.
 */
export function drawingFrom(topk: ResolvedPlan, { limits, rendered }: DrawingOptions): ResolvedPlan {
  const { draws } = topk.plan;
  const scored = topk.stages.some(({ kernel }) => isScored(kernel));
  const fused = draws && !scored ? resolve(draws, topk.request, { limits, force: configOf(topk) }) : undefined;
  if (fused?.ok && fused.resolved.stages.every(rendered)) return fused.resolved;
  const draw = resolve(drawPlan, topk.request, { limits });
  if (!draw.ok) throw new RangeError(draw.reason);
  return { ...topk, stages: [...topk.stages, ...draw.resolved.stages] };
}

/** Whether the answer lies in memory between two launches. */
export const storesAnswer = ({ stages }: Pick<ResolvedPlan, "stages">): boolean => stages.some(({ kernel }) => "values" in kernel.buffers);

/** The plan's tunables and its kernels', under the names that its drawing twin has for them. */
function configOf({ plan, config, stages }: ResolvedPlan): NonNullable<ResolveOptions["force"]> {
  const last = plan.draws?.stages[plan.draws.stages.length - 1];
  const named = (owner: string, tune: object) => Object.entries(tune).map(([name, value]) => [`${owner}.${name}`, value]);
  const ownerOf = ({ kernel }: ResolvedStage): string => (last?.drawsFrom === kernel ? last.name : kernel.name);
  return Object.fromEntries([...named(plan.name, config), ...stages.flatMap((stage) => named(ownerOf(stage), stage.tune))]);
}
