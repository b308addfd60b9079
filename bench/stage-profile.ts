/** Where the time of a plan of several kernels goes: the whole plan and each of its kernels alone, in turns, on the same inputs. */
import { CALLER_BUFFERS, type Plan, plans, type Request } from "../dsl/index.ts";
import type { NativeLaunchList } from "../native/types.ts";
import { type Choice, choosePlan, type Force } from "../runtime/choose-plan.ts";
import { ptxOf, requireNvrtc } from "../runtime/compile.ts";
import { allocateWorkspace, type LoadedKernels, limitsOf, loadStages, prepareStages } from "../runtime/cuda-plan.ts";
import { TopkitError } from "../runtime/errors.ts";
import { calling } from "../runtime/native-access.ts";
import type { DeviceInputs } from "./device-inputs.ts";
import type { Gpu } from "./gpu.ts";
import { measureInTurns, type Timed, type Turns, timed } from "./measure.ts";
import { type Summary, summarize } from "./statistics.ts";
import type { Workload } from "./workloads.ts";

export interface StageProfile {
  readonly workload: Workload;
  readonly plan: string;
  readonly whole: Summary;
  readonly stages: readonly { readonly kernel: string; readonly time: Summary }[];
}

export const requestOf = ({ rows, cols, k, dtype, sample }: Workload): Request => ({
  ...{ rows, cols, k, dtype, rowStride: cols, order: "largest", indexBytes: 4 },
  ...(sample === true ? { sample } : {}),
});

/** The forced plan's profile, else that of the catalog's first plan of several kernels that answers the workload; undefined where there is none. */
export async function profileStages(gpu: Gpu, inputs: DeviceInputs, force: Force | undefined, turns: Turns): Promise<StageProfile | undefined> {
  const choice = chainFor(gpu, inputs.workload, force);
  if (choice === undefined) return undefined;
  const { resolved } = choice;
  const loaded: LoadedKernels = new Map();
  const functions = await loadStages(gpu.native, loaded, resolved);
  const workspace = await allocateWorkspace(gpu.native, resolved);
  const lists: NativeLaunchList[] = [];
  const goes: Timed[] = [];
  try {
    lists.push(prepareStages(gpu.native, resolved, functions, workspace));
    for (const [at, stage] of resolved.stages.entries()) lists.push(prepareStages(gpu.native, { stages: [stage] }, functions.slice(at, at + 1), workspace));
    // the whole plan first: it leaves in the workspace what the later kernels read; a kernel leaves its state zero, so that it may run alone
    for (const list of lists) {
      const enqueue = (input: number): void => calling(() => list.run(gpu.nativeStream, pointersOf(inputs, input)));
      goes.push(await timed(gpu, "graph-cold", { inputs: inputs.plan.copies, outgrowL2: inputs.plan.outgrowL2, enqueue }));
      if (list === lists[0]) await goes[0]!.sample();
    }
    const [whole, ...alone] = (await measureInTurns(goes, turns)).map(({ us }) => summarize(us));
    const stages = resolved.stages.map(({ kernel }, at) => ({ kernel: kernel.name, time: alone[at]! }));
    return { workload: inputs.workload, plan: resolved.plan.name, whole: whole!, stages };
  } finally {
    for (const go of goes) go.close();
    for (const list of lists) list.close();
    workspace?.close();
  }
}

const pointersOf = ({ pointers }: DeviceInputs, input: number): bigint[] => {
  const { x, values, indices } = pointers[input]!;
  return CALLER_BUFFERS.map((name) => ({ x, lengths: 0n, values, indices })[name]);
};

/**
 * Whether each kernel may run again and again without the others: no two of them write one buffer of the workspace, so that what each reads is what
 * it read in the whole plan. (Kernels that work on one buffer in turns, as the passes of a sort, would find other data, and might write beyond their places.)
 */
export function runAlone({ stages }: Pick<Plan, "stages">): boolean {
  const written = stages.flatMap(({ buffers }) => Object.keys(buffers).filter((name) => ["out", "scratch"].includes(buffers[name]!.dir)));
  const own = written.filter((name) => !(CALLER_BUFFERS as readonly string[]).includes(name));
  return new Set(own).size === own.length;
}

/** The plan that is profiled, resolved for this device; undefined where no plan of several kernels answers. */
export function chainFor(gpu: Gpu, workload: Workload, force: Force | undefined): Choice | undefined {
  const limits = limitsOf(gpu.native, ptxOf(requireNvrtc().version));
  for (const plan of plans) {
    if (plan.stages.length < 2 || !runAlone(plan) || (force !== undefined && force.plan !== plan.name)) continue;
    try {
      return choosePlan(requestOf(workload), limits, force ?? { plan: plan.name });
    } catch (error) {
      if (!(error instanceof TopkitError && error.code === "TK113")) throw error;
    }
  }
  return undefined;
}
