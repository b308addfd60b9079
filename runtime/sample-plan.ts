/** A prepared draw: checks what a run is given against the plan, then hands the pointers to the backend. */
import { DTYPE_BYTES, type Request } from "../dsl/index.ts";
import type { BackendMemory, BackendPlan, SamplePointers } from "./backend.ts";
import { type CheckedRun, captureRun } from "./captured-run.ts";
import { checkOptions } from "./check.ts";
import type { DeviceHandle } from "./device.ts";
import { enqueue } from "./enqueue.ts";
import { OwnedHandle } from "./handle.ts";
import { checkApart, checkInput, checkLengths, checkMatrix, checkPerRow, streamOf } from "./run-tensors.ts";
import type { TensorHandle } from "./tensor.ts";
import type { Timeline } from "./timeline.ts";
import type { CapturedRun, DeviceTensor, PlanExplanation, SampleOutput, SamplePlan, SampleTensors, Stream } from "./types.ts";

/** The top-k's answer between two launches, which the caller does not ask for. */
export interface Answer {
  readonly values: BackendMemory;
  readonly indices: BackendMemory;
}

/** null where the plan has no rows. Errors: TK303. */
export function allocateAnswer({ backend }: Pick<DeviceHandle, "backend">, { rows, k, dtype }: Request): Answer | null {
  if (rows === 0) return null;
  const values = backend.allocate(rows * k * DTYPE_BYTES[dtype]);
  try {
    return { values, indices: backend.allocate(rows * k * 4) };
  } catch (error) {
    values.close();
    throw error;
  }
}

/** What a draw's plan is made for. */
export interface Drawn {
  readonly device: DeviceHandle;
  readonly request: Request;
  readonly withLengths: boolean;
  readonly answer: Answer | null;
}
export interface GivenDraw {
  readonly x: unknown;
  readonly parameters: SampleTensors;
  readonly out: SampleOutput;
  readonly lengths: unknown;
}

/** What a run is given, as pointers; checkApart() is left to the caller. Errors: TK101, TK401, TK402, TK403, TK108, TK110. */
export function checkDraw({ device, request, withLengths, answer }: Drawn, { x, parameters, out, lengths }: GivenDraw): CheckedRun<SamplePointers> {
  checkOptions(parameters, ["temperature", "topP", "minP", "seeds", "offsets"], "a draw's parameters");
  checkOptions(out, ["tokens", "logprobs", "candidates"], "a draw's outputs");
  if (out.candidates !== undefined) checkOptions(out.candidates, ["kept", "indices", "logprobs"], "a draw's candidates");
  const { rows, k } = request;
  const reads: TensorHandle[] = [checkInput(device, x, request)];
  const writes: TensorHandle[] = [];
  const taken = (among: TensorHandle[], tensor: TensorHandle): bigint => {
    among.push(tensor);
    return tensor.pointer;
  };
  const numbers = (name: "temperature" | "topP" | "minP"): bigint =>
    parameters[name] === undefined ? 0n : taken(reads, checkPerRow(device, name, parameters[name], rows, "f32"));
  const { candidates } = out;
  const ends = checkLengths(device, lengths, withLengths, rows);
  const pointers: SamplePointers = {
    x: reads[0]!.pointer,
    lengths: ends === undefined ? 0n : taken(reads, ends),
    temperature: numbers("temperature"),
    topP: numbers("topP"),
    minP: numbers("minP"),
    seeds: taken(reads, checkPerRow(device, "seeds", parameters.seeds, rows, "i64")),
    offsets: taken(reads, checkPerRow(device, "offsets", parameters.offsets, rows, "i64")),
    values: answer?.values.pointer ?? 0n,
    indices:
      candidates === undefined
        ? (answer?.indices.pointer ?? 0n)
        : taken(writes, checkMatrix(device, "candidates.indices", candidates.indices, [rows, k], "i32")),
    tokens: taken(writes, checkPerRow(device, "tokens", out.tokens, rows, "i32")),
    logprobs: out.logprobs === undefined ? 0n : taken(writes, checkPerRow(device, "logprobs", out.logprobs, rows, "f32")),
    kept: candidates === undefined ? 0n : taken(writes, checkPerRow(device, "candidates.kept", candidates.kept, rows, "i32")),
    candidateLogprobs: candidates === undefined ? 0n : taken(writes, checkMatrix(device, "candidates.logprobs", candidates.logprobs, [rows, k], "f32")),
  };
  return { reads, writes, pointers };
}

/** Frees what a draw's plan owns. */
export const closeAnswer = (answer: Answer | null): void => {
  answer?.values.close();
  answer?.indices.close();
};

export const DRAW_APART = "give each output memory of its own";

export class SamplePlanHandle extends OwnedHandle implements SamplePlan {
  readonly kind = "sampling plan";
  readonly explain: PlanExplanation;
  readonly #drawn: Drawn;
  readonly #backend: BackendPlan<SamplePointers>;
  readonly #owners: readonly Timeline[] = [this];

  constructor(device: DeviceHandle, request: Request, withLengths: boolean, backend: BackendPlan<SamplePointers>, answer: Answer | null) {
    super(device);
    this.#drawn = { device, request, withLengths, answer };
    this.#backend = backend;
    this.explain = backend.explain;
  }

  run(x: DeviceTensor, parameters: SampleTensors, out: SampleOutput, options?: { readonly stream?: Stream; readonly lengths?: DeviceTensor }): void {
    const { reads, writes, pointers } = this.#check(x, parameters, out, options?.lengths);
    const stream = streamOf(this.#drawn.device, options?.stream);
    enqueue(this.#drawn.device, stream, { reads, writes, owners: this.#owners, work: () => this.#backend.run(stream.backend, pointers) });
  }

  async capture(x: DeviceTensor, parameters: SampleTensors, out: SampleOutput, options?: { readonly lengths?: DeviceTensor }): Promise<CapturedRun> {
    return captureRun(this.#drawn.device, this, this.#backend, this.#check(x, parameters, out, options?.lengths));
  }

  #check(x: DeviceTensor, parameters: SampleTensors, out: SampleOutput, lengths: unknown): CheckedRun<SamplePointers> {
    this.checkAlive();
    const checked = checkDraw(this.#drawn, { x, parameters, out, lengths });
    checkApart(checked.reads, checked.writes, DRAW_APART);
    return checked;
  }

  protected override release(): void {
    this.#backend.close();
    closeAnswer(this.#drawn.answer);
  }
}
