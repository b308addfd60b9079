/** A matrix in device memory. */
import { DTYPE_BYTES } from "../dsl/index.ts";
import type { BackendMemory } from "./backend.ts";
import { checkArray, checkInteger, checkOneOf, MAX_COLS, MAX_ROWS, newArray, TENSOR_DTYPES, unshared } from "./check.ts";
import type { DeviceHandle } from "./device.ts";
import { shown, TopkitError } from "./errors.ts";
import { OwnedHandle } from "./handle.ts";
import type { StreamHandle } from "./stream.ts";
import type { DeviceTensor, HostArray, IndexArray, TensorDtype } from "./types.ts";

const BYTES: Readonly<Record<TensorDtype, number>> = { ...DTYPE_BYTES, i32: 4, i64: 8 };

export interface TensorLayout {
  readonly shape: readonly [rows: number, cols: number];
  readonly dtype: TensorDtype;
  readonly rowStride: number;
  readonly elementBytes: number;
  /** From the first element to one past the last. */
  readonly spanBytes: number;
}

/** Errors: TK103, TK104, TK106. */
export function checkLayout(shape: unknown, dtype: unknown, stride?: unknown): TensorLayout {
  checkOneOf("TK103", "dtype", dtype, TENSOR_DTYPES);
  if (!Array.isArray(shape) || shape.length !== 2) throw new TopkitError("TK104", `shape is ${shown(shape)}; give [rows, cols]`);
  const [rows, cols]: unknown[] = shape;
  checkInteger("TK104", "shape[0]", rows, 0, MAX_ROWS, "the number of rows");
  checkInteger("TK104", "shape[1]", cols, 0, MAX_COLS, "the elements of a row");
  const rowStride = stride ?? cols;
  checkInteger("TK106", "rowStride", rowStride, cols, Number.MAX_SAFE_INTEGER, "elements from one row's start to the next one's, at least cols");
  const elementBytes = BYTES[dtype];
  const spanBytes = rows === 0 || cols === 0 ? 0 : ((rows - 1) * rowStride + cols) * elementBytes;
  if (!Number.isSafeInteger(spanBytes)) {
    throw new TopkitError("TK104", `a tensor of ${rows} x ${cols}, rows ${rowStride} apart, is beyond what can be addressed; make it smaller`, {
      rows,
      cols,
      rowStride,
    });
  }
  return { shape: Object.freeze([rows, cols] as const), dtype, rowStride, elementBytes, spanBytes };
}

export class TensorHandle extends OwnedHandle implements DeviceTensor {
  readonly kind = "tensor";
  readonly #pointer: bigint;
  readonly #start: number;
  readonly #layout: TensorLayout;
  /** null where there are no elements. */
  readonly #memory: BackendMemory | null;
  readonly #device: DeviceHandle;
  /** Where the runs that touched the tensor went: copies follow them there. */
  #stream: StreamHandle | undefined;
  /** Runs went to several streams since the last copy: a copy waits for all of them. */
  #spread = false;

  constructor(device: DeviceHandle, layout: TensorLayout, memory: BackendMemory | null) {
    super(device);
    this.#device = device;
    this.#layout = layout;
    this.#memory = memory;
    this.#pointer = memory?.pointer ?? 0n;
    this.#start = Number(this.#pointer);
  }

  // Getters, so that nobody sets them: the kernels go where they say.
  get pointer(): bigint {
    return this.#pointer;
  }

  get shape(): readonly [number, number] {
    return this.#layout.shape;
  }

  get dtype(): TensorDtype {
    return this.#layout.dtype;
  }

  get rowStride(): number {
    return this.#layout.rowStride;
  }

  /** Addresses as numbers, exact below 2^53, for cheap overlap checks. */
  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#start + this.#layout.spanBytes;
  }

  /** A run on `stream` reads or writes the tensor. */
  touchedOn(stream: StreamHandle): void {
    if (this.#stream === stream) return;
    this.#spread ||= this.#stream !== undefined;
    this.#stream = stream;
  }

  get elements(): number {
    return this.shape[0] * this.shape[1];
  }

  async upload(data: HostArray | IndexArray): Promise<void> {
    this.checkAlive();
    const source = unshared(checkArray("data", data, this.dtype, this.elements));
    await this.#copy(async (memory, stream) => {
      try {
        for (const { from, to, offset } of this.#pieces()) await memory.write(offset, source.subarray(from, to), stream);
        this.failure = undefined;
      } catch (error) {
        // a run must not read what did not arrive
        this.failure = { error };
        throw error;
      }
    });
  }

  async toHost(): Promise<HostArray | IndexArray> {
    this.checkAlive();
    const result = newArray(this.dtype, this.elements);
    await this.#copy(async (memory, stream) => {
      this.raise();
      for (const { from, to, offset } of this.#pieces()) await memory.read(result.subarray(from, to), offset, stream);
    });
    return result;
  }

  /** What one copy moves: everything where rows are packed, else a row at a time, so that what lies between rows stays. */
  *#pieces(): Generator<{ from: number; to: number; offset: number }> {
    const { rowStride, elementBytes } = this.#layout;
    const [rows, cols] = this.shape;
    if (rowStride === cols || rows === 1) {
      yield { from: 0, to: rows * cols, offset: 0 };
      return;
    }
    for (let row = 0; row < rows; row += 1) yield { from: row * cols, to: (row + 1) * cols, offset: row * rowStride * elementBytes };
  }

  /** Copies after the runs that touched the tensor; the memory is not freed before the copy is done. */
  async #copy(move: (memory: BackendMemory, stream: StreamHandle["backend"]) => Promise<void>): Promise<void> {
    const memory = this.#memory;
    if (memory === null) return;
    const { defaultStream, backend } = this.#device;
    const spread = this.#spread || this.#stream?.disposed === true;
    const stream = spread ? defaultStream : (this.#stream ?? defaultStream);
    if (spread) {
      this.#spread = false;
      this.#stream = undefined;
    }
    await this.#device.follow([this, stream], async () => {
      if (spread) await backend.synchronize();
      await move(memory, stream.backend);
    });
  }

  protected override release(): void {
    this.#memory?.close();
  }
}
