/** Draws as they are measured: parameters and tokens for every input on the device, and the tokens that must come. */
import type { NativeMemory } from "../native/types.ts";
import type { SamplePointers } from "../runtime/backend.ts";
import { fillByCopy } from "../runtime/fill.ts";
import { awaiting, calling, native } from "../runtime/native-access.ts";
import type { DeviceTensor } from "../runtime/types.ts";
import type { DeviceInputs } from "./device-inputs.ts";
import { ALIGNMENT, type Gpu } from "./gpu.ts";

/** What is usual with chat models; of bench/torch_peer.py too. */
const TEMPERATURE = 0.8;
const TOP_P = 0.95;
const SEED = 1n;

export interface DrawParameters {
  readonly temperature: DeviceTensor;
  readonly topP: DeviceTensor;
  readonly seeds: DeviceTensor;
  readonly offsets: DeviceTensor;
}

export class Draws {
  readonly parameters: DrawParameters;
  /** One an input. */
  readonly tokens: readonly DeviceTensor[];
  readonly #gpu: Gpu;
  readonly #inputs: DeviceInputs;
  readonly #memory: NativeMemory;
  /** distinct x rows */
  readonly #expected: Int32Array;

  private constructor(gpu: Gpu, inputs: DeviceInputs, parameters: DrawParameters, memory: NativeMemory, expected: Int32Array) {
    const { rows } = inputs.workload;
    this.parameters = parameters;
    this.#gpu = gpu;
    this.#inputs = inputs;
    this.#memory = memory;
    this.#expected = expected;
    const stride = strideOf(rows);
    this.tokens = inputs.x.map((_, copy) => gpu.device.wrap(memory.pointer + BigInt(copy * stride), { shape: [rows, 1], dtype: "i32" }));
  }

  /** Row r of every input has the offset r. Errors: TK303. */
  static async make(gpu: Gpu, inputs: DeviceInputs): Promise<Draws> {
    const { rows } = inputs.workload;
    const { device } = gpu;
    const temperature = new Float32Array(rows).fill(TEMPERATURE);
    const topP = new Float32Array(rows).fill(TOP_P);
    const seeds = new BigInt64Array(rows).fill(SEED);
    const offsets = BigInt64Array.from({ length: rows }, (_, row) => BigInt(row));
    const expected = await drawn(inputs, { temperature, topP, seeds, offsets });
    const column = [rows, 1] as const;
    const parameters = {
      temperature: device.tensor(temperature, { shape: column, dtype: "f32" }),
      topP: device.tensor(topP, { shape: column, dtype: "f32" }),
      seeds: device.tensor(seeds, { shape: column, dtype: "i64" }),
      offsets: device.tensor(offsets, { shape: column, dtype: "i64" }),
    };
    // a capture takes launches only: the copies have to be done
    await Promise.all(Object.values(parameters).map((tensor) => tensor.toHost()));
    const memory = calling(() => gpu.native.allocate(inputs.plan.copies * strideOf(rows)));
    return new Draws(gpu, inputs, parameters, memory, expected);
  }

  /** `answers`: whether the top-k's answer lies in memory between two launches. */
  pointers(input: number, answers: boolean): SamplePointers {
    const { x, values, indices } = this.#inputs.pointers[input]!;
    const { temperature, topP, seeds, offsets } = this.parameters;
    return {
      ...{ x, lengths: 0n, minP: 0n, logprobs: 0n, kept: 0n, candidateLogprobs: 0n },
      ...{ temperature: temperature.pointer, topP: topP.pointer, seeds: seeds.pointer, offsets: offsets.pointer },
      ...(answers ? { values, indices } : { values: 0n, indices: 0n }),
      tokens: this.tokens[input]!.pointer,
    };
  }

  /** Overwrites all tokens, so that none of an earlier run can pass for a later one's. */
  poison(): Promise<void> {
    return fillByCopy(this.#gpu.native, this.#memory.pointer, 0xa5, this.#memory.bytes);
  }

  /** How many rows of the first `copies` inputs drew another token than they must. */
  async wrongRows(copies: number): Promise<number> {
    const { rows } = this.#inputs.workload;
    const tokens = new Int32Array(rows);
    let wrong = 0;
    for (let copy = 0; copy < copies; copy++) {
      await awaiting(() => this.#gpu.native.download(tokens, this.tokens[copy]!.pointer, null));
      const first = (copy % this.#inputs.plan.distinct) * rows;
      wrong += tokens.filter((token, row) => token !== this.#expected[first + row]).length;
    }
    return wrong;
  }

  close(): void {
    for (const tensor of [...Object.values(this.parameters), ...this.tokens]) tensor.dispose();
    this.#memory.close();
  }
}

const strideOf = (rows: number): number => Math.ceil((rows * 4) / ALIGNMENT) * ALIGNMENT;

interface Parameters {
  readonly temperature: Float32Array;
  readonly topP: Float32Array;
  readonly seeds: BigInt64Array;
  readonly offsets: BigInt64Array;
}

/** What the CPU backend draws from the reference's top-k of each distinct input. */
async function drawn({ workload: { rows, k, dtype }, answers, plan }: DeviceInputs, parameters: Parameters): Promise<Int32Array> {
  const tokens = new Int32Array(plan.distinct * rows);
  for (let input = 0; input < plan.distinct; input++) {
    const part = [input * rows * k, (input + 1) * rows * k] as const;
    const job = { values: answers.values.subarray(...part), indices: answers.indices.subarray(...part), ...parameters };
    const outputs = { tokens: tokens.subarray(input * rows, (input + 1) * rows), logprobs: null, kept: null, candidateLogprobs: null };
    await awaiting(() => native().cpuSample({ ...job, ...outputs, minP: null, rows, k, dtype, threads: 0 }));
  }
  return tokens;
}
