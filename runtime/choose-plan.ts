/** Which plan answers a request, and why not the others. Pure, but for TOPKIT_CANDIDATE_TARGET. */
import { type DeviceLimits, type Plan, plans, type Request, type ResolvedPlan, resolve, type Scalar } from "../dsl/index.ts";
import { surroundings } from "./environment.ts";
import { shown, TopkitError } from "./errors.ts";
import type { ConfigValues, PlanExplanation } from "./types.ts";

export interface Choice {
  readonly resolved: ResolvedPlan;
  readonly source: PlanExplanation["source"];
  /** Every plan that cannot answer the request, tried first or not. */
  readonly refused: readonly { readonly plan: string; readonly reason: string }[];
}

export interface Force {
  readonly plan: string;
  readonly config?: ConfigValues;
}

/**
 * The first plan of the catalog that can answer, or the forced one; `among` is the catalog, or the same plans with more behind them.
 * Errors: TK112 where none can, TK113 for a forced one that cannot, TK114.
 */
export function choosePlan(request: Request, limits: DeviceLimits | undefined, force?: Force, among: readonly Plan[] = plans): Choice {
  if (force !== undefined) checkForce(force);
  const tried = among.map((plan) => ({
    plan,
    resolution: resolve(plan, request, { limits, surroundings: surroundings(), force: force?.plan === plan.name ? force.config : undefined }),
  }));
  const refused = tried.flatMap(({ plan, resolution }) => (resolution.ok ? [] : [{ plan: plan.name, reason: resolution.reason }]));
  const yields = ({ plan }: (typeof tried)[number]): boolean => plan.yields?.(request) === true;
  for (const { plan, resolution } of [...tried.filter((each) => !yields(each)), ...tried.filter(yields)]) {
    if (force !== undefined && force.plan !== plan.name) continue;
    if (resolution.ok) return { resolved: resolution.resolved, source: force === undefined ? "heuristic" : "forced", refused };
    if (force !== undefined) throw forcedRefusal(force, resolution.reason);
  }
  const { rows, cols, k, dtype } = request;
  const reasons = refused.map(({ plan, reason }) => `${plan} (${reason})`).join("; ");
  throw new TopkitError("TK112", `no GPU plan answers ${rows} x ${cols}, k ${k}, ${dtype}: ${reasons}; use a smaller k or fewer columns, or backend "cpu"`, {
    request,
    refused,
  });
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
