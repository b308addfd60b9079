/**
 * The public types of "topkit". 16-bit data is a Uint16Array of raw bits and needs its dtype named (Node 20 has no Float16Array;
 * where one exists it is accepted for f16).
 */
import type { Dtype, Order, Scalar } from "../dsl/index.ts";

export type { Dtype, Order };
export type Backend = "auto" | "cuda" | "cpu" | "emulate";
export type ConcreteBackend = Exclude<Backend, "auto">;
export type HostArray = Float32Array | Uint16Array;
export type IndexArray = Int32Array | BigInt64Array;
/** What a device tensor may hold: elements, or indices and lengths. */
export type TensorDtype = Dtype | "i32" | "i64";

/**
 * Anything with data and dims, onnxruntime-node tensors included (their `type` "float32" | "float16" names the dtype). Leading dims
 * flatten to rows; the last is cols. An onnxruntime session returns tensors of any type: tell TypeScript which, as in `logits as TypedTensor<"float32">`.
 */
export interface HostTensor {
  readonly data: HostArray;
  readonly dims: readonly number[];
  readonly type?: string;
}

export interface TopkOptions {
  /** 1 .. cols */
  readonly k: number;
  /** Default: f32 for Float32Array, from `type` for tensors; required for a bare Uint16Array. */
  readonly dtype?: Dtype;
  /** For bare arrays: default 1. 0 .. 2^31-1 */
  readonly rows?: number;
  /** For bare arrays: default length / rows. 1 .. 2^31-1 */
  readonly cols?: number;
  /** Elements from one row's start to the next one's, default cols. */
  readonly rowStride?: number;
  /** Default "largest". */
  readonly order?: Order;
  /** `rows` entries, clamped to 0..cols: where each row ends. */
  readonly lengths?: Int32Array;
  /** Default "i32". */
  readonly indices?: "i32" | "i64";
  /** Default "auto": cuda where a usable GPU is and has a plan for the request, else cpu. */
  readonly backend?: Backend;
}

export interface TopkResult {
  /** rows x k, in x's dtype, best first; bits are the input's own. */
  readonly values: HostArray;
  /** rows x k column numbers; -1 past the end of a short row. */
  readonly indices: IndexArray;
  /** The input's dims with the last one replaced by k; [rows, k] for bare arrays. */
  readonly dims: readonly number[];
  readonly dtype: Dtype;
  readonly backend: ConcreteBackend;
}

/** A number for all rows, or one a row. */
export type PerRow = number | Float32Array;
/** An unsigned integer of 64 bits, or one a row; a number only where it is exact (up to 2^53 - 1). */
export type SeedPerRow = number | bigint | BigUint64Array;

export interface SampleOptions extends Omit<TopkOptions, "order" | "indices"> {
  /** The k greatest of each row may be drawn. 1 .. cols */
  readonly k: number;
  /** Finite, >= 0; 0: greedy. Default 1. */
  readonly temperature?: PerRow;
  /** 0 .. 1: the shortest prefix of the k whose mass is at least this part of theirs. Default 1: no cut. */
  readonly topP?: PerRow;
  /** 0 .. 1: those at least this part as likely as the best. Default 0: no cut. */
  readonly minP?: PerRow;
  /** A row's draw is a function of its values and parameters, its seed and its offset, and of nothing else. */
  readonly seed: SeedPerRow;
  /** One: the first row's, and row r has offset + r (modulo 2^64). Default 0. A loop that keeps the seed moves the offset on, by `rows` each time. */
  readonly offset?: SeedPerRow;
  /** Also return the tokens' log-probabilities. */
  readonly logprobs?: boolean;
  /** Also return what could have been drawn. */
  readonly candidates?: boolean;
}

export interface SampleResult {
  /** `rows` column numbers; -1 where there is nothing to draw: a row with a NaN, or nothing above -inf. */
  readonly tokens: Int32Array;
  /** The natural logarithm of the probability that each token was drawn with, temperature and cuts included; NaN beside -1. */
  readonly logprobs?: Float32Array;
  readonly candidates?: Candidates;
  /** The input's dims without the last; [rows] for bare arrays. */
  readonly dims: readonly number[];
  readonly backend: ConcreteBackend;
}

export interface Candidates {
  /** `rows` counts: how many the cuts left. */
  readonly kept: Int32Array;
  /** rows x k column numbers, greatest first, -1 past the end of a short row: the first `kept` of each row could be drawn. */
  readonly indices: Int32Array;
  /** rows x k natural logarithms of their probabilities, -inf behind the kept ones. */
  readonly logprobs: Float32Array;
}

export type Availability = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface OpenOptions {
  /** CUDA ordinal, default 0. */
  readonly device?: number;
  /** Default "cuda". */
  readonly backend?: ConcreteBackend;
}

