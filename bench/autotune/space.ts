/** The search space of a request: every plan with every config that its rules and the device allow, and who is whose neighbour. */
import {
  type AnyConfig,
  type AnyKernel,
  beyondLimits,
  brokenRule,
  combinations,
  configsToTry,
  contextOf,
  type DeviceLimits,
  type Domains,
  type Plan,
  plans,
  type Request,
  type ResolvedPlan,
  refusedBy,
  resolve,
  type Shape,
} from "../../dsl/index.ts";
import { variants } from "../../generated/variants.ts";
import { drawnBy } from "../../runtime/choose-plan.ts";
import { neighboursIn } from "./neighbours.ts";

export interface Choice {
  readonly plan: string;
  /** Flat, as resolve() and `--config` take it: `owner.tunable`. */
  readonly config: AnyConfig;
}

/** One thing to measure: a plan with a value for each of its tunables. */
export interface Candidate extends Choice {
  /** Of plan and config: what records and tables name it by. */
  readonly id: string;
  /** What a tie is broken by, least first: launches, bytes of shared memory a block, threads a block. */
  readonly effort: readonly number[];
}

export interface Space {
  readonly request: Request;
  readonly candidates: readonly Candidate[];
  /** What the plans take where nothing is tuned, best guess first. */
  readonly untuned: readonly number[];
  /** What spaceOf() was given, in that order; what no longer answers the request is left out. */
  readonly given: readonly number[];
  /**
   * Candidates of the same plan that differ by one step of one tunable, or by the next value that the rules allow in that direction; where that is more than a
   * step, also those that take the step and another value of a second tunable. Of one that stands apart from all others, those that differ least.
   */
  neighbours(candidate: number): readonly number[];
  /** The candidate of this id, or -1. */
  indexOf(id: string): number;
}

export const candidateId = (plan: string, config: AnyConfig): string =>
  [
    plan,
    ...Object.keys(config)
      .sort()
      .map((name) => `${name}=${config[name]}`),
  ].join(" ");

/** `block_select warps=8 tiles=2`: the owner of a tunable is named where it is not the plan. */
export function choiceText({ plan, config }: Choice): string {
  const pairs = Object.entries(config).map(([name, value]) => `${name.startsWith(`${plan}.`) ? name.slice(plan.length + 1) : name}=${value}`);
  return [plan, ...pairs].join(" ");
}

/** The plan's own tunables and its stages', by their full names. */
export function axesOf(plan: Plan): Domains {
  const owners = [{ name: plan.name, tune: plan.tune }, ...plan.stages];
  return Object.fromEntries(owners.flatMap(({ name, tune }) => Object.entries(tune).map(([tunable, domain]) => [`${name}.${tunable}`, domain])));
}

/**
 * Rules are applied here, before anything is compiled. Candidates that come to the same launches are one: the first of them stays.
 * `catalog`: the plans to search, default all. `given`: choices that are to be in the space whatever `search` says, such as winners of other shapes.
 */
export function spaceOf(request: Request, limits: DeviceLimits | undefined, catalog: readonly Plan[] = plans, given: readonly Choice[] = []): Space {
  return space(request, limits, catalog, given, true);
}

/** What is given, and nothing more, of what answers the request. */
export const spaceOfGiven = (request: Request, limits: DeviceLimits | undefined, given: readonly Choice[]): Space =>
  space(request, limits, plans, given, false);

function space(request: Request, limits: DeviceLimits | undefined, catalog: readonly Plan[], given: readonly Choice[], searched: boolean): Space {
  const candidates: Candidate[] = [];
  const untuned: number[] = [];
  const seen = new Map<string, number>();
  const add = (plan: Plan, config: AnyConfig): number | undefined => {
    const resolution = resolve(plan, request, { limits, force: config });
    if (!resolution.ok) return undefined;
    const launches = launchesOf(resolution.resolved);
    const known = seen.get(launches);
    if (known !== undefined) return known;
    seen.set(launches, candidates.length);
    candidates.push({ plan: plan.name, config, id: candidateId(plan.name, config), effort: effortOf(resolution.resolved) });
    return candidates.length - 1;
  };
  for (const plan of searched ? catalog : []) {
    // a plan that answers the request with no config of its own choice may still answer it with another
    const own = resolve(plan, request, { limits });
    for (const config of configsOf(plan, request, limits)) add(plan, config);
    const guess = own.ok ? add(plan, configOf(own.resolved)) : undefined;
    if (guess !== undefined) untuned.push(guess);
  }
  const places = given.flatMap(({ plan: name, config }) => {
    const plan = catalog.find((each) => each.name === name);
    return plan === undefined ? [] : [add(plan, config)];
  });
  const axes = new Map(catalog.map((plan) => [plan.name, axesOf(plan)]));
  return { ...indexed(request, candidates, untuned, axes), given: places.filter((at) => at !== undefined) };
}

