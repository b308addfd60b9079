/** A workload on the device: its inputs, room for their results, and the answers that the results must equal. */
import { DTYPE_BYTES } from "../dsl/index.ts";
import type { NativeMemory } from "../native/types.ts";
import { fillByCopy } from "../runtime/fill.ts";
import { awaiting, calling } from "../runtime/native-access.ts";
import type { DeviceTensor, RunOutput } from "../runtime/types.ts";
import { ALIGNMENT, type Gpu } from "./gpu.ts";
import { mergeAnswers, type PartAnswer, type PartJob, type PartMaker } from "./input-parts.ts";
import { rawBits } from "./reference.ts";
import type { Workload } from "./workloads.ts";

export interface Answers {
  /** inputs x rows x k */
  readonly values: Float32Array | Uint16Array;
  readonly indices: Int32Array;
}

/** Inputs of a workload, each of its own bits as far as these budgets reach, then repeated. */
export interface InputPlan {
  /** Inputs on the device, each at an address of its own. */
  readonly copies: number;
  /** Inputs that differ; copy c holds input c % distinct. */
  readonly distinct: number;
  /** All copies together are more than twice the L2, so that none is left in it when its turn comes again. */
  readonly outgrowL2: boolean;
  /** From one copy to the next. */
  readonly strideBytes: number;
}

export interface InputBudget {
  /** A graph of more calls would be slow to make, and its go longer than is of use. Tiny inputs that do not fill the L2 in so many are swept from it. */
  readonly copies: number;
  /** Elements of all distinct inputs of a workload. */
  readonly distinctElements: number;
}

/** Making and checking the inputs of a workload should take about a second. */
const BENCH_BUDGET: InputBudget = { copies: 2048, distinctElements: 2 ** 24 };

export function planInputs({ rows, cols, dtype }: Pick<Workload, "rows" | "cols" | "dtype">, l2Bytes: number, budget: InputBudget = BENCH_BUDGET): InputPlan {
  const strideBytes = roundUp(rows * cols * DTYPE_BYTES[dtype], ALIGNMENT);
  const wanted = Math.floor((2 * l2Bytes) / strideBytes) + 1;
  const copies = Math.max(2, Math.min(wanted, budget.copies));
  const distinct = Math.max(1, Math.min(copies, Math.floor(budget.distinctElements / (rows * cols))));
  return { copies, distinct, outgrowL2: wanted <= copies, strideBytes };
}

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

export interface InputSink {
  /** A piece of a distinct input, `element` elements from its start, as it is made; in any order. */
  write(data: Float32Array | Uint16Array, input: number, element: number): Promise<void>;
}

export interface MakeOptions {
  readonly sink?: InputSink | undefined;
  readonly budget?: InputBudget;
}

/** Of results that are downloaded at once. */
const CHECKED_BYTES = 2 ** 26;

export class DeviceInputs {
  readonly workload: Workload;
  readonly plan: InputPlan;
  readonly answers: Answers;
  readonly x: readonly DeviceTensor[];
  readonly out: readonly RunOutput[];
  readonly pointers: readonly { readonly x: bigint; readonly values: bigint; readonly indices: bigint }[];
  readonly #gpu: Gpu;
  readonly #memory: readonly NativeMemory[];

  private constructor(gpu: Gpu, workload: Workload, plan: InputPlan, memory: readonly [NativeMemory, NativeMemory, NativeMemory]) {
    const { rows, cols, k, dtype } = workload;
    const elements = plan.distinct * rows * k;
    this.workload = workload;
    this.plan = plan;
    this.answers = { values: dtype === "f32" ? new Float32Array(elements) : new Uint16Array(elements), indices: new Int32Array(elements) };
    this.#gpu = gpu;
    this.#memory = memory;
    const [x, values, indices] = memory;
    const strides = outputStrides(workload);
    this.pointers = Array.from({ length: plan.copies }, (_, copy) => ({
      x: x.pointer + BigInt(copy * plan.strideBytes),
      values: values.pointer + BigInt(copy * strides.values),
      indices: indices.pointer + BigInt(copy * strides.indices),
    }));
    const { device } = gpu;
    this.x = this.pointers.map((at) => device.wrap(at.x, { shape: [rows, cols], dtype }));
    this.out = this.pointers.map((at) => ({
      values: device.wrap(at.values, { shape: [rows, k], dtype }),
      indices: device.wrap(at.indices, { shape: [rows, k], dtype: "i32" }),
    }));
  }

