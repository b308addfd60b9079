/** The cuda backend: a thin layer over the native device. */
import { CALLER_BUFFERS, type DeviceLimits, operandBuffers, type Request, SAMPLING_BUFFERS } from "../dsl/index.ts";
import type { NativeDevice, NativeStream } from "../native/types.ts";
import type {
  BackendDevice,
  BackendMemory,
  BackendPlan,
  BackendPlanOptions,
  BackendStream,
  HostJob,
  HostSampleJob,
  HostScoredJob,
  HostScoredSampleJob,
  SamplePointers,
  ScoredPointers,
  ScoredSamplePointers,
} from "./backend.ts";
import { type Choice, choosePlan, drawing } from "./choose-plan.ts";
import { ptxOf, requireNvrtc } from "./compile.ts";
import { CudaHost } from "./cuda-host.ts";
import { type LoadedKernels, limitsOf, prepareCudaPlan } from "./cuda-plan.ts";
import { TopkitError } from "./errors.ts";
import { scoredOnHostMemory, scoredSampleOnHostMemory } from "./host-run.ts";
import { awaiting, calling, native } from "./native-access.ts";
import type { Scoring } from "./scoring.ts";
import { loadTuning, type Tuning } from "./tuning.ts";

/** Why the GPU cannot be used, or undefined. TK201, TK202, TK203, TK204. */
export function cudaProblem(): TopkitError | undefined {
  try {
    const driver = native().driverInfo();
    if (!driver.ok) {
      const code = driver.code === "TK_NO_DEVICE" ? "TK203" : "TK202";
      return new TopkitError(code, `no GPU can be used: ${driver.reason}`, { trail: driver.trail });
    }
    requireNvrtc();
    return undefined;
  } catch (error) {
    if (error instanceof TopkitError) return error;
    throw error;
  }
}

/** Errors: TK201 to TK204. */
export function openCuda(ordinal: number): BackendDevice {
  const problem = cudaProblem();
  if (problem !== undefined) throw problem;
  const driver = native().driverInfo();
  const count = driver.ok ? driver.devices.length : 0;
  if (ordinal >= count) throw new TopkitError("TK203", `there is no CUDA device ${ordinal}; there are ${count}, counted from 0`, { device: ordinal, count });
  return new CudaDevice(calling(() => native().openDevice(ordinal)));
}

export class CudaStream implements BackendStream {
  readonly native: NativeStream;
  readonly pointer: bigint;

  constructor(stream: NativeStream) {
    this.native = stream;
    this.pointer = stream.pointer;
  }

  synchronize(): Promise<void> {
    return awaiting(() => this.native.synchronize());
  }

  close(): void {
    this.native.close();
  }
}

export class CudaDevice implements BackendDevice {
  readonly backend = "cuda";
  readonly queues = true;
  readonly name: string;
  readonly arch: string;
  /** For the benchmark's events and graphs; the runtime itself goes through the methods. */
  readonly native: NativeDevice;
  readonly #kernels: LoadedKernels = new Map();
  readonly #host: CudaHost;
  #tables: Promise<Tuning> | undefined;

  constructor(device: NativeDevice) {
    this.native = device;
    this.name = device.info.name;
    this.arch = `sm_${device.info.arch}`;
    this.#host = new CudaHost(this, { topk: (request) => this.plan(request, {}), sample: (request) => this.samplePlan(request, {}) });
  }

  allocate(bytes: number): BackendMemory {
    const memory = calling(() => this.native.allocate(bytes));
    return { ...this.wrap(memory.pointer, bytes), close: () => memory.close() };
  }

  wrap(pointer: bigint, bytes: number): BackendMemory {
    const device = this.native;
    return {
      pointer,
      bytes,
      write: (offset, source, stream) => awaiting(() => device.upload(pointer + BigInt(offset), source, (stream as CudaStream | null)?.native ?? null)),
      read: (destination, offset, stream) =>
        awaiting(() => device.download(destination, pointer + BigInt(offset), (stream as CudaStream | null)?.native ?? null)),
      close: () => {},
    };
  }

  createStream(): BackendStream {
    return new CudaStream(calling(() => this.native.createStream()));
  }

  synchronize(): Promise<void> {
    return awaiting(() => this.native.synchronize());
  }

  async plan(request: Request, { force }: BackendPlanOptions): Promise<BackendPlan> {
    return prepareCudaPlan(this.native, this.#kernels, await this.#choose(request, force), CALLER_BUFFERS);
  }

  async samplePlan(request: Request, { force }: BackendPlanOptions): Promise<BackendPlan<SamplePointers>> {
    const choice = await drawing(await this.#choose({ ...request, sample: true }, force), this.#limits());
    return prepareCudaPlan(this.native, this.#kernels, choice, SAMPLING_BUFFERS);
  }

  async #choose(request: Request, force: BackendPlanOptions["force"]): Promise<Choice> {
    return choosePlan(request, this.#limits(), force, await this.#tuning());
  }

  /** Tables were measured without a prologue, and their texts rendered without. */
  async scoredPlan(request: Request, { prologue, source }: Scoring, { force }: BackendPlanOptions): Promise<BackendPlan<ScoredPointers>> {
    const choice = choosePlan(request, this.#limits(), force, undefined, prologue);
    return prepareCudaPlan(this.native, this.#kernels, choice, [...CALLER_BUFFERS, ...operandBuffers(prologue)], source);
  }

  async scoredSamplePlan(request: Request, { prologue, source }: Scoring, { force }: BackendPlanOptions): Promise<BackendPlan<ScoredSamplePointers>> {
    const choice = await drawing(choosePlan(request, this.#limits(), force, undefined, prologue), this.#limits());
    return prepareCudaPlan(this.native, this.#kernels, choice, [...SAMPLING_BUFFERS, ...operandBuffers(prologue)], source);
  }

  #limits(): DeviceLimits {
    return limitsOf(this.native, ptxOf(requireNvrtc().version));
  }

  /** Read once: what a device chooses does not change while it is open. */
  #tuning(): Promise<Tuning> {
    this.#tables ??= loadTuning(this.name);
    return this.#tables;
  }

  hostTopk(job: HostJob): Promise<void> {
    return this.#host.topk(job);
  }

  hostSample(job: HostSampleJob): Promise<void> {
    return this.#host.sample(job);
  }

  hostScored(job: HostScoredJob): Promise<void> {
    return scoredOnHostMemory(this, job);
  }

  hostScoredSample(job: HostScoredSampleJob): Promise<void> {
    return scoredSampleOnHostMemory(this, job);
  }

  close(): void {
    this.#host.close();
    this.native.close();
  }
}
