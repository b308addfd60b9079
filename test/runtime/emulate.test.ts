/** The emulate backend through the public API: the plans that a GPU would run, bit for bit. */
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Plan as DeclaredPlan, plans, resolve } from "../../dsl/index.ts";
import { type Device, type DeviceTensor, type Dtype, type HostArray, isAvailable, open, type PlanOptions, topk } from "../../runtime/index.ts";
import { oracleTopk, rawBits } from "../support/oracle.ts";
import "../support/compiled-cache.ts";

let device: Device;
beforeAll(async () => {
  device = await open({ backend: "emulate" });
});
afterAll(() => device.dispose());
afterEach(() => vi.unstubAllEnvs());

/** Bits without a pattern, NaNs and infinities among them, and every value several times. */
function data(dtype: Dtype, length: number, seed = 1): HostArray {
  const bits = Uint32Array.from({ length }, (_, at) => Math.imul((at % 3001) + seed, 0x9e3779b1));
  return dtype === "f32" ? new Float32Array(bits.buffer) : Uint16Array.from(bits, (each) => each >>> 16);
}

/** Rows, columns and k, the least of these that the plan answers. */
const sizeFor = (plan: DeclaredPlan): readonly [rows: number, cols: number, k: number] =>
  (
    [
      [3, 250, 30],
      [3, 5003, 30],
      [33, 4099, 30],
      [3, 5003, 300],
    ] as const
  ).find(([rows, cols, k]) => resolve(plan, { rows, cols, k, rowStride: cols, dtype: "f32", order: "largest", indexBytes: 4 }).ok)!;

interface Outputs {
  readonly values: DeviceTensor;
  readonly indices: DeviceTensor;
}

const outputs = ({ rows, k, dtype, indices = "i32" }: PlanOptions): Outputs => ({
  values: device.empty([rows, k], dtype),
  indices: device.empty([rows, k], indices),
});

const read = async ({ values, indices }: Outputs) => ({
  values: rawBits((await values.toHost()) as HostArray),
  indices: Array.from((await indices.toHost()) as Int32Array | BigInt64Array, Number),
});

const expected = (x: HostArray, { lengths: _, ...options }: PlanOptions, lengths?: Int32Array) => {
  const { values, indices } = oracleTopk({ data: x, ...options, ...(lengths && { lengths }) });
  return { values: rawBits(values), indices: [...indices] };
};

describe("every plan", () => {
  const variations: readonly (Partial<PlanOptions> & { readonly dtype: Dtype })[] = [
    { dtype: "bf16" },
    { dtype: "f32", order: "smallest" },
    { dtype: "f16", indices: "i64", lengths: true, rowStride: 5010 },
  ];
  for (const plan of plans) {
    for (const variation of variations) {
      it(`${plan.name} ${JSON.stringify(variation)}`, async () => {
        const [rows, cols, k] = sizeFor(plan);
        const options: PlanOptions = { rows, cols, k, force: { plan: plan.name }, ...variation };
        const { dtype, rowStride = cols } = options;
        const x = data(dtype, (rows - 1) * rowStride + cols);
        const lengths = options.lengths ? Int32Array.from({ length: rows }, (_, row) => [cols - 1, -3, 12][row % 3]!) : undefined;
        // an address that is a multiple of the element only, and memory that ends with the last row
        const memory = device.tensor(data(dtype, x.length + 1, 9), { shape: [1, x.length + 1], dtype });
        const all = data(dtype, x.length + 1, 9);
        all.set(x, 1);
        await memory.upload(all);
        const base = memory.pointer + BigInt(x.BYTES_PER_ELEMENT);
        const input = device.wrap(base, { shape: [rows, cols], dtype, rowStride });
        const ends = lengths && device.tensor(lengths, { shape: [rows, 1], dtype: "i32" });
        const out = outputs(options);
        const prepared = await device.plan(options);
        expect(prepared.explain).toMatchObject({ plan: plan.name, source: "forced" });
        for (const kernel of prepared.explain.kernels)
          expect(kernel).toMatchObject({ name: expect.toBeOneOf(plan.stages.map(({ name }) => name)), launches: 1 });
        prepared.run(input, out, ends ? { lengths: ends } : {});
        expect(await read(out)).toEqual(expected(x, options, lengths));
      });
    }
  }
});

describe("schedules", () => {
  const options: PlanOptions = { rows: 2, cols: 5003, k: 50, dtype: "bf16", force: { plan: "stream_heap" } };
  const x = data("bf16", 2 * 5003);

  const run = async (): Promise<Awaited<ReturnType<typeof read>>> => {
    using plan = await device.plan(options);
    const out = outputs(options);
    plan.run(device.tensor(x, { shape: [2, 5003], dtype: "bf16" }), out);
    return read(out);
  };

  it.each(["1", "2", "3", "18446744073709551615"])("change no answer: seed %s", async (seed) => {
    vi.stubEnv("TOPKIT_EMULATE_SEED", seed);
    expect(await run()).toEqual(expected(x, options));
  });

  it("change no answer where nothing is checked", async () => {
    vi.stubEnv("TOPKIT_EMULATE", "fast");
    expect(await run()).toEqual(expected(x, options));
    vi.stubEnv("TOPKIT_EMULATE_SEED", "4");
    expect(await run()).toEqual(expected(x, options));
  });
});

