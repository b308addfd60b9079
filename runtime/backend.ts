/** What a backend must bring: memory, streams, prepared top-k runs. All checks, shapes and ownership are shared code above it. */
import type { Request } from "../dsl/index.ts";
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
export interface RunPointers {
  readonly x: bigint;
  readonly lengths: bigint;
  readonly values: bigint;
  readonly indices: bigint;
}

export interface BackendGraph {
  launch(stream: BackendStream | null): void | Promise<void>;
  close(): void;
}

export interface BackendPlan {
  readonly explain: PlanExplanation;
  /** `null` is the device's default stream. */
  run(stream: BackendStream | null, pointers: RunPointers): void | Promise<void>;
  capture(pointers: RunPointers): BackendGraph;
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
  /** Top-k of host memory; what it allocates on the way is freed. */
  hostTopk(job: HostJob): Promise<void>;
  close(): void;
}
