/** The public types of "topkit/prologue": top-ks of what a device function makes of each element, and draws from them. */
import type { Operands, Varies } from "../dsl/index.ts";
import type {
  CapturedRun,
  Device,
  DeviceTensor,
  HostArray,
  HostTensor,
  PerRow,
  PlanExplanation,
  PlanOptions,
  RunOutput,
  SampleOptions,
  SampleOutput,
  SamplePlanOptions,
  SampleResult,
  SampleTensors,
  Stream,
  TopkOptions,
  TopkResult,
} from "./types.ts";

/** Of a call on host memory, all f32: a number for the call, one or a number a row, one a column, or rows x cols of them, rows packed. */
export type HostOperands<O extends Operands> = { readonly [N in keyof O]: HostOperand<O[N]> };
type HostOperand<V extends Varies> = V extends "uniform" ? number : V extends "row" ? PerRow : Float32Array;

/** Of a run on a device, all f32 and packed: 1 x 1 for the run, rows x 1, 1 x cols, or rows x cols. */
export type DeviceOperands<O extends Operands> = { readonly [N in keyof O]: DeviceTensor };

/** A top-k of scores: what its device function makes of each element, an f32 whatever x is, is compared and returned instead of the element. */
export interface TopkWith<O extends Operands> {
  /** As topk(), with values in f32; the operands, too, must stay as they are until the promise settles. Rejects with TopkitError: as topk(), and TK117 for an operand, TK207 and TK212 where the rendered kernels cannot be used. */
  (x: HostArray | HostTensor, operands: HostOperands<O>, options: TopkOptions): Promise<TopkResult>;
  readonly operands: O;
  /** As Device.plan(), for x and operands on a device. */
  plan(device: Device, options: PlanOptions): Promise<PlanWith<O>>;
  /** As sample(), from the scores: each row draws what sample() would draw from them. Rejects as both do. */
  sample(x: HostArray | HostTensor, operands: HostOperands<O>, options: SampleOptions): Promise<SampleResult>;
  /** As Device.samplePlan(), from the scores. */
  samplePlan(device: Device, options: SamplePlanOptions): Promise<SamplePlanWith<O>>;
}

export interface PlanWith<O extends Operands> extends Disposable {
  readonly explain: PlanExplanation;
  /** As Plan.run(); `out.values` is f32. */
  run(x: DeviceTensor, operands: DeviceOperands<O>, out: RunOutput, options?: { readonly stream?: Stream; readonly lengths?: DeviceTensor }): void;
  /** As Plan.capture(): a replay reads what the operands' tensors hold then. */
  capture(x: DeviceTensor, operands: DeviceOperands<O>, out: RunOutput, options?: { readonly lengths?: DeviceTensor }): Promise<CapturedRun>;
  dispose(): void;
}

export interface SamplePlanWith<O extends Operands> extends Disposable {
  readonly explain: PlanExplanation;
  /** As SamplePlan.run(). */
  run(
    x: DeviceTensor,
    operands: DeviceOperands<O>,
    parameters: SampleTensors,
    out: SampleOutput,
    options?: { readonly stream?: Stream; readonly lengths?: DeviceTensor },
  ): void;
  /** As SamplePlan.capture(): a replay reads what the operands' tensors hold then, too. */
  capture(
    x: DeviceTensor,
    operands: DeviceOperands<O>,
    parameters: SampleTensors,
    out: SampleOutput,
    options?: { readonly lengths?: DeviceTensor },
  ): Promise<CapturedRun>;
  dispose(): void;
}