export interface Device extends Disposable {
  readonly name: string;
  /** "sm_90" and the like; the processor's architecture on the CPU. */
  readonly arch: string;
  /** Copies host data to the device. Returns at once; work on the tensor waits for the copy. `data` is not to be changed until then (`upload()` says when). */
  tensor(data: HostArray | IndexArray, options: { readonly shape: readonly [number, number]; readonly dtype: TensorDtype }): DeviceTensor;
  /** Memory whose contents are whatever lay there. */
  empty(shape: readonly [number, number], dtype: TensorDtype): DeviceTensor;
  /** Wraps memory owned by others (a device pointer; on the CPU a host pointer); never frees it. `rowStride` in elements, default cols. */
  wrap(pointer: bigint, options: { readonly shape: readonly [number, number]; readonly dtype: TensorDtype; readonly rowStride?: number }): DeviceTensor;
  stream(): Stream;
  /** Chooses, compiles (or loads from the cache) and prepares. Everything that can fail for the shape fails here. */
  plan(options: PlanOptions): Promise<Plan>;
  /** As plan(), for drawing tokens from logits on the device. */
  samplePlan(options: SamplePlanOptions): Promise<SamplePlan>;
  /** Idempotent. Tensors, streams and plans of the device cannot be used afterwards; work in flight ends first. */
  dispose(): void;
}

/**
 * rows x cols elements. Copies are ordered with the runs that touch the tensor, whatever stream they are on; two runs that share a tensor
 * are ordered if they are on one stream.
 */
export interface DeviceTensor extends Disposable {
  readonly pointer: bigint;
  readonly shape: readonly [number, number];
  /** Elements from one row's start to the next one's. */
  readonly rowStride: number;
  readonly dtype: TensorDtype;
  /** rows * cols elements, rows packed. Resolves when the data is on the device. */
  upload(data: HostArray | IndexArray): Promise<void>;
  /** rows * cols elements, rows packed. Rejects with the failure of a run that was to write them. */
  toHost(): Promise<HostArray | IndexArray>;
  /** Idempotent. Frees what topkit allocated, once work in flight has ended. */
  dispose(): void;
}

export interface Stream extends Disposable {
  /** CUstream; 0 on the CPU. */
  readonly pointer: bigint;
  /** Resolves when everything enqueued so far is done; rejects with its failure. */
  synchronize(): Promise<void>;
  dispose(): void;
}

export type ConfigValues = Readonly<Record<string, Scalar>>;

export interface PlanOptions {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly order?: Order;
  readonly rowStride?: number;
  /** Runs take row lengths (an i32 tensor of `rows` entries). Default false. */
  readonly lengths?: boolean;
  readonly indices?: "i32" | "i64";
  /** Config names: `warps` for every kernel that has it, `tile_stream.warps` for one. */
  readonly force?: { readonly plan: string; readonly config?: ConfigValues };
}

export interface RunOutput {
  /** rows x k, in x's dtype. */
  readonly values: DeviceTensor;
  /** rows x k, i32 or i64 as planned. */
  readonly indices: DeviceTensor;
}

export interface CapturedRun extends Disposable {
  replay(stream?: Stream): void;
}

export interface Plan extends Disposable {
  readonly explain: PlanExplanation;
  /** Enqueues and returns at once. One run of a plan in flight at a time: a run on another stream waits, on the device, for the one before it. */
  run(x: DeviceTensor, out: RunOutput, options?: { readonly stream?: Stream; readonly lengths?: DeviceTensor }): void;
  /** Captures the same launches once; replay() enqueues them with the pointers given at capture. */
  capture(x: DeviceTensor, out: RunOutput, options?: { readonly lengths?: DeviceTensor }): Promise<CapturedRun>;
  dispose(): void;
}

export type SamplePlanOptions = Omit<PlanOptions, "order" | "indices">;

/** What each row is drawn with: tensors of `rows` entries. A row with a parameter out of its range draws -1, as one with a NaN does. */
export interface SampleTensors {
  /** f32; absent: 1, 1 and 0. */
  readonly temperature?: DeviceTensor;
  readonly topP?: DeviceTensor;
  readonly minP?: DeviceTensor;
  /** i64, whose bits are an unsigned integer. */
  readonly seeds: DeviceTensor;
  readonly offsets: DeviceTensor;
}

/** As in SampleResult, which says what each holds. */
export interface SampleOutput {
  /** i32, `rows` entries. */
  readonly tokens: DeviceTensor;
  /** f32, `rows` entries. */
  readonly logprobs?: DeviceTensor;
  readonly candidates?: {
    /** i32, `rows` entries. */
    readonly kept: DeviceTensor;
    /** rows x k, i32. */
    readonly indices: DeviceTensor;
    /** rows x k, f32. */
    readonly logprobs: DeviceTensor;
  };
}

export interface SamplePlan extends Disposable {
  readonly explain: PlanExplanation;
  /** As Plan.run(). */
  run(x: DeviceTensor, parameters: SampleTensors, out: SampleOutput, options?: { readonly stream?: Stream; readonly lengths?: DeviceTensor }): void;
  /** As Plan.capture(): a replay draws with what the parameters' tensors hold then, so that a loop uploads new offsets between replays. */
  capture(x: DeviceTensor, parameters: SampleTensors, out: SampleOutput, options?: { readonly lengths?: DeviceTensor }): Promise<CapturedRun>;
  dispose(): void;
}

export interface KernelExplanation {
  readonly name: string;
  readonly config: ConfigValues;
  readonly launches: number;
}

export interface PlanExplanation {
  readonly plan: string;
  /** The plan's own tunables, and what follows from them (chunkSize, chunks). */
  readonly config: ConfigValues;
  readonly kernels: readonly KernelExplanation[];
  readonly source: "tuned" | "nearest" | "heuristic" | "forced";
  readonly workspaceBytes: number;
  readonly refused: readonly { readonly plan: string; readonly reason: string }[];
}
