/** A captured run: the same launches again, with the pointers given at capture. */
import type { BackendGraph, BackendPlan } from "./backend.ts";
import type { DeviceHandle } from "./device.ts";
import { enqueue } from "./enqueue.ts";
import { OwnedHandle } from "./handle.ts";
import { streamOf } from "./run-tensors.ts";
import type { TensorHandle } from "./tensor.ts";
import type { CapturedRun, Stream } from "./types.ts";

/** What a run was given, found right. */
export interface CheckedRun<Pointers> {
  readonly reads: readonly TensorHandle[];
  readonly writes: readonly TensorHandle[];
  readonly pointers: Pointers;
}

/** Errors: TK401 where the plan was disposed meanwhile. */
export async function captureRun<P>(device: DeviceHandle, plan: OwnedHandle, backend: BackendPlan<P>, run: CheckedRun<P>): Promise<CapturedRun> {
  // earlier runs that still wait for their data go first: a capture takes only launches
  if (plan.tail !== undefined) await plan.tail;
  plan.checkAlive();
  return new CapturedRunHandle(device, plan, backend.capture(run.pointers), run);
}

class CapturedRunHandle extends OwnedHandle implements CapturedRun {
  readonly kind = "captured run";
  readonly #device: DeviceHandle;
  readonly #plan: OwnedHandle;
  readonly #graph: BackendGraph;
  readonly #run: CheckedRun<unknown>;

  constructor(device: DeviceHandle, plan: OwnedHandle, graph: BackendGraph, run: CheckedRun<unknown>) {
    super(device);
    this.#device = device;
    this.#plan = plan;
    this.#graph = graph;
    this.#run = run;
  }

  replay(stream?: Stream): void {
    this.checkAlive();
    // its launches use the plan's workspace
    this.#plan.checkAlive();
    const { reads, writes } = this.#run;
    for (const tensor of [...reads, ...writes]) tensor.checkAlive();
    const on = streamOf(this.#device, stream);
    enqueue(this.#device, on, { reads, writes, owners: [this.#plan, this], work: () => this.#graph.launch(on.backend) });
  }

  protected override release(): void {
    this.#graph.close();
  }
}