it("is available, and chooses as a GPU would", async () => {
  expect(isAvailable("emulate")).toEqual({ ok: true });
  expect(device.arch).toBe("sm_90");
  const plan = await device.plan({ rows: 1, cols: 5003, k: 50, dtype: "bf16" });
  expect(plan.explain).toMatchObject({
    plan: "cluster_select",
    source: "heuristic",
    refused: [{ plan: "bitonic_block" }, { plan: "cluster_sort" }, { plan: "block_select" }],
  });
  const many = await device.plan({ rows: 1, cols: 9003, k: 500, dtype: "bf16" });
  const refused = ["cluster_select", "warp_select", "bitonic_block", "block_select"].map((name) => ({ plan: name }));
  expect(many.explain).toMatchObject({ plan: "cluster_sort", source: "heuristic", refused });
});

it("orders runs of streams, and replays what was captured with the data of the moment", async () => {
  const options: PlanOptions = { rows: 2, cols: 250, k: 9, dtype: "f32" };
  const plan = await device.plan(options);
  const x = device.empty([2, 250], "f32");
  const [a, b] = [outputs(options), outputs(options)];
  const captured = await plan.capture(x, a);
  const streams = [device.stream(), device.stream()];
  for (const seed of [5, 6, 7]) {
    const now = data("f32", 500, seed);
    const uploaded = x.upload(now);
    captured.replay(streams[0]);
    plan.run(x, b, { stream: streams[1]! });
    await Promise.all([uploaded, ...streams.map((stream) => stream.synchronize())]);
    expect(await Promise.all([read(a), read(b)])).toEqual([expected(now, options), expected(now, options)]);
  }
  captured[Symbol.dispose]();
});

it("answers topk(), calls side by side and no rows included", async () => {
  const x = data("f16", 3 * 5003);
  const lengths = Int32Array.of(5003, 4, 0);
  const options = { rows: 3, k: 11, dtype: "f16", order: "smallest" } as const;
  const answers = await Promise.all([1, 2, 3].map(() => topk(x, { ...options, lengths, backend: "emulate" })));
  const { values, indices } = oracleTopk({ data: x, cols: 5003, ...options, lengths });
  for (const answer of answers) expect(answer).toEqual({ values, indices, dims: [3, 11], dtype: "f16", backend: "emulate" });
  const none = await topk(new Float32Array(0), { k: 2, rows: 0, cols: 9, backend: "emulate" });
  expect(none).toMatchObject({ values: new Float32Array(0), dims: [0, 2] });
});

it("leaves the event loop free while a kernel runs", async () => {
  const x = data("bf16", 8 * 50304);
  let turns = 0;
  let running = true;
  const count = (): void => {
    turns += 1;
    if (running) setImmediate(count);
  };
  const answer = topk(x, { rows: 8, k: 50, dtype: "bf16", backend: "emulate" });
  count();
  await answer;
  running = false;
  expect(turns).toBeGreaterThan(100);
});

describe("worker threads", () => {
  /** A worker that answers a top-k, then stays. Its messages are kept from its start on. */
  function start(rows: number): { readonly worker: Worker; readonly begun: Promise<unknown>; readonly answered: Promise<unknown> } {
    const worker = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
       parentPort.on("message", () => {});
       (async () => {
         (await import(workerData.loader)).register();
         const { topk } = await import(workerData.runtime);
         const x = Float32Array.from({ length: ${rows} * 5003 }, (_, at) => at % 5003);
         parentPort.postMessage({ begun: true });
         const { indices } = await topk(x, { rows: ${rows}, k: 3, backend: "emulate" });
         parentPort.postMessage({ answered: [...indices.slice(0, 3)] });
       })();`,
      { eval: true, workerData: { loader: "tsx/esm/api", runtime: new URL("../../runtime/index.ts", import.meta.url).href } },
    );
    const told = (name: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        worker.on("message", (message: Record<string, unknown>) => name in message && resolve(message[name]));
        worker.on("error", reject);
      });
    return { worker, begun: told("begun"), answered: told("answered") };
  }

  it("emulate beside each other and the main thread", async () => {
    const started = [start(2), start(3)];
    await Promise.all(started.map(({ begun }) => begun));
    const { indices } = await topk(data("bf16", 5003), { k: 2, dtype: "bf16", backend: "emulate" });
    expect(indices).toEqual(oracleTopk({ data: data("bf16", 5003), rows: 1, cols: 5003, k: 2, dtype: "bf16" }).indices);
    for (const { worker, answered } of started) {
      expect(await answered).toEqual([5002, 5001, 5000]);
      await worker.terminate();
    }
  });

  it("may end in the middle of a launch", async () => {
    const { worker, begun } = start(600);
    await begun;
    // time to begin the launch, which takes longer
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await worker.terminate()).toBe(1);
    const { indices } = await topk(Float32Array.of(1, 3, 2), { k: 1, backend: "emulate" });
    expect(indices).toEqual(Int32Array.of(1));
  });
});

it("keeps nothing: memory, kernels and stacks of devices that are gone", { timeout: 300_000 }, async () => {
  const x = data("bf16", 4 * 5003);
  const once = async (): Promise<void> => {
    using own = await open({ backend: "emulate" });
    const plan = await own.plan({ rows: 4, cols: 5003, k: 50, dtype: "bf16" });
    const out = { values: own.empty([4, 50], "bf16"), indices: own.empty([4, 50], "i32") };
    plan.run(own.tensor(x, { shape: [4, 5003], dtype: "bf16" }), out);
    await out.indices.toHost();
    for (const handle of [plan, out.values, out.indices]) handle.dispose();
  };
  for (let warm = 0; warm < 20; warm += 1) await once();
  const before = process.memoryUsage.rss();
  for (let repeat = 0; repeat < 200; repeat += 1) await once();
  // a run's memory is 50 kB, its stacks are 4 MB
  expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 2 ** 20);
});