/**
 * Configs of a plan that its stages' rules allow, each kernel asked for itself: most of a large product is never made. A kernel that has no blocks to
 * launch has no part in it.
 */
function* configsOf(plan: Plan, request: Request, limits: DeviceLimits | undefined): Generator<AnyConfig> {
  const spec = { dtype: request.dtype, order: request.order };
  const shapesSeen = new Set<string>();
  for (const own of combinations(plan.tune)) {
    const common = plan.shape(request, own);
    // the kernels see no more of the plan's own config than this
    const text = JSON.stringify(common);
    if (shapesSeen.has(text)) continue;
    shapesSeen.add(text);
    let products: AnyConfig[] = [named(plan.name, own)];
    for (const kernel of new Set(plan.stages)) {
      const shapes = plan.stages.flatMap((stage, at) => (stage === kernel ? [{ ...common, ...plan.passes[at] }] : []));
      if (shapes.some((shape) => refusedBy(kernel, spec, shape) !== undefined)) products = [];
      if (products.length === 0) break;
      const launched = (tune: AnyConfig): Shape<string>[] => shapes.filter((shape) => kernel.launch(contextOf(kernel, { ...spec, ...tune }), shape).grid > 0);
      const [first] = shapes;
      if (launched(kernel.untuned(spec, first!)).length === 0) continue;
      const allowed = [...configsToTry(kernel, spec, first!)].filter((tune) =>
        launched(tune).every((shape) => isAllowed(kernel, { ...spec, ...tune }, shape, limits)),
      );
      products = products.flatMap((before) => allowed.map((tune) => ({ ...before, ...named(kernel.name, tune) })));
    }
    yield* products;
  }
}

function isAllowed(kernel: AnyKernel, config: AnyConfig, shape: Shape<string>, limits: DeviceLimits | undefined): boolean {
  const context = contextOf(kernel, config);
  if (brokenRule(kernel, context, shape) !== undefined) return false;
  return limits === undefined || beyondLimits(kernel, kernel.launch(context, shape), limits) === undefined;
}

const named = (owner: string, config: AnyConfig): AnyConfig => Object.fromEntries(Object.entries(config).map(([name, value]) => [`${owner}.${name}`, value]));

/** What a choice comes to, with its draw where the request has one; undefined where a rule of its plan refuses it, or the plan is no more. */
export function resolvedOf({ plan: name, config }: Choice, request: Request, limits?: DeviceLimits): ResolvedPlan | undefined {
  const plan = plans.find((each) => each.name === name);
  const resolution = plan && resolve(plan, request, { limits, force: config });
  return resolution?.ok === true ? launchedFor(request, resolution.resolved, limits) : undefined;
}

const shipped: ReadonlySet<string> = new Set(variants.map(({ symbol }) => symbol));

/** The plan as the runtime launches it. */
export const launchedFor = ({ sample }: Request, topk: ResolvedPlan, limits: DeviceLimits | undefined): ResolvedPlan =>
  sample === true ? drawnBy(topk, limits, shipped) : topk;

/** What is launched, as `--config` takes it. An untuned plan's own value may lie outside its domain (a target that follows from rows): left out, it comes again. */
export function configOf({ plan, config, stages }: ResolvedPlan): AnyConfig {
  const own = Object.fromEntries(Object.entries(config).filter(([name, value]) => plan.tune[name]?.values.includes(value)));
  return Object.assign({}, named(plan.name, own), ...stages.map(({ kernel, tune }) => named(kernel.name, tune)));
}

/** A space of known candidates: what a record file holds, say. */
export function indexed(request: Request, candidates: readonly Candidate[], untuned: readonly number[], axes: ReadonlyMap<string, Domains>): Space {
  const byId = new Map(candidates.map(({ id }, at) => [id, at]));
  const indexOf = (id: string): number => byId.get(id) ?? -1;
  return { request, candidates, untuned, given: [], neighbours: neighboursIn(candidates, axes, (plan, config) => indexOf(candidateId(plan, config))), indexOf };
}

export const effortOf = ({ stages }: ResolvedPlan): readonly number[] => [
  stages.length,
  Math.max(...stages.map(({ launch }) => launch.sharedBytes)),
  Math.max(...stages.map(({ launch }) => launch.block)),
];

/** What the device is asked to do, as text: kernels, configs, geometry and arguments, but not where the numbers came from. */
export const launchesOf = ({ stages, workspaceBytes }: ResolvedPlan): string =>
  JSON.stringify([workspaceBytes, stages.map(({ kernel, tune, launch, arguments: values }) => [kernel.name, tune, launch, values])]);
