/** The cpu backend: the device API over host memory. Runs are promises, which the timelines of streams and tensors keep in order. */
import { DTYPE_BYTES, type Request, spanOf } from "../dsl/index.ts";
import type { BackendDevice, BackendGraph, BackendPlan, BackendPlanOptions, BackendStream, HostJob, HostSampleJob, RunPointers } from "./backend.ts";
import { checkForce } from "./choose-plan.ts";
import { checkCpuIsa } from "./environment.ts";
import { TopkitError } from "./errors.ts";
import { allocateHost, cpuName, hostStream, wrapHost } from "./host-memory.ts";
import { awaiting, native } from "./native-access.ts";
import type { PlanExplanation } from "./types.ts";

/** Why the CPU backend cannot be used, or undefined. TK114, TK201. */
export function cpuProblem(): TopkitError | undefined {
  try {
    checkCpuIsa();
    native();
    return undefined;
  } catch (error) {
    if (error instanceof TopkitError) return error;
    throw error;
  }
}

/** Errors: TK114, TK201, TK203. */
export function openCpu(ordinal: number): BackendDevice {
  if (ordinal !== 0) throw new TopkitError("TK203", `there is no CPU device ${ordinal}; the CPU, with all its cores, is device 0`, { device: ordinal });
  checkCpuIsa();
  native();
  return new CpuDevice();
}

class CpuDevice implements BackendDevice {
  readonly backend = "cpu";
  readonly queues = false;
  readonly name = cpuName();
  readonly arch = process.arch;

  readonly allocate = allocateHost;
  readonly wrap = wrapHost;
  readonly createStream = hostStream;

  /** Nothing is queued below the timelines. */
  async synchronize(): Promise<void> {}

  async plan(request: Request, { force }: BackendPlanOptions): Promise<BackendPlan> {
    if (force !== undefined) {
      checkForce(force);
      const message = `plan "${force.plan}" is for GPUs, and this is the cpu backend: leave the plan out, or use backend "cuda", or "emulate" without a GPU`;
      throw new TopkitError("TK113", message, { force });
    }
    return new CpuPlan(request);
  }

  hostTopk({ request, data, lengths, values, indices }: HostJob): Promise<void> {
    return awaiting(() => native().cpuTopk({ ...request, input: data, lengths, values, indices, threads: 0 }));
  }

  async hostSample(job: HostSampleJob): Promise<void> {
    await this.hostTopk(job);
    const { rows, k, dtype } = job.request;
    await awaiting(() => native().cpuSample({ ...job, rows, k, dtype, threads: 0 }));
  }

  close(): void {}
}

class CpuPlan implements BackendPlan {
  readonly explain: PlanExplanation;
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
    const kernels = [{ name: "cpu_topk", config: {}, launches: request.rows === 0 ? 0 : 1 }];
    this.explain = { plan: "cpu", config: {}, kernels, source: "heuristic", workspaceBytes: 0, refused: [] };
  }

  async run(_stream: BackendStream | null, { x, lengths, values, indices }: RunPointers): Promise<void> {
    const { rows, k, dtype, indexBytes } = this.#request;
    if (rows === 0) return;
    const elementBytes = DTYPE_BYTES[dtype];
    await awaiting(() =>
      native().cpuTopk({
        ...this.#request,
        input: { pointer: x, bytes: spanOf(this.#request) * elementBytes },
        lengths: lengths === 0n ? null : { pointer: lengths, bytes: rows * 4 },
        values: { pointer: values, bytes: rows * k * elementBytes },
        indices: { pointer: indices, bytes: rows * k * indexBytes },
        threads: 0,
      }),
    );
  }

  capture(pointers: RunPointers): BackendGraph {
    return { launch: (stream) => this.run(stream, pointers), close: () => {} };
  }

  close(): void {}
}
