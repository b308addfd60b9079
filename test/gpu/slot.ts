/** A plan with inputs and outputs of its own, for scenarios. */
import { type ReferenceResult, referenceTopk } from "../../bench/reference.ts";
import type { Dtype } from "../../dsl/index.ts";
import type { CapturedRun, Device, DeviceTensor, HostArray, IndexArray, Plan, PlanOptions, Stream } from "../../runtime/index.ts";
import { checkAnswer } from "./check.ts";
import { makePattern, type PatternName } from "./patterns.ts";

export interface Shape {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  /** Absent: the runtime's choice. */
  readonly plan?: string | undefined;
}

type Own = <D extends Disposable>(disposable: D) => D;

export const optionsOf = ({ plan, ...shape }: Shape): PlanOptions => ({ ...shape, ...(plan !== undefined && { force: { plan } }) });

/** One input with its outputs, and what they must hold after a run. */
export class Slot {
  readonly shape: Shape;
  readonly x: DeviceTensor;
  readonly out: { readonly values: DeviceTensor; readonly indices: DeviceTensor };
  #expected: ReferenceResult | undefined;

  private constructor(device: Device, own: Own, shape: Shape) {
    const { rows, cols, k, dtype } = shape;
    this.shape = shape;
    this.x = own(device.empty([rows, cols], dtype));
    this.out = { values: own(device.empty([rows, k], dtype)), indices: own(device.empty([rows, k], "i32")) };
  }

  static async of(device: Device, own: Own, shape: Shape, pattern: PatternName, seed = 1): Promise<Slot> {
    const slot = new Slot(device, own, shape);
    await slot.fill(pattern, seed);
    return slot;
  }

  /** New data; resolves when it lies on the device. Not awaited, it is still ordered before the runs that follow. */
  fill(pattern: PatternName, seed = 1): Promise<void> {
    const data = makePattern({ ...this.shape, pattern, seed });
    this.#expected = referenceTopk({ data, ...this.shape });
    return this.x.upload(data);
  }

  run(plan: Plan, stream?: Stream): void {
    plan.run(this.x, this.out, stream === undefined ? {} : { stream });
  }

  capture(plan: Plan): Promise<CapturedRun> {
    return plan.capture(this.x, this.out);
  }

  /** Overwrites the outputs, so that an answer that was not computed again is seen. */
  async wipe(): Promise<void> {
    const { rows, k, dtype } = this.shape;
    const values = dtype === "f32" ? new Float32Array(rows * k).fill(12345) : new Uint16Array(rows * k).fill(0x4242);
    await Promise.all([this.out.values.upload(values), this.out.indices.upload(new Int32Array(rows * k).fill(-7))]);
  }

  /** Throws a Mismatch where the outputs are not the reference's. */
  async check(): Promise<void> {
    const { rows, k } = this.shape;
    const [values, indices] = await Promise.all([this.out.values.toHost(), this.out.indices.toHost()]);
    checkAnswer({ values: values as HostArray, indices: indices as IndexArray }, rows, k, this.#expected!, k);
  }
}
