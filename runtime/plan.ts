/** A prepared top-k: checks what a run is given against the plan, then hands four pointers to the backend. */
import type { Request } from "../dsl/index.ts";
import type { BackendGraph, BackendPlan, RunPointers } from "./backend.ts";
import type { DeviceHandle } from "./device.ts";
import { shown, TopkitError } from "./errors.ts";
import { checkHandle, OwnedHandle } from "./handle.ts";
import { StreamHandle } from "./stream.ts";
import { TensorHandle } from "./tensor.ts";
import { isPending, type Timeline } from "./timeline.ts";
import type { CapturedRun, DeviceTensor, Plan, PlanExplanation, RunOutput, Stream, TensorDtype } from "./types.ts";

interface Tensors {
  readonly x: TensorHandle;
  readonly lengths: TensorHandle | undefined;
  readonly values: TensorHandle;
  readonly indices: TensorHandle;
}

export class PlanHandle extends OwnedHandle implements Plan {
  readonly kind = "plan";
  readonly explain: PlanExplanation;
  readonly #device: DeviceHandle;
  readonly #request: Request;
  readonly #withLengths: boolean;
  readonly #backend: BackendPlan;

  constructor(device: DeviceHandle, request: Request, withLengths: boolean, backend: BackendPlan) {
    super(device);
    this.#device = device;
    this.#request = request;
    this.#withLengths = withLengths;
    this.#backend = backend;
    this.explain = backend.explain;
  }

  run(x: DeviceTensor, out: RunOutput, options?: { readonly stream?: Stream; readonly lengths?: DeviceTensor }): void {
    const tensors = this.#check(x, out, options?.lengths);
    const stream = this.#streamOf(options?.stream);
    this.#enqueue(tensors, stream, () => this.#backend.run(stream.backend, pointersOf(tensors)));
  }

