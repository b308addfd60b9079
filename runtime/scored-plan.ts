/** A prepared top-k of scores: checks what a run is given against the plan, then hands the pointers to the backend. */
import { type Operands, operandBuffer, type Request, SCORE_DTYPE } from "../dsl/index.ts";
import type { BackendPlan, OperandPointers, ScoredPointers } from "./backend.ts";
import { type CheckedRun, captureRun } from "./captured-run.ts";
import { checkOptions } from "./check.ts";
import type { DeviceHandle } from "./device.ts";
import { enqueue } from "./enqueue.ts";
import { OwnedHandle } from "./handle.ts";
import type { DeviceOperands, PlanWith } from "./prologue-types.ts";
import { checkApart, checkInput, checkLengths, checkMatrix, checkPerRow, streamOf } from "./run-tensors.ts";
import type { TensorHandle } from "./tensor.ts";
import type { Timeline } from "./timeline.ts";
import type { CapturedRun, DeviceTensor, PlanExplanation, RunOutput, Stream } from "./types.ts";

/** A prologue's operands, as pointers. Errors: TK101, TK402, TK403, TK110. */
export function checkOperandTensors(
  device: DeviceHandle,
  operands: Operands,
  given: DeviceOperands<Operands>,
  { rows, cols }: Pick<Request, "rows" | "cols">,
): { readonly reads: readonly TensorHandle[]; readonly pointers: OperandPointers } {
  checkOptions(given, Object.keys(operands), "the operands");
  const tensors = Object.entries(operands).map(([name, varies]): [string, TensorHandle] => {
    const tensor = given[name];
    if (varies === "element") return [name, checkMatrix(device, name, tensor, [rows, cols], "f32")];
    if (varies === "column") return [name, checkMatrix(device, name, tensor, [1, cols], "f32")];
    return [name, checkPerRow(device, name, tensor, varies === "row" ? rows : 1, "f32")];
  });
  return { reads: tensors.map(([, tensor]) => tensor), pointers: Object.fromEntries(tensors.map(([name, { pointer }]) => [operandBuffer(name), pointer])) };
}

export class ScoredPlanHandle<O extends Operands> extends OwnedHandle implements PlanWith<O> {
  readonly kind = "plan";
  readonly explain: PlanExplanation;
  readonly #device: DeviceHandle;
  readonly #request: Request;
  readonly #withLengths: boolean;
  readonly #operands: O;
  readonly #backend: BackendPlan<ScoredPointers>;
  readonly #owners: readonly Timeline[] = [this];

  constructor(device: DeviceHandle, request: Request, withLengths: boolean, operands: O, backend: BackendPlan<ScoredPointers>) {
    super(device);
    this.#device = device;
    this.#request = request;
    this.#withLengths = withLengths;
    this.#operands = operands;
    this.#backend = backend;
    this.explain = backend.explain;
  }

  run(x: DeviceTensor, operands: DeviceOperands<O>, out: RunOutput, options?: { readonly stream?: Stream; readonly lengths?: DeviceTensor }): void {
    const { reads, writes, pointers } = this.#check(x, operands, out, options?.lengths);
    const stream = streamOf(this.#device, options?.stream);
    enqueue(this.#device, stream, { reads, writes, owners: this.#owners, work: () => this.#backend.run(stream.backend, pointers) });
  }

  async capture(x: DeviceTensor, operands: DeviceOperands<O>, out: RunOutput, options?: { readonly lengths?: DeviceTensor }): Promise<CapturedRun> {
    return captureRun(this.#device, this, this.#backend, this.#check(x, operands, out, options?.lengths));
  }

  /** Errors: TK101, TK401, TK402, TK403, TK108, TK110. */
  #check(givenX: unknown, operands: DeviceOperands<O>, out: RunOutput, givenLengths: unknown): CheckedRun<ScoredPointers> {
    this.checkAlive();
    checkOptions(out, ["values", "indices"], "the outputs");
    const device = this.#device;
    const request = this.#request;
    const { rows, k, indexBytes } = request;
    const x = checkInput(device, givenX, request);
    const lengths = checkLengths(device, givenLengths, this.#withLengths, rows);
    const values = checkMatrix(device, "values", out.values, [rows, k], SCORE_DTYPE);
    const indices = checkMatrix(device, "indices", out.indices, [rows, k], indexBytes === 4 ? "i32" : "i64");
    const given = checkOperandTensors(device, this.#operands, operands, request);
    const reads = [x, ...(lengths === undefined ? [] : [lengths]), ...given.reads];
    const writes = [values, indices];
    checkApart(reads, writes, "give values and indices memory of their own");
    return {
      reads,
      writes,
      pointers: { ...given.pointers, x: x.pointer, lengths: lengths?.pointer ?? 0n, values: values.pointer, indices: indices.pointer },
    };
  }

  protected override release(): void {
    this.#backend.close();
  }
}
