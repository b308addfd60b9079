/** A device in host memory that computes with the reference, and errs on request: the suite's own test. */
import { referenceTopk } from "../../bench/reference.ts";
import type { CapturedRun, Device, DeviceTensor, HostArray, IndexArray, Plan, PlanOptions, RunOutput, Stream, TensorDtype } from "../../runtime/index.ts";

const ARRAYS = { f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i32: Int32Array, i64: BigInt64Array } as const;

/** What a run may get wrong: it sees the memory right after a right answer was written. */
export interface Written {
  readonly options: PlanOptions;
  readonly values: HostArray;
  readonly indices: IndexArray;
  /** Elements from `from` of x, values or indices, before and behind them too: the whole memory lies there. */
  at(tensor: "x" | "values" | "indices", element: number): DataView;
}
export type Fault = (written: Written) => void;

/** Addresses are numbers into one list of memories; they start 2^32 apart, so that none reaches into the next. */
const APART = 2n ** 32n;

export class FakeDevice implements Device {
  readonly name = "fake";
  readonly arch = "none";
  /** Tensors and plans made and not disposed. */
  live = 0;
  readonly #memories: ArrayBuffer[] = [];
  readonly #fault: Fault;

  constructor(fault: Fault = () => {}) {
    this.#fault = fault;
  }

  empty(shape: readonly [number, number], dtype: TensorDtype): DeviceTensor {
    const bytes = shape[0] * shape[1] * ARRAYS[dtype].BYTES_PER_ELEMENT;
    this.#memories.push(new ArrayBuffer(bytes));
    this.live += 1;
    return this.#tensor(BigInt(this.#memories.length) * APART, shape, dtype, shape[1], () => {
      this.live -= 1;
    });
  }

  tensor(data: HostArray | IndexArray, { shape, dtype }: { readonly shape: readonly [number, number]; readonly dtype: TensorDtype }): DeviceTensor {
    const tensor = this.empty(shape, dtype);
    this.#bytes(tensor.pointer, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return tensor;
  }

  wrap(pointer: bigint, options: { readonly shape: readonly [number, number]; readonly dtype: TensorDtype; readonly rowStride?: number }): DeviceTensor {
    return this.#tensor(pointer, options.shape, options.dtype, options.rowStride ?? options.shape[1], () => {});
  }

  stream(): Stream {
    return { pointer: 0n, synchronize: async () => {}, dispose: () => {}, [Symbol.dispose]: () => {} };
  }

  samplePlan(): never {
    throw new Error("sampling is not faked");
  }

  async plan(options: PlanOptions): Promise<Plan> {
    this.live += 1;
    const run: Plan["run"] = (x, out, given) => this.#run(options, x, out, given?.lengths);
    const dispose = (): void => {
      this.live -= 1;
    };
    return {
      explain: {
        plan: options.force?.plan ?? "fake",
        config: {},
        kernels: [],
        source: options.force === undefined ? "heuristic" : "forced",
        workspaceBytes: 0,
        refused: [],
      },
      run,
      capture: async (x, out): Promise<CapturedRun> => ({ replay: () => run(x, out), [Symbol.dispose]: () => {} }),
      dispose,
      [Symbol.dispose]: dispose,
    };
  }

  dispose(): void {}
  [Symbol.dispose](): void {}

  #bytes(pointer: bigint, bytes: number): Uint8Array {
    const memory = this.#memories[Number(pointer / APART) - 1];
    if (memory === undefined) throw new Error(`nothing lies at ${pointer}`);
    return new Uint8Array(memory, Number(pointer % APART), bytes);
  }

  #tensor(pointer: bigint, shape: readonly [number, number], dtype: TensorDtype, rowStride: number, dispose: () => void): DeviceTensor {
    const size = ARRAYS[dtype].BYTES_PER_ELEMENT;
    const whole = (): Uint8Array => this.#bytes(pointer, shape[0] * shape[1] * size);
    const upload = async (data: HostArray | IndexArray): Promise<void> => whole().set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const toHost = async (): Promise<HostArray | IndexArray> => new ARRAYS[dtype](whole().slice().buffer);
    return { pointer, shape, rowStride, dtype, upload, toHost, dispose, [Symbol.dispose]: dispose };
  }

  #run(options: PlanOptions, x: DeviceTensor, out: RunOutput, lengths?: DeviceTensor): void {
    const { rows, cols, k, dtype, order = "largest", rowStride = cols } = options;
    const size = ARRAYS[dtype].BYTES_PER_ELEMENT;
    const span = rows === 0 ? 0 : (rows - 1) * rowStride + cols;
    // copies, because views must be aligned to their elements and an answer may not lie over its input
    const data = new ARRAYS[dtype](this.#bytes(x.pointer, span * size).slice().buffer);
    const ends = lengths && new Int32Array(this.#bytes(lengths.pointer, rows * 4).slice().buffer);
    const { values, indices } = referenceTopk({ data, rows, cols, k, rowStride, dtype, order, ...(ends && { lengths: ends }) });
    const places = options.indices === "i64" ? BigInt64Array.from(indices, BigInt) : indices;
    this.#bytes(out.values.pointer, values.byteLength).set(new Uint8Array(values.buffer));
    this.#bytes(out.indices.pointer, places.byteLength).set(new Uint8Array(places.buffer));

    const tensors = { x, values: out.values, indices: out.indices };
    this.#fault({
      options,
      values,
      indices: places,
      at: (name, element) => {
        const { pointer, dtype: of } = tensors[name];
        const bytes = ARRAYS[of].BYTES_PER_ELEMENT;
        const found = this.#bytes(pointer + BigInt(element * bytes), bytes);
        return new DataView(found.buffer, found.byteOffset, bytes);
      },
    });
  }
}
