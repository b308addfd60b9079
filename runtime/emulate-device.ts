/** The emulate backend: the kernels that a GPU would run, on the CPU, over host memory. docs/emulator.md. */
import { existsSync } from "node:fs";
import path from "node:path";
import { type DeviceLimits, type Request, type ResolvedStage, variantSymbol } from "../dsl/index.ts";
import { EMULATOR_FOLDER, type EmulatorMode } from "../native/emulator/toolchain.ts";
import type { EmulatedKernel } from "../native/types.ts";
import type {
  BackendDevice,
  BackendPlan,
  BackendPlanOptions,
  HostJob,
  HostSampleJob,
  HostScoredJob,
  HostScoredSampleJob,
  SamplePointers,
  ScoredPointers,
  ScoredSamplePointers,
} from "./backend.ts";
import { type Choice, choosePlan, drawing } from "./choose-plan.ts";
import { requireCompiler } from "./compiler.ts";
import { emulatedKernel, emulatorRuntime } from "./emulate-build.ts";
import { type Emulate, prepareEmulatedPlan } from "./emulate-plan.ts";
import { emulation } from "./environment.ts";
import { TopkitError } from "./errors.ts";
import { allocateHost, cpuName, hostStream, wrapHost } from "./host-memory.ts";
import { runOnHostMemory, sampleBuffers, scoredOnHostMemory, scoredSampleOnHostMemory } from "./host-run.ts";
import { type KernelSource, kernelSource } from "./kernel-source.ts";
import { calling, native } from "./native-access.ts";
import type { Scoring } from "./scoring.ts";

/** An H200's: the plan that would run there is the one to try here. */
export const EMULATED_LIMITS: DeviceLimits = { arch: 90, maxThreadsPerBlock: 1024, maxSharedBytes: 227 * 1024, maxCluster: 8 };

/** Why the emulator cannot be used, or undefined; compiles nothing. TK201, TK205. */
export function emulateProblem(): TopkitError | undefined {
  try {
    native();
    const prelude = path.join(EMULATOR_FOLDER, "cuda.h");
    if (!existsSync(prelude)) return new TopkitError("TK205", `${prelude}, a source of the emulator, is missing; install topkit again`, { file: prelude });
    requireCompiler();
    return undefined;
  } catch (error) {
    if (error instanceof TopkitError) return error;
    throw error;
  }
}

type SourceOf = (stage: ResolvedStage) => Promise<KernelSource>;

/** `source` gives a kernel's text: the rendered one, unless it is to be run changed. Errors: TK201, TK203, TK205. */
export function openEmulator(ordinal: number, source: SourceOf = kernelSource): BackendDevice {
  if (ordinal !== 0) throw new TopkitError("TK203", `there is no emulated device ${ordinal}; the emulator is device 0`, { device: ordinal });
  const problem = emulateProblem();
  if (problem !== undefined) throw problem;
  return new EmulateDevice(source);
}

class EmulateDevice implements BackendDevice {
  readonly backend = "emulate";
  readonly queues = false;
  readonly name = `emulator on ${cpuName()}`;
  readonly arch = `sm_${EMULATED_LIMITS.arch}`;
  readonly allocate = allocateHost;
  readonly wrap = wrapHost;
  readonly createStream = hostStream;
  readonly #source: SourceOf;
  /** Each loaded once, for as long as the device is open. */
  readonly #kernels = new Map<string, Promise<EmulatedKernel>>();

  constructor(source: SourceOf) {
    this.#source = source;
  }

  /** Nothing is queued below the timelines. */
  async synchronize(): Promise<void> {}

  async plan(request: Request, { force }: BackendPlanOptions): Promise<BackendPlan> {
    return prepareEmulatedPlan(this.#emulate(), this.#choose(request, force));
  }

  async samplePlan(request: Request, { force }: BackendPlanOptions): Promise<BackendPlan<SamplePointers>> {
    return prepareEmulatedPlan(this.#emulate(), await drawing(this.#choose(request, force), EMULATED_LIMITS));
  }

  async scoredPlan(request: Request, { prologue, source }: Scoring, { force }: BackendPlanOptions): Promise<BackendPlan<ScoredPointers>> {
    return prepareEmulatedPlan(this.#emulate(source), choosePlan(request, EMULATED_LIMITS, force, undefined, prologue));
  }

  async scoredSamplePlan(request: Request, { prologue, source }: Scoring, { force }: BackendPlanOptions): Promise<BackendPlan<ScoredSamplePointers>> {
    const choice = choosePlan(request, EMULATED_LIMITS, force, undefined, prologue);
    return prepareEmulatedPlan(this.#emulate(source), await drawing(choice, EMULATED_LIMITS));
  }

  /** Each call has a plan of its own: what is dear in one, its kernels, is the device's. */
  async hostTopk({ request, data, lengths, values, indices }: HostJob): Promise<void> {
    const plan = await this.plan(request, {});
    try {
      if (request.rows > 0) await runOnHostMemory(this, plan, { x: data, lengths }, { values, indices });
    } finally {
      plan.close();
    }
  }

  async hostSample(job: HostSampleJob): Promise<void> {
    const plan = await this.samplePlan(job.request, {});
    try {
      if (job.request.rows > 0) await runOnHostMemory(this, plan, ...sampleBuffers(job, plan));
    } finally {
      plan.close();
    }
  }

  hostScored(job: HostScoredJob): Promise<void> {
    return scoredOnHostMemory(this, job);
  }

  hostScoredSample(job: HostScoredSampleJob): Promise<void> {
    return scoredSampleOnHostMemory(this, job);
  }

  close(): void {
    for (const loading of this.#kernels.values()) {
      loading.then(
        (kernel) => kernel.close(),
        () => {},
      );
    }
    this.#kernels.clear();
  }

  #choose(request: Request, force: BackendPlanOptions["force"]): Choice {
    return choosePlan(request, EMULATED_LIMITS, force);
  }

  #emulate(source = this.#source): Emulate {
    const how = emulation();
    return { ...how, kernel: (stage) => this.#kernel(stage, how.mode, source) };
  }

  #kernel(stage: ResolvedStage, mode: EmulatorMode, source: SourceOf): Promise<EmulatedKernel> {
    const key = `${mode} ${variantSymbol(stage.kernel, stage.spec, stage.tune)}`;
    let loading = this.#kernels.get(key);
    if (loading === undefined) {
      loading = this.#load(stage, mode, source);
      this.#kernels.set(key, loading);
      loading.catch(() => this.#kernels.delete(key));
    }
    return loading;
  }

  async #load(stage: ResolvedStage, mode: EmulatorMode, sourceOf: SourceOf): Promise<EmulatedKernel> {
    const source = await sourceOf(stage);
    const [runtime, object] = await Promise.all([emulatorRuntime(), emulatedKernel(source, mode)]);
    return calling(() => native().loadEmulatedKernel(runtime, object, source.symbol));
  }
}
