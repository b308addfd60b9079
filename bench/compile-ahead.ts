/** Compiling what a run will need on all cores at once: one kernel takes NVRTC a second or two, and a suite needs dozens. */
import type { Force } from "../runtime/choose-plan.ts";
import type { Gpu } from "./gpu.ts";
import type { BenchCase } from "./run-bench.ts";
import { chainFor } from "./stage-profile.ts";

/** Makes every case's plan, and the plan that is profiled, once. What fails here is told when its turn comes. */
export async function compileAhead(gpu: Gpu, cases: readonly BenchCase[], profile: boolean): Promise<void> {
  const make = async ({ workload: { rows, cols, k, dtype } }: BenchCase, force: Force | undefined): Promise<void> => {
    const plan = await gpu.device.plan({ rows, cols, k, dtype, ...(force === undefined ? {} : { force }) });
    plan.dispose();
  };
  const makeProfiled = async (each: BenchCase): Promise<void> => {
    const choice = chainFor(gpu, each.workload, each.force);
    if (choice !== undefined) await make(each, { plan: choice.resolved.plan.name, ...each.force });
  };
  await Promise.allSettled(cases.flatMap((each) => [make(each, each.force), ...(profile ? [makeProfiled(each)] : [])]));
}
