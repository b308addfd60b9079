/** A device: makes tensors, streams and plans, and stays open until their pending work is done. */
import { type Operands, ofScores, type Request } from "../dsl/index.ts";
import type { BackendDevice } from "./backend.ts";
import { checkArray, checkOptions, checkRequest } from "./check.ts";
import { shown, TopkitError } from "./errors.ts";
import { Handle } from "./handle.ts";
import { PlanHandle } from "./plan.ts";
import type { PlanWith, SamplePlanWith } from "./prologue-types.ts";
import { allocateAnswer, SamplePlanHandle } from "./sample-plan.ts";
import { ScoredPlanHandle } from "./scored-plan.ts";
import { ScoredSamplePlanHandle } from "./scored-sample-plan.ts";
import type { Scoring } from "./scoring.ts";
import { StreamHandle } from "./stream.ts";
import { checkLayout, TensorHandle, type TensorLayout } from "./tensor.ts";
import { follow, type Timeline } from "./timeline.ts";
import type { Device, DeviceTensor, HostArray, IndexArray, Plan, PlanOptions, SamplePlan, SamplePlanOptions, Stream, TensorDtype } from "./types.ts";

const PLAN_OPTIONS = ["rows", "cols", "k", "dtype", "order", "rowStride", "lengths", "indices", "force"] as const satisfies readonly (keyof PlanOptions)[];

const SAMPLE_PLAN_OPTIONS = ["rows", "cols", "k", "dtype", "rowStride", "lengths", "force"] as const satisfies readonly (keyof SamplePlanOptions)[];

/** Errors: TK101, TK103 to TK106. */
function checkPlan(options: PlanOptions): { readonly request: Request; readonly lengths: boolean; readonly force: PlanOptions["force"] } {
  const request = checkRequest(options);
  const { lengths = false, force } = options;
  if (typeof lengths !== "boolean") throw new TopkitError("TK101", `lengths is ${shown(lengths)}; a plan takes true or false, a run takes the tensor`);
  if (force !== undefined) checkOptions(force, ["plan", "config"], "force");
  return { request, lengths, force };
}

export class DeviceHandle extends Handle implements Device {
  readonly kind = "device";
  readonly name: string;
  readonly arch: string;
  readonly backend: BackendDevice;
  readonly defaultStream: StreamHandle;
  /** Pieces of work begun and not done; the backend is closed when there are none. */
  #busy = 0;

  constructor(backend: BackendDevice) {
    super();
    this.backend = backend;
    this.name = backend.name;
    this.arch = backend.arch;
    this.defaultStream = new StreamHandle(this, null);
  }

  tensor(data: HostArray | IndexArray, options: { readonly shape: readonly [number, number]; readonly dtype: TensorDtype }): DeviceTensor {
    this.checkAlive();
    checkOptions(options, ["shape", "dtype"], "tensor()");
    const layout = checkLayout(options.shape, options.dtype);
    checkArray("data", data, layout.dtype, layout.shape[0] * layout.shape[1]);
    const tensor = this.#owned(layout);
    // a failure is told by the first run or copy that reads the tensor
    tensor.upload(data).catch(() => {});
    return tensor;
  }

  empty(shape: readonly [number, number], dtype: TensorDtype): DeviceTensor {
    this.checkAlive();
    return this.#owned(checkLayout(shape, dtype));
  }

