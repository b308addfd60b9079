/** Runs one case on a device, with guards about the outputs and the input checked afterwards. */
import type { Device, DeviceTensor, HostArray, IndexArray, Plan, PlanOptions, Stream, TensorDtype } from "../../runtime/index.ts";
import { scoped, type TopkCase } from "./case.ts";
import { checkAnswer, checkUntouched, Mismatch } from "./check.ts";
import { GUARD, type Job } from "./job.ts";
import { emptyOf } from "./patterns.ts";

const BYTES: Readonly<Record<TensorDtype, number>> = { f32: 4, f16: 2, bf16: 2, i32: 4, i64: 8 };

export function planOptions(c: TopkCase): PlanOptions {
  const { rows, cols, k, dtype, order, indices = "i32" } = c;
  const force = c.plan === undefined ? {} : { force: { plan: c.plan, ...(c.config && { config: c.config }) } };
  return { rows, cols, k, dtype, order, indices, rowStride: cols + (c.gap ?? 0), lengths: c.lengths ?? false, ...force };
}

/** Elements between two guards: `memory` is the whole, `tensor` what lies between. */
interface Guarded {
  readonly memory: DeviceTensor;
  readonly tensor: DeviceTensor;
  /** Throws where a guard was touched; gives what lies between. */
  read(): Promise<HostArray | IndexArray>;
}

const arrayOf = (dtype: TensorDtype, length: number): HostArray | IndexArray =>
  dtype === "i32" ? new Int32Array(length) : dtype === "i64" ? new BigInt64Array(length) : emptyOf(dtype, length);

function withCanary<T extends HostArray | IndexArray>(data: T): T {
  new Uint8Array(data.buffer).fill(0xa5);
  return data;
}

/**
 * One element past the first guard, so that outputs are aligned to their elements only: the contract promises no more.
 */
async function guarded(device: Device, what: string, shape: readonly [number, number], dtype: TensorDtype): Promise<Guarded & Disposable> {
  const elements = shape[0] * shape[1];
  const first = GUARD + 1;
  const canary = withCanary(arrayOf(dtype, first + elements + GUARD));
  const memory = device.empty([1, canary.length], dtype);
  await memory.upload(canary);
  return {
    memory,
    tensor: device.wrap(memory.pointer + BigInt(first * BYTES[dtype]), { shape, dtype }),
    read: async () => {
      const now = await memory.toHost();
      checkUntouched(`the guard before ${what}`, now.subarray(0, first), canary.subarray(0, first));
      checkUntouched(`the guard behind ${what}`, now.subarray(first + elements), canary.subarray(first + elements));
      return now.subarray(first, first + elements);
    },
    [Symbol.dispose]: () => memory.dispose(),
  };
}

/** What the runtime says it chose must be what was forced. */
function checkForced(c: TopkCase, plan: Plan): void {
  if (c.plan === undefined) return;
  const { explain } = plan;
  if (explain.plan !== c.plan || explain.source !== "forced") throw new Mismatch(`plan ${c.plan} was forced; ${explain.plan} (${explain.source}) ran`);
  const owners = [{ name: explain.plan, config: explain.config }, ...explain.kernels];
  for (const [name, value] of Object.entries(c.config ?? {})) {
    const [owner, tunable] = name.includes(".") ? (name.split(".") as [string, string]) : [undefined, name];
    for (const { name: who, config } of owners.filter((one) => owner === undefined || one.name === owner)) {
      const ran = config[tunable];
      // a chunk size of 0 lets it follow, and is explained by what followed
      if (ran !== undefined && ran !== value && value !== 0) throw new Mismatch(`${name}=${value} was forced; ${who} ran with ${tunable}=${ran}`);
    }
  }
}

/** Throws a Mismatch where the answer, a guard or the input is not as it must be. */
export async function execute(device: Device, stream: Stream, plan: Plan, c: TopkCase, job: Job): Promise<void> {
  const { rows, cols, k, dtype, gap = 0, indices = "i32" } = c;
  checkForced(c, plan);
  await scoped(async (own) => {
    const input = own(device.empty([1, job.memory.length], dtype));
    await input.upload(job.memory);
    const x = device.wrap(input.pointer + BigInt(job.base * BYTES[dtype]), { shape: [rows, cols], dtype, rowStride: cols + gap });
    const values = own(await guarded(device, "values", [rows, k], dtype));
    const places = own(await guarded(device, "indices", [rows, k], indices));
    const lengths = job.lengths && own(device.tensor(job.lengths, { shape: [1, rows], dtype: "i32" }));

    plan.run(x, { values: values.tensor, indices: places.tensor }, { stream, ...(lengths && { lengths }) });
    // the tensors read below are others than those that ran: only the stream orders them
    await stream.synchronize();

    const answer = { values: (await values.read()) as HostArray, indices: (await places.read()) as IndexArray };
    checkAnswer(answer, rows, k, job.expected, job.kept);
    checkUntouched("the input", await input.toHost(), job.memory);
    if (lengths && job.lengths) checkUntouched("lengths", await lengths.toHost(), job.lengths);
  });
}