  async capture(x: DeviceTensor, out: RunOutput, options?: { readonly lengths?: DeviceTensor }): Promise<CapturedRun> {
    const tensors = this.#check(x, out, options?.lengths);
    // earlier runs that still wait for their data go first: a capture takes only launches
    if (this.tail !== undefined) await this.tail;
    this.checkAlive();
    return new CapturedRunHandle(this, this.#backend.capture(pointersOf(tensors)), (captured, graph, stream) => {
      for (const tensor of allOf(tensors)) tensor.checkAlive();
      const on = this.#streamOf(stream);
      this.#enqueue(tensors, on, () => graph.launch(on.backend), captured);
    });
  }

  #streamOf(given: Stream | undefined): StreamHandle {
    if (given === undefined) return this.#device.defaultStream;
    checkHandle(given, StreamHandle, this.#device, "stream");
    return given;
  }

  /** At once where nothing that the run touches is pending; otherwise after it, and the failure is told to whoever waits. */
  #enqueue(tensors: Tensors, stream: StreamHandle, work: () => void | Promise<void>, captured?: Timeline): void {
    const { x, lengths, values, indices } = tensors;
    x.touchedOn(stream);
    lengths?.touchedOn(stream);
    values.touchedOn(stream);
    indices.touchedOn(stream);
    const idle = !(
      isPending(this) ||
      isPending(stream) ||
      isPending(x) ||
      isPending(lengths) ||
      isPending(values) ||
      isPending(indices) ||
      isPending(captured)
    );
    if (idle && this.#device.backend.queues) {
      checkArrived(x, lengths);
      work();
      values.failure = undefined;
      indices.failure = undefined;
      return;
    }
    const touched: Timeline[] = [this, stream, ...allOf(tensors)];
    if (captured !== undefined) touched.push(captured);
    const checked = (): void | Promise<void> => {
      checkArrived(x, lengths);
      return work();
    };
    this.#device.follow(touched, checked).then(
      () => {
        values.failure = undefined;
        indices.failure = undefined;
      },
      (error: unknown) => {
        for (const told of [stream, values, indices]) told.failure = { error };
      },
    );
  }

  /** Errors: TK401, TK402, TK403, TK108, TK110. */
  #check(x: unknown, out: RunOutput, lengths: unknown): Tensors {
    this.checkAlive();
    if (typeof out !== "object" || out === null)
      throw new TopkitError("TK403", `the outputs are ${shown(out)}; give {values, indices}, two tensors of the device`);
    const { values, indices } = out;
    const { rows, cols, k, rowStride, dtype, indexBytes } = this.#request;
    checkHandle(x, TensorHandle, this.#device, "x");
    checkHandle(values, TensorHandle, this.#device, "values");
    checkHandle(indices, TensorHandle, this.#device, "indices");
    checkFits("x", x, rows, cols, rowStride, dtype);
    checkFits("values", values, rows, k, k, dtype);
    checkFits("indices", indices, rows, k, k, indexBytes === 4 ? "i32" : "i64");
    const ends = this.#checkLengths(lengths);
    if (
      overlaps(values, x) ||
      overlaps(indices, x) ||
      overlaps(values, indices) ||
      (ends !== undefined && (overlaps(values, ends) || overlaps(indices, ends)))
    ) {
      throw new TopkitError("TK110", "an output shares memory with another tensor of the run; give values and indices memory of their own");
    }
    return { x, lengths: ends, values, indices };
  }

  #checkLengths(lengths: unknown): TensorHandle | undefined {
    if (!this.#withLengths) {
      if (lengths === undefined) return undefined;
      throw new TopkitError("TK108", "lengths are given, but the plan has none; make the plan with lengths: true");
    }
    if (lengths === undefined)
      throw new TopkitError("TK108", "the plan takes lengths, none are given; give an i32 tensor with one entry a row, or plan without");
    checkHandle(lengths, TensorHandle, this.#device, "lengths");
    const { rows } = this.#request;
    const packed = lengths.rowStride === lengths.shape[1] || lengths.shape[0] <= 1;
    if (lengths.dtype !== "i32" || lengths.elements !== rows || !packed) {
      throw new TopkitError("TK108", `lengths is ${described(lengths)}; give an i32 tensor of ${rows} x 1, packed`, { rows });
    }
    return lengths;
  }

  protected override release(): void {
    this.#backend.close();
  }
}

/** Throws why the contents of an input never came: a failed upload, or a failed run that was to write it. */
function checkArrived(x: TensorHandle, lengths: TensorHandle | undefined): void {
  const failure = x.failure ?? lengths?.failure;
  if (failure !== undefined) throw failure.error;
}

const allOf = ({ x, lengths, values, indices }: Tensors): TensorHandle[] => (lengths === undefined ? [x, values, indices] : [x, lengths, values, indices]);

const pointersOf = ({ x, lengths, values, indices }: Tensors): RunPointers => ({
  x: x.pointer,
  lengths: lengths === undefined ? 0n : lengths.pointer,
  values: values.pointer,
  indices: indices.pointer,
});

const overlaps = (a: TensorHandle, b: TensorHandle): boolean => a.start < b.end && b.start < a.end;

const described = ({ shape, rowStride, dtype }: Pick<DeviceTensor, "shape" | "rowStride" | "dtype">): string =>
  `${shape[0]} x ${shape[1]} ${dtype}${rowStride === shape[1] ? "" : ` with rowStride ${rowStride}`}`;

function checkFits(role: string, tensor: TensorHandle, rows: number, cols: number, rowStride: number, dtype: TensorDtype): void {
  const { shape } = tensor;
  // the stride of a single row says nothing
  if (shape[0] === rows && shape[1] === cols && tensor.dtype === dtype && (tensor.rowStride === rowStride || rows <= 1)) return;
  const wanted = described({ shape: [rows, cols], rowStride, dtype });
  throw new TopkitError("TK110", `${role} is ${described(tensor)}; the plan takes ${wanted}`, {
    role,
    shape,
    dtype: tensor.dtype,
    rowStride: tensor.rowStride,
  });
}

type Replay = (captured: Timeline, graph: BackendGraph, stream: Stream | undefined) => void;

class CapturedRunHandle extends OwnedHandle implements CapturedRun {
  readonly kind = "captured run";
  readonly #plan: PlanHandle;
  readonly #graph: BackendGraph;
  readonly #replay: Replay;

  constructor(plan: PlanHandle, graph: BackendGraph, replay: Replay) {
    super(plan.owner);
    this.#plan = plan;
    this.#graph = graph;
    this.#replay = replay;
  }

  replay(stream?: Stream): void {
    this.checkAlive();
    // its launches use the plan's workspace
    this.#plan.checkAlive();
    this.#replay(this, this.#graph, stream);
  }

  protected override release(): void {
    this.#graph.close();
  }
}