  wrap(pointer: bigint, options: { readonly shape: readonly [number, number]; readonly dtype: TensorDtype; readonly rowStride?: number }): DeviceTensor {
    this.checkAlive();
    checkOptions(options, ["shape", "dtype", "rowStride"], "wrap()");
    const layout = checkLayout(options.shape, options.dtype, options.rowStride);
    if (typeof pointer !== "bigint" || pointer < 0n || pointer >= 2n ** 64n)
      throw new TopkitError("TK111", `the pointer is ${shown(pointer)}; give an address as a bigint`);
    if (layout.spanBytes === 0) return new TensorHandle(this, layout, null);
    if (pointer === 0n) throw new TopkitError("TK111", `the pointer is null, the tensor is ${layout.shape.join(" x ")}; give the address of its memory`);
    if (pointer % BigInt(layout.elementBytes) !== 0n) {
      throw new TopkitError(
        "TK111",
        `the pointer 0x${pointer.toString(16)} is not a multiple of ${layout.elementBytes} bytes, the size of ${layout.dtype}; give an aligned address`,
      );
    }
    return new TensorHandle(this, layout, this.backend.wrap(pointer, layout.spanBytes));
  }

  stream(): Stream {
    this.checkAlive();
    return new StreamHandle(this, this.backend.createStream());
  }

  async plan(options: PlanOptions): Promise<Plan> {
    this.checkAlive();
    checkOptions(options, PLAN_OPTIONS, "plan()");
    const { request, lengths, force } = checkPlan(options);
    const plan = await this.#made(this.backend.plan(request, { force }));
    return new PlanHandle(this, request, lengths, plan);
  }

  async samplePlan(options: SamplePlanOptions): Promise<SamplePlan> {
    this.checkAlive();
    checkOptions(options, SAMPLE_PLAN_OPTIONS, "samplePlan()");
    const { request, lengths, force } = checkPlan(options);
    const plan = await this.#made(this.backend.samplePlan(request, { force }));
    try {
      return new SamplePlanHandle(this, request, lengths, plan, plan.storesAnswer ? allocateAnswer(this, request) : null);
    } catch (error) {
      plan.close();
      throw error;
    }
  }

  /** As plan(), of scores: for prologue.ts. */
  async scoredPlan<O extends Operands>(options: PlanOptions, scoring: Scoring, operands: O): Promise<PlanWith<O>> {
    this.checkAlive();
    checkOptions(options, PLAN_OPTIONS, "plan()");
    const { request, lengths, force } = checkPlan(options);
    const plan = await this.#made(this.backend.scoredPlan(request, scoring, { force }));
    return new ScoredPlanHandle(this, request, lengths, operands, plan);
  }

  /** As samplePlan(), of scores: for prologue.ts. */
  async scoredSamplePlan<O extends Operands>(options: SamplePlanOptions, scoring: Scoring, operands: O): Promise<SamplePlanWith<O>> {
    this.checkAlive();
    checkOptions(options, SAMPLE_PLAN_OPTIONS, "samplePlan()");
    const { request, lengths, force } = checkPlan(options);
    const plan = await this.#made(this.backend.scoredSamplePlan(request, scoring, { force }));
    try {
      return new ScoredSamplePlanHandle(this, request, lengths, operands, plan, plan.storesAnswer ? allocateAnswer(this, ofScores(request)) : null);
    } catch (error) {
      plan.close();
      throw error;
    }
  }

  /** The plan, if the device is still open when it is there. */
  async #made<P extends { close(): void }>(making: Promise<P>): Promise<P> {
    const plan = await this.#counted(making);
    if (this.disposed) plan.close();
    this.checkAlive();
    return plan;
  }

  /** As timeline.follow(); the device stays open until the work is done. */
  follow<T>(touched: readonly Timeline[], work: () => T | Promise<T>): Promise<T> {
    return this.#counted(follow(touched, work));
  }

  #counted<T>(work: Promise<T>): Promise<T> {
    this.#busy += 1;
    const done = (): void => {
      this.#busy -= 1;
      if (this.disposed && this.#busy === 0) this.backend.close();
    };
    work.then(done, done);
    return work;
  }

  #owned(layout: TensorLayout): TensorHandle {
    return new TensorHandle(this, layout, layout.spanBytes === 0 ? null : this.backend.allocate(layout.spanBytes));
  }

  protected override release(): void {
    if (this.#busy === 0) this.backend.close();
  }
}
