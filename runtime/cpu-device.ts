/** The cpu backend: the device API over host memory. Runs are promises, which the timelines of streams and tensors keep in order. */
import { DTYPE_BYTES, ofScores, operandBuffer, operandElements, type Request, SCORE_DTYPE, spanOf } from "../dsl/index.ts";
import type {
  BackendDevice,
  BackendGraph,
  BackendPlan,
  BackendPlanOptions,
  BackendStream,
  HostJob,
  HostSampleJob,
  HostScoredJob,
  HostScoredSampleJob,
  RunPointers,
  SamplePointers,
  ScoredPointers,
  ScoredSamplePointers,
} from "./backend.ts";
import { newArray } from "./check.ts";
import { checkForce } from "./choose-plan.ts";
import { checkCpuIsa } from "./environment.ts";
import { TopkitError } from "./errors.ts";
import { allocateHost, cpuName, hostStream, wrapHost } from "./host-memory.ts";
import { awaiting, native } from "./native-access.ts";
import { scoreElements } from "./score-elements.ts";
import type { Scoring } from "./scoring.ts";
import type { HostArray, PlanExplanation } from "./types.ts";

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
    refuse(force);
    return new CpuPlan(request);
  }

  async samplePlan(request: Request, { force }: BackendPlanOptions): Promise<BackendPlan<SamplePointers>> {
    refuse(force);
    return new CpuSamplePlan(request, new CpuPlan(request));
  }

  async scoredPlan(request: Request, scoring: Scoring, { force }: BackendPlanOptions): Promise<BackendPlan<ScoredPointers>> {
    refuse(force);
    return new CpuScoredPlan(request, scoring);
  }

  async scoredSamplePlan(request: Request, scoring: Scoring, { force }: BackendPlanOptions): Promise<BackendPlan<ScoredSamplePointers>> {
    refuse(force);
    return new CpuSamplePlan(ofScores(request), new CpuScoredPlan(request, scoring));
  }

  hostTopk({ request, data, lengths, values, indices }: HostJob): Promise<void> {
    return awaiting(() => native().cpuTopk({ ...request, input: data, lengths, values, indices, threads: 0 }));
  }

  async hostSample(job: HostSampleJob): Promise<void> {
    await this.hostTopk(job);
    const { rows, k, dtype } = job.request;
    await awaiting(() => native().cpuSample({ ...job, rows, k, dtype, threads: 0 }));
  }

  async hostScored({ scoring, operands, ...job }: HostScoredJob): Promise<void> {
    const data = await scoreElements(job.request, job.data, job.lengths, operands, scoring.score);
    await this.hostTopk({ ...job, request: ofPacked(job.request), data });
  }

  async hostScoredSample({ scoring, operands, ...job }: HostScoredSampleJob): Promise<void> {
    const data = await scoreElements(job.request, job.data, job.lengths, operands, scoring.score);
    await this.hostSample({ ...job, request: ofPacked(job.request), data });
  }

  close(): void {}
}

/** Errors: TK113. */
function refuse(force: BackendPlanOptions["force"]): void {
  if (force === undefined) return;
  checkForce(force);
  const message = `plan "${force.plan}" is for GPUs, and this is the cpu backend: leave the plan out, or use backend "cuda", or "emulate" without a GPU`;
  throw new TopkitError("TK113", message, { force });
}

function explained({ rows }: Request, kernels: readonly string[]): PlanExplanation {
  const launches = rows === 0 ? 0 : 1;
  return { plan: "cpu", config: {}, kernels: kernels.map((name) => ({ name, config: {}, launches })), source: "heuristic", workspaceBytes: 0, refused: [] };
}

class CpuPlan implements BackendPlan {
  readonly explain: PlanExplanation;
  readonly storesAnswer = true;
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
    this.explain = explained(request, ["cpu_topk"]);
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

/** A top-k, and a draw from its answer, of which `request` is. */
class CpuSamplePlan<P extends SamplePointers> implements BackendPlan<P> {
  readonly explain: PlanExplanation;
  readonly storesAnswer = true;
  readonly #request: Request;
  readonly #topk: BackendPlan<P>;

  constructor(request: Request, topk: BackendPlan<P>) {
    this.#request = request;
    this.#topk = topk;
    this.explain = explained(request, [...topk.explain.kernels.map(({ name }) => name), "cpu_sample"]);
  }

  async run(stream: BackendStream | null, pointers: P): Promise<void> {
    const { rows, k, dtype } = this.#request;
    if (rows === 0) return;
    await this.#topk.run(stream, pointers);
    const memory = (pointer: bigint, elementBytes: number, elements = rows) => ({ pointer, bytes: elements * elementBytes });
    const optional = (pointer: bigint, elements = rows) => (pointer === 0n ? null : memory(pointer, 4, elements));
    await awaiting(() =>
      native().cpuSample({
        ...{ rows, k, dtype, threads: 0 },
        values: memory(pointers.values, DTYPE_BYTES[dtype], rows * k),
        indices: memory(pointers.indices, 4, rows * k),
        temperature: optional(pointers.temperature),
        topP: optional(pointers.topP),
        minP: optional(pointers.minP),
        seeds: memory(pointers.seeds, 8),
        offsets: memory(pointers.offsets, 8),
        tokens: memory(pointers.tokens, 4),
        logprobs: optional(pointers.logprobs),
        kept: optional(pointers.kept),
        candidateLogprobs: optional(pointers.candidateLogprobs, rows * k),
      }),
    );
  }

  capture(pointers: P): BackendGraph {
    return { launch: (stream) => this.run(stream, pointers), close: () => {} };
  }

  close(): void {}
}

/** Of what scoreElements() gives. */
const ofPacked = (request: Request): Request => ({ ...ofScores(request), rowStride: request.cols });

/** Copies of x and the operands are scored, and the top-k is of the scores. */
class CpuScoredPlan implements BackendPlan<ScoredPointers> {
  readonly explain: PlanExplanation;
  readonly storesAnswer = true;
  readonly #request: Request;
  readonly #scoring: Scoring;

  constructor(request: Request, scoring: Scoring) {
    this.#request = request;
    this.#scoring = scoring;
    this.explain = explained(request, ["cpu_score", "cpu_topk"]);
  }

  async run(_stream: BackendStream | null, pointers: ScoredPointers): Promise<void> {
    const { rows, k, dtype, indexBytes } = this.#request;
    if (rows === 0) return;
    const copied = async <T extends ArrayBufferView>(pointer: bigint, array: T): Promise<T> => {
      await wrapHost(pointer, array.byteLength).read(array, 0, null);
      return array;
    };
    const operands: Record<string, Float32Array> = {};
    for (const [name, varies] of Object.entries(this.#scoring.prologue.operands))
      operands[name] = await copied(pointers[operandBuffer(name)]!, new Float32Array(operandElements(varies, this.#request)));
    const x = await copied(pointers.x, newArray(dtype, spanOf(this.#request)) as HostArray);
    const lengths = pointers.lengths === 0n ? null : await copied(pointers.lengths, new Int32Array(rows));
    const input = await scoreElements(this.#request, x, lengths, operands, this.#scoring.score);
    await awaiting(() =>
      native().cpuTopk({
        ...{ ...ofPacked(this.#request), input, lengths, threads: 0 },
        values: { pointer: pointers.values, bytes: rows * k * DTYPE_BYTES[SCORE_DTYPE] },
        indices: { pointer: pointers.indices, bytes: rows * k * indexBytes },
      }),
    );
  }

  capture(pointers: ScoredPointers): BackendGraph {
    return { launch: (stream) => this.run(stream, pointers), close: () => {} };
  }

  close(): void {}
}
