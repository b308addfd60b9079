/** Host memory as a device's: what the backends that compute on the CPU share. Their runs are promises, which the timelines keep in order. */
import { cpus } from "node:os";
import type { BackendMemory, BackendStream } from "./backend.ts";
import { awaiting, calling, native } from "./native-access.ts";

export const cpuName = (): string => cpus()[0]?.model.trim() || "CPU";

/** Zeroed. Errors: TK303. */
export function allocateHost(bytes: number): BackendMemory {
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

export function wrapHost(pointer: bigint, bytes: number): BackendMemory {
  return {
    pointer,
    bytes,
    write: (offset, source) => copyBytes(source, { pointer: pointer + BigInt(offset), bytes: source.byteLength }, source.byteLength),
    read: (destination, offset) => copyBytes({ pointer: pointer + BigInt(offset), bytes: destination.byteLength }, destination, destination.byteLength),
    close: () => {},
  };
}

/** Nothing is queued below the timelines. */
export const hostStream = (): BackendStream => ({ pointer: 0n, synchronize: async () => {}, close: () => {} });

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
