/** "topkit/prologue": what the modules that `topkit codegen --entry` writes import. */
import { type Operands, ofScores, SCORE_DTYPE } from "../dsl/index.ts";
import { onFirst } from "./backends.ts";
import { DeviceHandle } from "./device.ts";
import { shown, TopkitError } from "./errors.ts";
import { Handle } from "./handle.ts";
import { checkHostInput } from "./host-input.ts";
import { checkOperands } from "./operands.ts";
import type { TopkWith } from "./prologue-types.ts";
import { makeSampleJob, resultOf } from "./sample.ts";
import { checkSampleInput } from "./sample-input.ts";
import { type Rendered, scoringOf } from "./scoring.ts";
import { makeJob } from "./topk.ts";
import type { Device, HostArray, HostTensor, PlanOptions, SampleOptions, SamplePlanOptions, SampleResult, TopkOptions, TopkResult } from "./types.ts";

export type { DeviceOperands, HostOperands, PlanWith, SamplePlanWith, TopkWith } from "./prologue-types.ts";

/** The top-k of a device function's scores, of what codegen rendered for it. */
export function topkWith<const O extends Operands>(rendered: Rendered & { readonly prologue: { readonly operands: O } }): TopkWith<O> {
  const scoring = scoringOf(rendered);
  const { operands } = rendered.prologue;
  const onHost = async (x: HostArray | HostTensor, given: unknown, options: TopkOptions): Promise<TopkResult> => {
    const input = checkHostInput(x, options);
    const results = makeJob({ ...input, request: ofScores(input.request) });
    const job = { ...results, request: input.request, operands: checkOperands(operands, given, input.request), scoring };
    const backend = await onFirst(input.backend, (device) => device.hostScored(job));
    return { values: job.values, indices: job.indices, dims: input.dims, dtype: SCORE_DTYPE, backend };
  };
  const sample = async (x: HostArray | HostTensor, given: unknown, options: SampleOptions): Promise<SampleResult> => {
    const drawn = checkSampleInput(x, options);
    const job = { ...makeSampleJob(drawn, SCORE_DTYPE), operands: checkOperands(operands, given, drawn.input.request), scoring };
    const backend = await onFirst(drawn.input.backend, (device) => device.hostScoredSample(job));
    return resultOf(job, drawn, backend);
  };
  const plan = async (device: Device, options: PlanOptions) => opened(device).scoredPlan(options, scoring, operands);
  const samplePlan = async (device: Device, options: SamplePlanOptions) => opened(device).scoredSamplePlan(options, scoring, operands);
  return Object.assign(onHost, { operands, plan, sample, samplePlan });
}

/** Errors: TK403. */
function opened(device: Device): DeviceHandle {
  if (!Handle.isMade(device, DeviceHandle)) throw new TopkitError("TK403", `the device is ${shown(device)}; give what open() returns`);
  return device;
}
