/** A prepared draw from scores: checks what a run is given against the plan, then hands the pointers to the backend. */
import type { Operands, Request } from "../dsl/index.ts";
import type { BackendPlan, ScoredSamplePointers } from "./backend.ts";
import { type CheckedRun, captureRun } from "./captured-run.ts";
import type { DeviceHandle } from "./device.ts";
import { enqueue } from "./enqueue.ts";
import { OwnedHandle } from "./handle.ts";
import type { DeviceOperands, SamplePlanWith } from "./prologue-types.ts";
import { checkApart, streamOf } from "./run-tensors.ts";
import { type Answer, checkDraw, closeAnswer, DRAW_APART, type Drawn } from "./sample-plan.ts";
import { checkOperandTensors } from "./scored-plan.ts";
import type { Timeline } from "./timeline.ts";
import type { CapturedRun, DeviceTensor, PlanExplanation, SampleOutput, SampleTensors, Stream } from "./types.ts";

export class ScoredSamplePlanHandle<O extends Operands> extends OwnedHandle implements SamplePlanWith<O> {
  readonly kind = "sampling plan";
  readonly explain: PlanExplanation;
  readonly #drawn: Drawn;
  readonly #operands: O;
  readonly #backend: BackendPlan<ScoredSamplePointers>;
  readonly #owners: readonly Timeline[] = [this];

  constructor(device: DeviceHandle, request: Request, withLengths: boolean, operands: O, backend: BackendPlan<ScoredSamplePointers>, answer: Answer | null) {
    super(device);
    this.#drawn = { device, request, withLengths, answer };
    this.#operands = operands;
    this.#backend = backend;
    this.explain = backend.explain;
  }

  run(
    x: DeviceTensor,
    operands: DeviceOperands<O>,
    parameters: SampleTensors,
    out: SampleOutput,
    options?: { readonly stream?: Stream; readonly lengths?: DeviceTensor },
  ): void {
    const { device } = this.#drawn;
    const { reads, writes, pointers } = this.#check(x, operands, parameters, out, options?.lengths);
    const stream = streamOf(device, options?.stream);
    enqueue(device, stream, { reads, writes, owners: this.#owners, work: () => this.#backend.run(stream.backend, pointers) });
  }

  async capture(
    x: DeviceTensor,
    operands: DeviceOperands<O>,
    parameters: SampleTensors,
    out: SampleOutput,
    options?: { readonly lengths?: DeviceTensor },
  ): Promise<CapturedRun> {
    return captureRun(this.#drawn.device, this, this.#backend, this.#check(x, operands, parameters, out, options?.lengths));
  }

  /** Errors: TK101, TK401, TK402, TK403, TK108, TK110. */
  #check(x: unknown, operands: DeviceOperands<O>, parameters: SampleTensors, out: SampleOutput, lengths: unknown): CheckedRun<ScoredSamplePointers> {
    this.checkAlive();
    const draw = checkDraw(this.#drawn, { x, parameters, out, lengths });
    const given = checkOperandTensors(this.#drawn.device, this.#operands, operands, this.#drawn.request);
    const reads = [...draw.reads, ...given.reads];
    checkApart(reads, draw.writes, DRAW_APART);
    return { reads, writes: draw.writes, pointers: { ...draw.pointers, ...given.pointers } };
  }

  protected override release(): void {
    this.#backend.close();
    closeAnswer(this.#drawn.answer);
  }
}
