/**
 * Does one kind of work over and over and prints by how much memory grew: `node --expose-gc memory-child.ts WORK ROUNDS`, with the fake driver in
 * the environment for the cuda work. LEAK=1 keeps what each round made, to show that the measure sees it.
 */
import { addon } from "../../native/index.ts";
import { open, topk } from "../../runtime/index.ts";
import type { Device } from "../../runtime/types.ts";
import { useFakeCuda } from "./fake-cuda.ts";

/** Larger than a page, so that what is kept shows: 64 KiB. */
const COLS = 16_384;
const x = Float32Array.from({ length: COLS }, (_, col) => (col * 7919) % COLS);
const kept: unknown[] = [];

async function useDevice(device: Device): Promise<unknown> {
  const tensor = device.tensor(x, { shape: [1, COLS], dtype: "f32" });
  const out = { values: device.empty([1, 8], "f32"), indices: device.empty([1, 8], "i32") };
  const stream = device.stream();
  const plan = await device.plan({ rows: 1, cols: COLS, k: 8, dtype: "f32" });
  plan.run(tensor, out, { stream });
  const captured = await plan.capture(tensor, out);
  captured.replay(stream);
  await stream.synchronize();
  const found = [tensor, await out.indices.toHost()];
  if (process.env.LEAK === "1") return [tensor, captured];
  for (const handle of [captured, plan, stream, tensor, out.values, out.indices]) handle[Symbol.dispose]();
  return found;
}

async function refusals(): Promise<void> {
  const wrong: (() => unknown)[] = [
    () => topk(x, { k: 0 }),
    () => topk(x, { k: COLS + 1, backend: "cpu" }),
    () => topk(new Uint16Array(4), { k: 1 }),
    () => topk(new Float32Array(new SharedArrayBuffer(64)), { k: 99 }),
    () => addon().cpuTopk({ rows: 1 } as never),
    () => addon().allocateHost(2 ** 53 - 1),
    () => open({ device: 99 }),
  ];
  for (const call of wrong) {
    let failed = false;
    try {
      await call();
    } catch {
      failed = true;
    }
    if (!failed) throw new Error(`${call} was to fail`);
  }
}

/** A result of a round; what a leak would keep. */
const WORKS: Readonly<Record<string, () => Promise<unknown>>> = {
  topk: () => topk(x, { k: COLS, backend: "cpu" }),
  shared: () => topk(new Float32Array(new SharedArrayBuffer(4 * COLS)), { k: COLS, backend: "cpu" }),
  refusals,
  cpu: async () => {
    const device = await open({ backend: "cpu" });
    const result = await useDevice(device);
    if (process.env.LEAK !== "1") device.dispose();
    return result;
  },
  forgotten: async () => {
    const device = await open({ backend: "cpu" });
    return device.tensor(x, { shape: [1, COLS], dtype: "f32" });
  },
  cuda: async () => {
    const device = await open({ backend: "cuda" });
    const result = await useDevice(device);
    if (process.env.LEAK !== "1") device.dispose();
    return result;
  },
  cudaTopk: () => topk(x, { k: 1000, backend: "cuda" }),
};

const [name = "", rounds] = process.argv.slice(2);
const work = WORKS[name];
if (work === undefined) throw new Error(`the work is one of ${Object.keys(WORKS).join(", ")}`);
if (name.startsWith("cuda")) useFakeCuda();

async function repeat(times: number): Promise<void> {
  for (let round = 0; round < times; round += 1) {
    const result = await work?.();
    if (process.env.LEAK === "1") kept.push(result ?? new Float32Array(x));
    // what is collected is freed in turns of the event loop: a program that never yields frees nothing
    await new Promise((done) => setImmediate(done));
  }
  for (let turn = 0; turn < 5; turn += 1) {
    gc?.();
    await new Promise((done) => setImmediate(done));
  }
}

await repeat(Math.ceil(Number(rounds) / 2));
const before = process.memoryUsage();
await repeat(Number(rounds));
const after = process.memoryUsage();
const grown = (key: "rss" | "heapUsed" | "external" | "arrayBuffers"): number => after[key] - before[key];
console.log(JSON.stringify({ rss: grown("rss"), heapUsed: grown("heapUsed"), external: grown("external"), arrayBuffers: grown("arrayBuffers") }));
