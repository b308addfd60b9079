/**
 * The typed face of the Node addon (native/src). Everything here is 1:1 with C++; friendlier layers are in runtime/.
 *
 * Errors: every function throws (or rejects with) a NativeError. Arguments are still checked in C++: a wrong handle, one used
 * after close(), or one of another device is an error with code "TK_HANDLE", never a crash.
 */

/** `code` names the cause; `call`, `status` and `statusName` are set where a driver or NVRTC call failed (cuMemAlloc_v2, 2, CUDA_ERROR_OUT_OF_MEMORY). */
export interface NativeError extends Error {
  readonly code:
    | "TK_NO_DRIVER"
    | "TK_NO_DEVICE"
    | "TK_DRIVER"
    | "TK_NO_NVRTC"
    | "TK_COMPILE"
    | "TK_HANDLE"
    | "TK_ARGUMENT"
    | "TK_MEMORY"
    | "TK_EMULATOR"
    | "TK_FAULT";
  readonly call?: string;
  readonly status?: number;
  readonly statusName?: string;
  /** The compiler's log, for TK_COMPILE. */
  readonly log?: string;
}

/** What was looked for, where, and what came of it; in the order of the search. */
export interface TrailEntry {
  readonly source: string;
  readonly path: string;
  readonly outcome: string;
}

export interface DeviceInfo {
  readonly ordinal: number;
  readonly name: string;
  /** Compute capability, as 90 for 9.0. */
  readonly arch: number;
  readonly multiprocessors: number;
  readonly memoryBytes: number;
  readonly l2Bytes: number;
  readonly maxThreadsPerBlock: number;
  /** The opt-in limit of dynamic shared memory a block. */
  readonly maxSharedBytes: number;
  readonly clusterLaunch: boolean;
}

export type DriverInfo =
  | { readonly ok: true; readonly version: readonly [major: number, minor: number]; readonly path: string; readonly devices: readonly DeviceInfo[] }
  | { readonly ok: false; readonly code: "TK_NO_DRIVER" | "TK_NO_DEVICE" | "TK_DRIVER"; readonly reason: string; readonly trail: readonly TrailEntry[] };

export type NvrtcInfo =
  | {
      readonly ok: true;
      readonly version: readonly [major: number, minor: number];
      readonly path: string;
      readonly arches: readonly number[];
      readonly trail: readonly TrailEntry[];
    }
  | { readonly ok: false; readonly reason: string; readonly trail: readonly TrailEntry[] };

export interface CompileResult {
  /** A cubin for arch `sm_NN`, PTX text for `compute_NN`. */
  readonly image: Uint8Array;
  readonly log: string;
  readonly milliseconds: number;
}

export interface FunctionInfo {
  readonly registers: number;
  /** Bytes of local memory a thread: spills and stack. */
  readonly localBytes: number;
  readonly staticSharedBytes: number;
  readonly maxThreadsPerBlock: number;
}

/** One kernel launch of a prepared list. All parameters are 64 bits wide. */
export interface LaunchStep {
  readonly function: NativeFunction;
  readonly grid: number;
  readonly block: number;
  readonly cluster: number;
  readonly sharedBytes: number;
  /** Parameter values; those named in `slots` are replaced at each run. */
  readonly parameters: readonly bigint[];
  /** Which pointer of run()'s list goes to which parameter. */
  readonly slots: readonly { readonly parameter: number; readonly pointer: number }[];
}

/**
 * Common to all handles. close() is idempotent and frees at once what nothing uses any more: a transfer under way keeps its memory and stream, a
 * launch list its functions' code and the stream of its last run, a graph its lists. A handle that is collected is closed.
 */
interface Handle {
  close(): void;
}

/** A device's primary context, retained until the device and all that was made from it are closed, in any order. */
export interface NativeDevice extends Handle {
  readonly info: DeviceInfo;
  allocate(bytes: number): NativeMemory;
  loadModule(image: Uint8Array): NativeModule;
  createStream(): NativeStream;
  createEvent(timing: boolean): NativeEvent;
  prepare(steps: readonly LaunchStep[], pointers: number): NativeLaunchList;
  /** Copies `bytes` from a host array to a device address on a stream; resolves when done. The array is not to be changed or detached meanwhile; detaching is detected, not fatal. */
  upload(destination: bigint, source: ArrayBufferView, stream: NativeStream | null): Promise<void>;
  download(destination: ArrayBufferView, source: bigint, stream: NativeStream | null): Promise<void>;
  /** Sets bytes on the device by a memset and waits. For tests: a few memsets slow every later graph (docs/benchmarking.md), so the runtime zeroes by copies. */
  fill(destination: bigint, byte: number, bytes: number): Promise<void>;
  synchronize(): Promise<void>;
}
export interface NativeMemory extends Handle {
  readonly pointer: bigint;
  readonly bytes: number;
}
export interface NativeModule extends Handle {
  getFunction(symbol: string): NativeFunction;
}
export interface NativeFunction {
  readonly info: FunctionInfo;
  /** Raises the dynamic shared memory limit; call before preparing a launch that needs more than 48 KiB. */
  setMaxSharedBytes(bytes: number): void;
}
export interface NativeStream extends Handle {
  readonly pointer: bigint;
  /** Resolves when all work enqueued so far is done; never blocks the event loop. */
  synchronize(): Promise<void>;
  /** Work enqueued on this stream later waits, on the device, for the event. */
  waitEvent(event: NativeEvent): void;
  /**
   * Until endCapture() the stream takes launch lists only: transfers, waits, events and graphs are refused. TK_ARGUMENT while a transfer
   * is under way on it.
   */
  beginCapture(): void;
  endCapture(): NativeGraph;
}
export interface NativeEvent extends Handle {
  record(stream: NativeStream | null): void;
  /** Rejects where the event was made without timing. */
  millisecondsSince(start: NativeEvent): Promise<number>;
}
export interface NativeLaunchList extends Handle {
  /**
   * Enqueues all steps, in order, on a stream (null: the list's own device's default stream). Returns at once. Where the run before it was
   * enqueued on another stream, this one waits for it on the device; inside a capture no such wait is made (native/src/stream.h, Sequence).
   */
  run(stream: NativeStream | null, pointers: readonly bigint[]): void;
}
export interface NativeGraph extends Handle {
  /** Ordered after the list's or graph's last launch as in NativeLaunchList.run. */
  launch(stream: NativeStream | null): void;
  readonly nodes: number;
}

