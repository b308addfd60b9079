/** resolve(): a plan, a request and configs become launches and a workspace, or a reason why not. */
import type { Scalar } from "./domain.ts";
import { elementBytes } from "./element.ts";
import { type AnyConfig, type AnyContext, type AnyKernel, brokenRule, contextOf, type Launch, refusedBy, type Shape } from "./kernel.ts";
import { beyondLimits, type DeviceLimits } from "./limits.ts";
import { roundUp } from "./math.ts";
import type { Plan, Surroundings } from "./plan.ts";
import { ofScores, type Prologue, readsElements, withPrologue } from "./prologue.ts";
import { isCallerBuffer, type Request } from "./request.ts";

export interface ResolvedStage {
  readonly kernel: AnyKernel;
  readonly spec: AnyConfig;
  readonly tune: AnyConfig;
  readonly context: AnyContext;
  readonly launch: Launch;
  /** Elements in each buffer. */
  readonly extents: Readonly<Record<string, number>>;
  /** In the order of the kernel's parameters. */
  readonly arguments: readonly Argument[];
}

/** One 64-bit kernel parameter. */
export type Argument =
  | { readonly kind: "caller"; readonly name: string }
  | { readonly kind: "workspace"; readonly name: string; readonly offset: number }
  | { readonly kind: "shape"; readonly name: string; readonly value: number };

export interface Region {
  readonly name: string;
  /** Bytes from the workspace's start; a multiple of 256. */
  readonly offset: number;
  readonly bytes: number;
  /** Holds state: zero when the plan is made, and after every run. */
  readonly zeroed: boolean;
}

export interface ResolvedPlan {
  readonly plan: Plan;
  /** As the kernels have it: with a prologue, what is asked of the scores. */
  readonly request: Request;
  /** The plan's own tunables. */
  readonly config: AnyConfig;
  /** Those that have blocks to launch; all of them where the request has no rows. */
  readonly stages: readonly ResolvedStage[];
  readonly workspace: readonly Region[];
  readonly workspaceBytes: number;
}

export type Resolution = { readonly ok: true; readonly resolved: ResolvedPlan } | { readonly ok: false; readonly reason: string };

export interface ResolveOptions {
  /** Absent: a device of no limits (documentation, the emulator). */
  readonly limits?: DeviceLimits | undefined;
  readonly surroundings?: Surroundings | undefined;
  /** What x goes through where it is read. */
  readonly prologue?: Prologue | undefined;
  /** Flat: `chunkSize`, `tile_stream.warps`, or `warps` for every stage that has one. Unknown names are refused. */
  readonly force?: Readonly<Record<string, Scalar>> | undefined;
}

const ALIGNMENT = 256;
/** Rule of the plans that a prologue cannot have. */
const NO_PROLOGUE = "it takes no prologue: no device function can stand where it reads x";

