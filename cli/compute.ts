/** One top-k on a device, timed: what `run` shows. */

import { candidates } from "../runtime/backends.ts";
import type { HostInput } from "../runtime/host-input.ts";
import { open, TopkitError } from "../runtime/index.ts";
import type { ConcreteBackend, Device, DeviceTensor, HostArray, IndexArray, Plan, PlanExplanation, PlanOptions } from "../runtime/types.ts";

export interface Outcome {
  readonly backend: ConcreteBackend;
  readonly device: string;
  readonly arch: string;
  readonly explain: PlanExplanation;
  readonly values: HostArray;
  readonly indices: IndexArray;
  /** From nothing to results on the host: compilation or cache, copies, run. */
  readonly firstMs: number;
  /** Absent for the emulator, whose times say nothing of a kernel's speed. */
  readonly steady?: Steady;
}

export interface Steady {
  /** Median of `repeats` runs on data already on the device, enqueued and waited for one by one. */
  readonly steadyMs: number;
  readonly repeats: number;
}

/** Enough for a median; fewer where a run is long. */
const MAX_REPEATS = 51;
const REPEAT_MS = 1000;

export async function compute(input: HostInput, force: PlanOptions["force"]): Promise<Outcome> {
  const { request, data, lengths } = input;
  const { rows, cols, k, dtype, rowStride, order, indexBytes } = request;
  const indices = indexBytes === 8 ? "i64" : "i32";
  const start = performance.now();
  const { device, plan, backend } = await openAndPlan(input.backend, {
    ...{ rows, cols, k, dtype, rowStride, order, indices, lengths: lengths !== null },
    ...(force === undefined ? {} : { force }),
  });
  try {
    const x = device.tensor(data, { shape: [rows, cols], dtype });
    const ends: DeviceTensor | undefined = lengths === null ? undefined : device.tensor(lengths, { shape: [rows, 1], dtype: "i32" });
    const out = { values: device.empty([rows, k], dtype), indices: device.empty([rows, k], indices) };
    const stream = device.stream();
    const options = { stream, ...(ends === undefined ? {} : { lengths: ends }) };
    plan.run(x, out, options);
    const values = (await out.values.toHost()) as HostArray;
    const found = (await out.indices.toHost()) as IndexArray;
    const firstMs = performance.now() - start;

    const { name, arch } = device;
    const ran = { backend, device: name, arch, explain: plan.explain, values, indices: found, firstMs };
    if (backend === "emulate") return ran;
    const again = async (): Promise<void> => {
      plan.run(x, out, options);
      await stream.synchronize();
    };
    return { ...ran, steady: await measured(again) };
  } finally {
    device.dispose();
  }
}

async function measured(run: () => Promise<void>): Promise<Steady> {
  const times: number[] = [];
  for (const begin = performance.now(); times.length < MAX_REPEATS && (times.length === 0 || performance.now() - begin < REPEAT_MS); ) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { steadyMs: times[times.length >> 1] ?? 0, repeats: times.length };
}

/** As topk() does: "auto" goes on to the CPU where no GPU plan answers the shape, unless one is forced. */
async function openAndPlan(wanted: HostInput["backend"], options: PlanOptions): Promise<{ device: Device; plan: Plan; backend: ConcreteBackend }> {
  const backends = candidates(wanted);
  for (const [place, backend] of backends.entries()) {
    const device = await open({ backend });
    try {
      return { device, plan: await device.plan(options), backend };
    } catch (error) {
      device.dispose();
      if (place === backends.length - 1 || !(error instanceof TopkitError && error.code === "TK112")) throw error;
    }
  }
  throw new Error("candidates() names at least one backend");
}
