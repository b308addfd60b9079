/** What a backend must bring: memory, streams, prepared top-k runs. All checks, shapes and ownership are shared code above it. */
import type { CallerBuffer, OperandBuffer, Request, SamplingBuffer } from "../dsl/index.ts";
import type { Scoring } from "./scoring.ts";
import type { ConcreteBackend, ConfigValues, HostArray, IndexArray, PlanExplanation } from "./types.ts";

export interface BackendMemory {
  readonly pointer: bigint;
  readonly bytes: number;
  /** Ordered after what the stream was given before; resolves when the copy is done. Offsets in bytes. */
  write(offset: number, source: ArrayBufferView, stream: BackendStream | null): Promise<void>;
  read(destination: ArrayBufferView, offset: number, stream: BackendStream | null): Promise<void>;
  close(): void;
}

export interface BackendStream {
  readonly pointer: bigint;
  synchronize(): Promise<void>;
  close(): void;
}

/** One address for each of the caller's buffers; 0 where there is none. */
export type RunPointers = Readonly<Record<CallerBuffer, bigint>>;
export type SamplePointers = Readonly<Record<SamplingBuffer, bigint>>;
export type OperandPointers = Readonly<Record<OperandBuffer, bigint>>;
export type ScoredPointers = RunPointers & OperandPointers;
export type ScoredSamplePointers = SamplePointers & OperandPointers;

export interface BackendGraph {
  launch(stream: BackendStream | null): void | Promise<void>;
  close(): void;
}

export interface BackendPlan<Pointers = RunPointers> {
  readonly explain: PlanExplanation;
  /** Whether a run writes values and indices, as all do but draws in a top-k's last launch: those write indices where they are given some. */
  readonly storesAnswer: boolean;
  /** `null` is the device's default stream. */
  run(stream: BackendStream | null, pointers: Pointers): void | Promise<void>;
  capture(pointers: Pointers): BackendGraph;
  close(): void;
}

export interface BackendPlanOptions {
  readonly force?: { readonly plan: string; readonly config?: ConfigValues } | undefined;
}

/** A checked top-k from host memory to host memory. */
export interface HostJob {
  readonly request: Request;
  readonly data: HostArray;
  readonly lengths: Int32Array | null;
  readonly values: HostArray;
  readonly indices: IndexArray;
}

/** Arrays of `rows` entries: what each row is drawn with. null: what does not cut or change anything. */
export interface SampleParameters {
  readonly temperature: Float32Array | null;
  readonly topP: Float32Array | null;
  readonly minP: Float32Array | null;
  readonly seeds: BigUint64Array;
  readonly offsets: BigUint64Array;
}

/** Arrays of `rows` entries, `candidateLogprobs` of rows x k; null where nobody asked. */
export interface SampleOutputs {
  readonly tokens: Int32Array;
  readonly logprobs: Float32Array | null;
  readonly kept: Int32Array | null;
  readonly candidateLogprobs: Float32Array | null;
}

/** A checked draw: a top-k from host memory to host memory, whose answer is drawn from. */
export interface HostSampleJob extends HostJob, SampleParameters, SampleOutputs {
  readonly indices: Int32Array;
}

/** What makes scores of x, and the operands' values. */
export interface HostScores {
  readonly scoring: Scoring;
  /** By name; each has as many entries as it varies. */
  readonly operands: Readonly<Record<string, Float32Array>>;
}

/** A checked top-k of scores, from host memory to host memory; `request` is of x, the values are f32. */
export interface HostScoredJob extends HostJob, HostScores {}
/** A checked draw from scores. */
export interface HostScoredSampleJob extends HostSampleJob, HostScores {}

export interface BackendDevice {
  readonly backend: ConcreteBackend;
  /** The device has queues of its own: run() and launch() return at once. Otherwise they return promises of the end. */
  readonly queues: boolean;
  readonly name: string;
  readonly arch: string;
  /** `bytes` > 0. */
  allocate(bytes: number): BackendMemory;
  wrap(pointer: bigint, bytes: number): BackendMemory;
  createStream(): BackendStream;
  /** Resolves when all streams are done. */
  synchronize(): Promise<void>;
  plan(request: Request, options: BackendPlanOptions): Promise<BackendPlan>;
  samplePlan(request: Request, options: BackendPlanOptions): Promise<BackendPlan<SamplePointers>>;
  scoredPlan(request: Request, scoring: Scoring, options: BackendPlanOptions): Promise<BackendPlan<ScoredPointers>>;
  scoredSamplePlan(request: Request, scoring: Scoring, options: BackendPlanOptions): Promise<BackendPlan<ScoredSamplePointers>>;
  /** Top-k of host memory; what it allocates on the way is freed. */
  hostTopk(job: HostJob): Promise<void>;
  /** As hostTopk(). */
  hostSample(job: HostSampleJob): Promise<void>;
  /** As hostTopk(). */
  hostScored(job: HostScoredJob): Promise<void>;
  /** As hostTopk(). */
  hostScoredSample(job: HostScoredSampleJob): Promise<void>;
  close(): void;
}