export interface CpuTopkJob {
  readonly input: ArrayBufferView | { readonly pointer: bigint; readonly bytes: number };
  readonly values: ArrayBufferView | { readonly pointer: bigint; readonly bytes: number };
  readonly indices: ArrayBufferView | { readonly pointer: bigint; readonly bytes: number };
  readonly lengths: Int32Array | { readonly pointer: bigint; readonly bytes: number } | null;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly rowStride: number;
  readonly dtype: "f32" | "f16" | "bf16";
  readonly order: "largest" | "smallest";
  readonly indexBytes: 4 | 8;
  /** 0: all cores. */
  readonly threads: number;
}

type HostBuffer = ArrayBufferView | { readonly pointer: bigint; readonly bytes: number };

/** A draw from each row of a top-k's answer: docs/contract.md, "Sampling". Each row's parameters are arrays of `rows` entries. */
export interface CpuSampleJob {
  /** rows x k, greatest first. */
  readonly values: HostBuffer;
  /** rows x k, int32. */
  readonly indices: HostBuffer;
  /** f32; null: 1. */
  readonly temperature: HostBuffer | null;
  /** f32; null: 1. */
  readonly topP: HostBuffer | null;
  /** f32; null: 0. */
  readonly minP: HostBuffer | null;
  /** Unsigned 64-bit integers. */
  readonly seeds: HostBuffer;
  readonly offsets: HostBuffer;
  /** int32. */
  readonly tokens: HostBuffer;
  /** f32. */
  readonly logprobs: HostBuffer | null;
  /** int32. */
  readonly kept: HostBuffer | null;
  /** rows x k, f32. */
  readonly candidateLogprobs: HostBuffer | null;
  readonly rows: number;
  readonly k: number;
  readonly dtype: "f32" | "f16" | "bf16";
  /** 0: all cores. */
  readonly threads: number;
}

export interface HostMemory extends Handle {
  readonly pointer: bigint;
  readonly bytes: number;
  /** A view of the memory, which is freed when the handle is closed and the views are gone. TK_ARGUMENT above 4 GiB, which no array holds. */
  readonly bytesView: Uint8Array;
}

/** One launch on the emulator. */
export interface EmulatedLaunch {
  readonly grid: number;
  readonly block: number;
  readonly cluster: number;
  readonly sharedBytes: number;
  /** All parameters are 64 bits wide. */
  readonly parameters: readonly bigint[];
  /** Host memory that the kernel may touch, to the byte. */
  readonly buffers: readonly { readonly name: string; readonly pointer: bigint; readonly bytes: number; readonly writable: boolean }[];
  /** The kernel was compiled in checked mode: each access is looked at. */
  readonly checked: boolean;
  /** 0n: threads and blocks in order, on all cores. Anything else: a random schedule on one core, the same for the same seed. */
  readonly seed: bigint;
  /** 0: no limit. */
  readonly timeoutMilliseconds: number;
}
export interface EmulatedKernel extends Handle {
  /** Off the event loop. Rejects with TK_FAULT and the emulator's report where the kernel did wrong; buffers then hold what it wrote so far. */
  launch(launch: EmulatedLaunch): Promise<void>;
}

export interface NativeAddon {
  readonly version: string;
  driverInfo(): DriverInfo;
  /** Searches once a process, in the order of docs/architecture.md; `refresh` searches again. */
  nvrtcInfo(refresh?: boolean): NvrtcInfo;
  openDevice(ordinal: number): NativeDevice;
  /** Compiles off the event loop, as C++17, contraction off. `arch` as "sm_90" (cubin) or "compute_90" (PTX). `options` follow it. */
  compile(source: string, name: string, arch: string, options: readonly string[]): Promise<CompileResult>;
  allocateHost(bytes: number): HostMemory;
  /** Exact top-k on the CPU, off the event loop, as docs/contract.md has it, bit for bit. All buffer sizes are checked. */
  cpuTopk(job: CpuTopkJob): Promise<void>;
  /** Draws a token from each row of a top-k, off the event loop, as docs/contract.md has it, bit for bit. All buffer sizes are checked. */
  cpuSample(job: CpuSampleJob): Promise<void>;
  /**
   * Loads a kernel's shared object, and the emulator's runtime before it: the first that is asked for, once a process. The files must be whole;
   * a damaged one may end the process. TK_EMULATOR where one cannot be loaded.
   */
  loadEmulatedKernel(runtime: string, object: string, symbol: string): EmulatedKernel;
}
