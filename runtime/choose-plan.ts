/** Which plan answers a request, and why not the others. Depends on the request, the limits, the tables, and TOPKIT_CANDIDATE_TARGET alone. */
import {
  type DeviceLimits,
  drawingFrom,
  type Plan,
  type Prologue,
  plans,
  type Request,
  type Resolution,
  type ResolvedPlan,
  type ResolvedStage,
  type ResolveOptions,
  resolve,
  type Scalar,
  type Variant,
  variantSymbol,
} from "../dsl/index.ts";
import { surroundings } from "./environment.ts";
import { shown, TopkitError } from "./errors.ts";
import { type TunedChoice, tunedChoice } from "./tuned-choice.ts";
import { NO_TUNING, type Tuning } from "./tuning.ts";
import type { ConfigValues, PlanExplanation } from "./types.ts";

export interface Choice {
  readonly resolved: ResolvedPlan;
  readonly source: PlanExplanation["source"];
  /** Every plan that cannot answer the request as an untuned device would ask it, tried first or not. */
  readonly refused: readonly { readonly plan: string; readonly reason: string }[];
  /** The other plans that can, in the order in which an untuned device takes them. */
  readonly others: readonly string[];
  /** Where the choice comes from a tuning table. */
  readonly tuned?: TunedChoice;
}

export interface Force {
  readonly plan: string;
  readonly config?: ConfigValues;
}

/**
 * What is tuned for the shape or for those near it, else the first plan of the catalog that can answer; or the forced one.
 * Errors: TK112 where none can, TK113 for a forced one that cannot, TK114.
 */
export function choosePlan(request: Request, limits: DeviceLimits | undefined, force?: Force, tuning: Tuning = NO_TUNING, prologue?: Prologue): Choice {
  if (force !== undefined) checkForce(force);
  const inOrder = triedInOrder(request, { limits, prologue }, force);
  const refused = plans.flatMap(({ name }) => {
    const { resolution } = inOrder.find(({ plan }) => plan.name === name)!;
    return resolution.ok ? [] : [{ plan: name, reason: resolution.reason }];
  });
  const answering = inOrder.flatMap(({ plan, resolution }) => (resolution.ok ? [plan.name] : []));
  const chosen = (resolved: ResolvedPlan, source: Choice["source"]): Choice => ({
    ...{ resolved, source, refused },
    others: answering.filter((name) => name !== resolved.plan.name),
  });
  const tuned = force === undefined ? tunedChoice(request, limits, tuning) : undefined;
  if (tuned !== undefined) return { ...chosen(tuned.resolved, tuned.exact ? "tuned" : "nearest"), tuned };
  for (const { plan, resolution } of inOrder) {
    if (force !== undefined && force.plan !== plan.name) continue;
    if (resolution.ok) return chosen(resolution.resolved, force === undefined ? "heuristic" : "forced");
    if (force !== undefined) throw forcedRefusal(force, resolution.reason);
  }
  const { rows, cols, k, dtype } = request;
  const reasons = refused.map(({ plan, reason }) => `${plan} (${reason})`).join("; ");
  throw new TopkitError("TK112", `no GPU plan answers ${rows} x ${cols}, k ${k}, ${dtype}: ${reasons}; use a smaller k or fewer columns, or backend "cpu"`, {
    request,
    refused,
  });
}

/** A top-k and a draw from its answer: in the last launch where that kernel is among `symbols`, those of generated/, else behind it. */
export function drawnBy(topk: ResolvedPlan, limits: DeviceLimits | undefined, symbols: ReadonlySet<string>): ResolvedPlan {
  const rendered = ({ kernel, spec, tune }: ResolvedStage): boolean => symbols.has(variantSymbol(kernel, spec, tune));
  return drawingFrom(topk, { limits, rendered });
}

/** The choice, with a draw from its answer. */
export async function drawing(choice: Choice, limits: DeviceLimits | undefined): Promise<Choice> {
  const { variants }: { variants: readonly Variant[] } = await import("../generated/variants.ts");
  return { ...choice, resolved: drawnBy(choice.resolved, limits, new Set(variants.map(({ symbol }) => symbol))) };
}

type Tried = Pick<ResolveOptions, "limits" | "prologue">;

/** Every plan, in the order in which an untuned device tries them. */
function triedInOrder(request: Request, options: Tried, force?: Force): { readonly plan: Plan; readonly resolution: Resolution }[] {
  const tried = plans.map((plan) => ({
    plan,
    resolution: resolve(plan, request, { ...options, surroundings: surroundings(), force: force?.plan === plan.name ? force.config : undefined }),
  }));
  const yields = ({ plan }: { readonly plan: Plan }): boolean => plan.yields?.(request) === true;
  return [...tried.filter((each) => !yields(each)), ...tried.filter(yields)];
}

/** That there is such a plan, and that its config is one. Errors: TK113. */
export function checkForce({ plan, config }: Force): void {
  if (!plans.some(({ name }) => name === plan)) {
    throw new TopkitError("TK113", `there is no plan ${shown(plan)}; there are ${plans.map(({ name }) => name).join(", ")}`, { plan });
  }
  if (config === undefined) return;
  const isScalar = (value: unknown): value is Scalar => ["number", "string", "boolean"].includes(typeof value);
  if (typeof config !== "object" || config === null || Array.isArray(config) || !Object.values(config).every(isScalar)) {
    throw new TopkitError("TK113", `the config is ${shown(config)}; give an object of tunables, such as {"warps": 8}`, { plan });
  }
}

const forcedRefusal = ({ plan, config = {} }: Force, reason: string): TopkitError =>
  new TopkitError("TK113", `plan "${plan}" with ${JSON.stringify(config)} cannot answer: ${reason}; change the config or leave the plan to topkit`, {
    plan,
    config,
    reason,
  });

/** As `Plan.explain` and `topkit explain` show it. */
export function explanation({ resolved, source, refused }: Choice): PlanExplanation {
  const { plan, request, config, stages, workspaceBytes } = resolved;
  const shape = plan.shape(request, config);
  const chunks = "chunks" in shape ? { chunkSize: shape.chunkSize, chunks: shape.chunks } : {};
  return {
    plan: plan.name,
    config: { ...config, ...chunks } as ConfigValues,
    kernels: stages.map(({ kernel, tune, launch }) => ({ name: kernel.name, config: tune, launches: launch.grid === 0 ? 0 : 1 })),
    source,
    workspaceBytes,
    refused,
  };
}
