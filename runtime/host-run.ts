/** One run of a plan from host memory to host memory: inputs in, outputs out, and nothing allocated is left. */
import { type CallerBuffer, type OperandBuffer, operandBuffer, type SamplingBuffer } from "../dsl/index.ts";
import type { BackendDevice, BackendMemory, BackendPlan, HostSampleJob, HostScoredJob, HostScoredSampleJob, HostScores } from "./backend.ts";

/**
 * `inputs` are copied to the device, `outputs` from it, by the names of the plan's buffers; null where there is none. The default stream orders the copies
 * and the run, so that calls side by side are safe, also where they share the plan: each owns its buffers.
 */
export async function runOnHostMemory<Name extends string>(
  device: Pick<BackendDevice, "allocate">,
  plan: BackendPlan<Readonly<Record<Name, bigint>>>,
  inputs: Readonly<Partial<Record<Name, ArrayBufferView | null>>>,
  outputs: Readonly<Partial<Record<Name, ArrayBufferView | null>>>,
): Promise<void> {
  const memories: BackendMemory[] = [];
  const given = (arrays: Readonly<Partial<Record<Name, ArrayBufferView | null>>>) => Object.entries(arrays) as [Name, ArrayBufferView | null][];
  const allocated = (arrays: typeof inputs) =>
    given(arrays).map(([name, array]) => {
      if (array === null) return { name, pointer: 0n };
      const memory = device.allocate(array.byteLength);
      memories.push(memory);
      return { name, pointer: memory.pointer, copy: { memory, array } };
    });
  try {
    const [sources, results] = [allocated(inputs), allocated(outputs)];
    for (const { copy } of sources) await copy?.memory.write(0, copy.array, null);
    // every buffer of the plan is an input or an output
    const pointers = Object.fromEntries([...sources, ...results].map(({ name, pointer }) => [name, pointer])) as Record<Name, bigint>;
    await plan.run(null, pointers);
    for (const { copy } of results) await copy?.memory.read(copy.array, 0, null);
  } finally {
    for (const memory of memories) memory.close();
  }
}

/** What runOnHostMemory() is given for a draw. */
export function sampleBuffers(job: HostSampleJob, { storesAnswer }: Pick<BackendPlan, "storesAnswer">) {
  const { data: x, lengths, temperature, topP, minP, seeds, offsets, values, indices, tokens, logprobs, kept, candidateLogprobs } = job;
  return [
    { x, lengths, temperature, topP, minP, seeds, offsets },
    { values: storesAnswer ? values : null, indices, tokens, logprobs, kept, candidateLogprobs },
  ] as const;
}

const operandArrays = ({ operands }: HostScores): Readonly<Record<OperandBuffer, Float32Array>> =>
  Object.fromEntries(Object.entries(operands).map(([name, array]) => [operandBuffer(name), array]));

/** A top-k of scores by a plan of its own: what is dear in one, its kernels, is the device's. */
export async function scoredOnHostMemory(device: Pick<BackendDevice, "allocate" | "scoredPlan">, job: HostScoredJob): Promise<void> {
  const { request, scoring, data: x, lengths, values, indices } = job;
  const plan = await device.scoredPlan(request, scoring, {});
  try {
    if (request.rows > 0) await runOnHostMemory<CallerBuffer | OperandBuffer>(device, plan, { ...operandArrays(job), x, lengths }, { values, indices });
  } finally {
    plan.close();
  }
}

/** The same of a draw from scores. */
export async function scoredSampleOnHostMemory(device: Pick<BackendDevice, "allocate" | "scoredSamplePlan">, job: HostScoredSampleJob): Promise<void> {
  const plan = await device.scoredSamplePlan(job.request, job.scoring, {});
  try {
    const [inputs, outputs] = sampleBuffers(job, plan);
    if (job.request.rows > 0) await runOnHostMemory<SamplingBuffer | OperandBuffer>(device, plan, { ...operandArrays(job), ...inputs }, outputs);
  } finally {
    plan.close();
  }
}
