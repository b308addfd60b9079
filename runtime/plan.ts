/** A prepared top-k: checks what a run is given against the plan, then hands four pointers to the backend. */
import type { Request } from "../dsl/index.ts";
import type { BackendPlan, RunPointers } from "./backend.ts";
import { type CheckedRun, captureRun } from "./captured-run.ts";
import type { DeviceHandle } from "./device.ts";
import { enqueue } from "./enqueue.ts";
import { shown, TopkitError } from "./errors.ts";
import { OwnedHandle } from "./handle.ts";
import { checkApart, checkInput, checkLengths, checkMatrix, streamOf } from "./run-tensors.ts";
import type { Timeline } from "./timeline.ts";
import type { CapturedRun, DeviceTensor, Plan, PlanExplanation, RunOutput, Stream } from "./types.ts";

export class PlanHandle extends OwnedHandle implements Plan {
  readonly kind = "plan";
  readonly explain: PlanExplanation;
  readonly #device: DeviceHandle;
  readonly #request: Request;
  readonly #withLengths: boolean;
  readonly #backend: BackendPlan;
  readonly #owners: readonly Timeline[] = [this];

  constructor(device: DeviceHandle, request: Request, withLengths: boolean, backend: BackendPlan) {
    super(device);
    this.#device = device;
    this.#request = request;
    this.#withLengths = withLengths;
    this.#backend = backend;
    this.explain = backend.explain;
  }

  run(x: DeviceTensor, out: RunOutput, options?: { readonly stream?: Stream; readonly lengths?: DeviceTensor }): void {
    const { reads, writes, pointers } = this.#check(x, out, options?.lengths);
    const stream = streamOf(this.#device, options?.stream);
    enqueue(this.#device, stream, { reads, writes, owners: this.#owners, work: () => this.#backend.run(stream.backend, pointers) });
  }

  async capture(x: DeviceTensor, out: RunOutput, options?: { readonly lengths?: DeviceTensor }): Promise<CapturedRun> {
    return captureRun(this.#device, this, this.#backend, this.#check(x, out, options?.lengths));
  }

  /** Errors: TK401, TK402, TK403, TK108, TK110. */
  #check(given: unknown, out: RunOutput, givenLengths: unknown): CheckedRun<RunPointers> {
    this.checkAlive();
    if (typeof out !== "object" || out === null)
      throw new TopkitError("TK403", `the outputs are ${shown(out)}; give {values, indices}, two tensors of the device`);
    const request = this.#request;
    const { rows, k, dtype, indexBytes } = request;
    const device = this.#device;
    const x = checkInput(device, given, request);
    const values = checkMatrix(device, "values", out.values, [rows, k], dtype);
    const indices = checkMatrix(device, "indices", out.indices, [rows, k], indexBytes === 4 ? "i32" : "i64");
    const lengths = checkLengths(device, givenLengths, this.#withLengths, rows);
    const reads = lengths === undefined ? [x] : [x, lengths];
    const writes = [values, indices];
    checkApart(reads, writes, "give values and indices memory of their own");
    return { reads, writes, pointers: { x: x.pointer, lengths: lengths?.pointer ?? 0n, values: values.pointer, indices: indices.pointer } };
  }

  protected override release(): void {
    this.#backend.close();
  }
}
