/** The cpu backend: the device API over host memory. Runs are promises, which the timelines of streams and tensors keep in order. */
import { cpus } from "node:os";
import { DTYPE_BYTES, type Request, spanOf } from "../dsl/index.ts";
import type { BackendDevice, BackendGraph, BackendMemory, BackendPlan, BackendPlanOptions, BackendStream, HostJob, RunPointers } from "./backend.ts";
import { TopkitError } from "./errors.ts";
import { awaiting, calling, native } from "./native-access.ts";
import type { PlanExplanation } from "./types.ts";

/** Why the CPU backend cannot be used, or undefined. TK201. */
export function cpuProblem(): TopkitError | undefined {
  try {
    native();
    return undefined;
  } catch (error) {
    if (error instanceof TopkitError) return error;
    throw error;
  }
}

/** Errors: TK201, TK203. */
export function openCpu(ordinal: number): BackendDevice {
  if (ordinal !== 0) throw new TopkitError("TK203", `there is no CPU device ${ordinal}; the CPU, with all its cores, is device 0`, { device: ordinal });
  native();
  return new CpuDevice();
}

class CpuDevice implements BackendDevice {
  readonly backend = "cpu";
  readonly queues = false;
  readonly name = cpus()[0]?.model.trim() || "CPU";
  readonly arch = process.arch;

  allocate(bytes: number): BackendMemory {
    const memory = calling(() => native().allocateHost(bytes));
    const view = memory.bytesView;
    return {
      pointer: memory.pointer,
      bytes,
      write: async (offset, source) => view.set(bytesOf(source), offset),
      read: async (destination, offset) => bytesOf(destination).set(view.subarray(offset, offset + destination.byteLength)),
      close: () => memory.close(),
    };
  }

  wrap(pointer: bigint, bytes: number): BackendMemory {
    return {
      pointer,
      bytes,
      write: (offset, source) => copyBytes(source, { pointer: pointer + BigInt(offset), bytes: source.byteLength }, source.byteLength),
      read: (destination, offset) => copyBytes({ pointer: pointer + BigInt(offset), bytes: destination.byteLength }, destination, destination.byteLength),
      close: () => {},
    };
  }

  createStream(): BackendStream {
    return { pointer: 0n, synchronize: async () => {}, close: () => {} };
  }

  /** Nothing is queued below the timelines. */
  async synchronize(): Promise<void> {}

  async plan(request: Request, { force }: BackendPlanOptions): Promise<BackendPlan> {
    if (force !== undefined)
      throw new TopkitError("TK113", `plan "${force.plan}" is forced; the cpu backend has one way only: leave force out, or use backend "cuda"`, { force });
    return new CpuPlan(request);
  }

  hostTopk({ request, data, lengths, values, indices }: HostJob): Promise<void> {
    return awaiting(() => native().cpuTopk({ ...request, input: data, lengths, values, indices, threads: 0 }));
  }

  close(): void {}
}

type NativeBuffer = ArrayBufferView | { readonly pointer: bigint; readonly bytes: number };

const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

const COPY_ROWS = 2 ** 20;

/** To or from memory that is known by its address only. The top-1 of rows of one column is a copy of them, bit for bit. */
async function copyBytes(source: NativeBuffer, destination: NativeBuffer, bytes: number): Promise<void> {
  const { dtype, size } = bytes % 4 === 0 ? ({ dtype: "f32", size: 4 } as const) : ({ dtype: "bf16", size: 2 } as const);
  for (let offset = 0; offset < bytes; offset += COPY_ROWS * size) {
    const rows = Math.min(COPY_ROWS, (bytes - offset) / size);
    const input = part(source, offset, rows * size);
    const values = part(destination, offset, rows * size);
    const job = {
      input,
      values,
      indices: new Int32Array(rows),
      lengths: null,
      rows,
      cols: 1,
      k: 1,
      rowStride: 1,
      dtype,
      order: "largest",
      indexBytes: 4,
      threads: 0,
    } as const;
    await awaiting(() => native().cpuTopk(job));
  }
}

const part = (whole: NativeBuffer, offset: number, bytes: number): NativeBuffer =>
  "pointer" in whole ? { pointer: whole.pointer + BigInt(offset), bytes } : new Uint8Array(whole.buffer, whole.byteOffset + offset, bytes);

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