  /** Makes the inputs, and hands each distinct one to `sink` too. Errors: TK302, TK303 where they do not fit the device. */
  static async make(gpu: Gpu, maker: PartMaker, workload: Workload, seed: number, { sink, budget }: MakeOptions = {}): Promise<DeviceInputs> {
    const { rows, cols, dtype } = workload;
    const plan = planInputs(workload, gpu.info.l2Bytes, budget);
    const strides = outputStrides(workload);
    const memory: NativeMemory[] = [];
    try {
      for (const stride of [plan.strideBytes, strides.values, strides.indices]) memory.push(calling(() => gpu.native.allocate(plan.copies * stride)));
      const inputs = new DeviceInputs(gpu, workload, plan, memory as unknown as [NativeMemory, NativeMemory, NativeMemory]);
      const { pointers } = inputs;
      /** Answers of rows that are longer than a part, by the row. */
      const pieces = new Map<number, (PartAnswer & Pick<PartJob, "firstCol">)[]>();
      await maker.forEach(workload, plan.distinct, seed, async ({ input, firstRow, firstCol, cols: width, data, values, indices }) => {
        const row = input * rows + firstRow;
        if (width === cols) inputs.#setAnswers(row, { values, indices });
        else pieces.set(row, [...(pieces.get(row) ?? []), { firstCol, values, indices }]);
        const element = firstRow * cols + firstCol;
        const offset = BigInt(element * DTYPE_BYTES[dtype]);
        for (let copy = input; copy < plan.copies; copy += plan.distinct) {
          await awaiting(() => gpu.native.upload(pointers[copy]!.x + offset, data, null));
        }
        await sink?.write(data, input, element);
      });
      for (const [row, own] of pieces) inputs.#setAnswers(row, mergeAnswers(workload, own));
      return inputs;
    } catch (error) {
      for (const each of memory) each.close();
      throw error;
    }
  }

  #setAnswers(row: number, { values, indices }: PartAnswer): void {
    const place = row * this.workload.k;
    rawBits(this.answers.values).set(rawBits(values), place);
    this.answers.indices.set(indices, place);
  }

  /** Overwrites all results, so that none of an earlier run can pass for a later one's. */
  async poison(): Promise<void> {
    for (const { pointer, bytes } of this.#memory.slice(1)) await fillByCopy(this.#gpu.native, pointer, 0xa5, bytes);
  }

  /** How many rows of the first `copies` results differ from the reference in any bit. */
  async wrongRows(copies: number): Promise<number> {
    const { rows, k, dtype } = this.workload;
    const strides = outputStrides(this.workload);
    const atOnce = Math.max(1, Math.min(copies, Math.floor(CHECKED_BYTES / (strides.values + strides.indices))));
    // a copy's results and the room behind them, in elements
    const step = { values: strides.values / DTYPE_BYTES[dtype], indices: strides.indices / 4 };
    const values = dtype === "f32" ? new Float32Array(atOnce * step.values) : new Uint16Array(atOnce * step.values);
    const indices = new Int32Array(atOnce * step.indices);
    let wrong = 0;
    for (let from = 0; from < copies; from += atOnce) {
      const count = Math.min(atOnce, copies - from);
      await awaiting(() => this.#gpu.native.download(values.subarray(0, count * step.values), this.pointers[from]!.values, null));
      await awaiting(() => this.#gpu.native.download(indices.subarray(0, count * step.indices), this.pointers[from]!.indices, null));
      for (let copy = 0; copy < count; copy++) {
        const found = {
          values: values.subarray(copy * step.values, copy * step.values + rows * k),
          indices: indices.subarray(copy * step.indices, copy * step.indices + rows * k),
        };
        wrong += countWrongRows(found, this.answers, ((from + copy) % this.plan.distinct) * rows * k, k);
      }
    }
    return wrong;
  }

  close(): void {
    for (const tensor of [...this.x, ...this.out.flatMap(({ values, indices }) => [values, indices])]) tensor.dispose();
    for (const memory of this.#memory) memory.close();
  }
}

/** Rows of k that differ from the answers that begin at `first`. */
export function countWrongRows(found: Answers, answers: Answers, first: number, k: number): number {
  const foundBits = rawBits(found.values);
  const rightBits = rawBits(answers.values);
  let wrong = 0;
  for (let row = 0; row < found.indices.length; row += k) {
    for (let place = row; place < row + k; place++) {
      if (foundBits[place] === rightBits[first + place] && found.indices[place] === answers.indices[first + place]) continue;
      wrong += 1;
      break;
    }
  }
  return wrong;
}

const outputStrides = ({ rows, k, dtype }: Workload): { values: number; indices: number } => ({
  values: roundUp(rows * k * DTYPE_BYTES[dtype], ALIGNMENT),
  indices: roundUp(rows * k * 4, ALIGNMENT),
});