/** Pure: the same input gives the same resolution. Never throws for a config or shape that does not fit; says why instead. */
export function resolve(plan: Plan, asked: Request, options: ResolveOptions = {}): Resolution {
  const { prologue } = options;
  const request = prologue === undefined ? asked : ofScores(asked);
  const force = options.force ?? {};
  const unknown = unknownTunable(plan, force);
  if (unknown !== undefined) return refuse(unknown);

  const config = overridden(plan.tune, plan.untuned(options.surroundings ?? {}, request), force, plan.name);
  const common = plan.shape(request, config);
  const spec = { dtype: request.dtype, order: request.order };

  const regions = new Map<string, Region>();
  let workspaceBytes = 0;
  const stages: ResolvedStage[] = [];
  for (const [at, stage] of plan.stages.entries()) {
    const shape = { ...common, ...plan.passes[at] };
    const refusal = refusedBy(stage, spec, shape);
    if (refusal !== undefined) return refuse(`${stage.name}: ${refusal}`);
    const scoring = readsElements(stage) ? prologue : undefined;
    if (scoring !== undefined && stage.reader === undefined) return refuse(`${stage.name}: ${NO_PROLOGUE}`);
    const kernel = scoring === undefined ? stage : withPrologue(stage, scoring, asked.dtype);
    const tune = overridden(kernel.tune, kernel.untuned(spec, shape), force, stage.name);
    const context = contextOf(kernel, { ...spec, ...tune });
    const launch = kernel.launch(context, shape);
    if (launch.grid === 0 && request.rows > 0) continue;
    const broken = launch.grid === 0 ? undefined : brokenRule(kernel, context, shape);
    if (broken !== undefined) return refuse(`${kernel.name}: ${broken}`);
    const beyond = options.limits && beyondLimits(kernel, launch, options.limits);
    if (beyond !== undefined) return refuse(`${kernel.name}: ${beyond}`);

    const extents = kernel.extents(context, shape);
    const pointers = Object.entries(kernel.buffers).map(([name, buffer]): Argument => {
      if (isCallerBuffer(name)) return { kind: "caller", name };
      const zeroed = buffer.dir === "state";
      const bytes = (extents[name] ?? 0) * elementBytes(buffer.element, request.dtype, request.indexBytes);
      let region = regions.get(name);
      if (region === undefined) {
        region = { name, offset: workspaceBytes, bytes, zeroed };
        regions.set(name, region);
        workspaceBytes += roundUp(bytes, ALIGNMENT);
      } else if (region.bytes !== bytes) {
        throw new Error(`plan "${plan.name}": stages disagree on the extent of "${name}": ${region.bytes} and ${bytes} bytes; make their formulas one`);
      } else if (region.zeroed !== zeroed) {
        throw new Error(`plan "${plan.name}": "${name}" is state for one stage and not for another; declare it alike`);
      }
      return { kind: "workspace", name, offset: region.offset };
    });
    const values = kernel.shape.map((name): Argument => ({ kind: "shape", name, value: shapeValue(shape, name, plan) }));
    stages.push({ kernel, spec, tune, context, launch, extents, arguments: [...pointers, ...values] });
  }
  return { ok: true, resolved: { plan, request, config, stages, workspace: [...regions.values()], workspaceBytes } };
}

const refuse = (reason: string): Resolution => ({ ok: false, reason });

function shapeValue(shape: Shape<string>, name: string, plan: Plan): number {
  const value = shape[name];
  if (value === undefined) throw new Error(`plan "${plan.name}" gives no "${name}", which a stage of it takes; add it to the plan's shape`);
  return value;
}

/** `owner.name` beats `name`; what is not forced stays. */
function overridden(domains: object, base: AnyConfig, force: Readonly<Record<string, Scalar>>, owner: string): AnyConfig {
  return Object.fromEntries(Object.keys(domains).map((name) => [name, force[`${owner}.${name}`] ?? force[name] ?? base[name]])) as AnyConfig;
}

/** A forced name that no part of the plan has, or a value outside its domain, as a sentence. Asked of every choice of a tuning table: no text is made up for what is right. */
function unknownTunable(plan: Plan, force: Readonly<Record<string, Scalar>>): string | undefined {
  const owners = [{ name: plan.name, tune: plan.tune }, ...new Set(plan.stages)];
  for (const [name, value] of Object.entries(force)) {
    const dot = name.lastIndexOf(".");
    const tunable = name.slice(dot + 1);
    const matches = owners.filter((owner) => (dot < 0 || owner.name === name.slice(0, dot)) && Object.hasOwn(owner.tune, tunable));
    if (matches.length === 0) {
      const allowed = owners.flatMap((owner) => Object.keys(owner.tune).map((each) => `${owner.name}.${each}`));
      return `no tunable "${name}"; there are ${allowed.join(", ") || "none"}`;
    }
    for (const { tune } of matches) {
      const { values } = tune[tunable]!;
      if (!values.includes(value)) return `"${name}" is ${JSON.stringify(value)}; allowed: ${values.join(", ")}`;
    }
  }
  return undefined;
}
