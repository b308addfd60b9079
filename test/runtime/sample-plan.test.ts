/** samplePlan(): on the CPU and the emulator what sample() draws; what it refuses; and what it launches on a GPU. */
import { afterEach, describe, expect, it } from "vitest";
import { random } from "../../bench/random.ts";
import { type Device, open, sample } from "../../runtime/index.ts";
import { useNative } from "../../runtime/native-access.ts";
import "../support/compiled-cache.ts";
import { failsWith } from "./fails-with.ts";
import { FakeNative } from "./fake-native.ts";

const [rows, cols, k] = [5, 700, 20];
const source = random(9, 0);
const logits = Float32Array.from({ length: rows * cols }, () => source.normal() * 3);
const temperature = Float32Array.of(1, 0, 0.5, 2, 1);
const topP = Float32Array.of(1, 0.5, 0.9, 0.2, 1);
const column = { shape: [rows, 1], dtype: "f32" } as const;
const words = (first: bigint): BigInt64Array => BigInt64Array.from({ length: rows }, (_, row) => first + BigInt(row));

function tensorsOn(device: Device) {
  return {
    x: device.tensor(logits, { shape: [rows, cols], dtype: "f32" }),
    parameters: {
      temperature: device.tensor(temperature, column),
      topP: device.tensor(topP, column),
      // read as unsigned
      seeds: device.tensor(new BigInt64Array(rows).fill(-3n), { shape: [rows, 1], dtype: "i64" }),
      offsets: device.tensor(words(40n), { shape: [1, rows], dtype: "i64" }),
    },
    out: {
      tokens: device.empty([rows, 1], "i32"),
      logprobs: device.empty([rows, 1], "f32"),
      candidates: { kept: device.empty([rows, 1], "i32"), indices: device.empty([rows, k], "i32"), logprobs: device.empty([rows, k], "f32") },
    },
  };
}

const options = { rows, cols, k, dtype: "f32" } as const;

describe.each(["cpu", "emulate"] as const)("on %s", { timeout: 60_000 }, (backend) => {
  it("draws what sample() draws, and again with what the tensors hold then", async () => {
    using device = await open({ backend });
    using plan = await device.samplePlan(options);
    const { x, parameters, out } = tensorsOn(device);
    const settings = { rows, k, temperature, topP, seed: 2n ** 64n - 3n, logprobs: true, candidates: true, backend } as const;
    const drawn = async () => ({
      tokens: await out.tokens.toHost(),
      logprobs: await out.logprobs.toHost(),
      candidates: {
        kept: await out.candidates.kept.toHost(),
        indices: await out.candidates.indices.toHost(),
        logprobs: await out.candidates.logprobs.toHost(),
      },
    });
    plan.run(x, parameters, out);
    expect(await drawn()).toMatchObject(await drawnOnHost({ ...settings, offset: 40 }));
    using captured = await plan.capture(x, parameters, out);
    await parameters.offsets.upload(words(7000n));
    captured.replay();
    expect(await drawn()).toMatchObject(await drawnOnHost({ ...settings, offset: 7000 }));
  });

  it("needs no more than seeds, offsets and tokens; takes lengths; draws nothing with a parameter out of range", async () => {
    using device = await open({ backend });
    using plan = await device.samplePlan({ ...options, lengths: true });
    const { x, parameters, out } = tensorsOn(device);
    const lengths = Int32Array.of(700, 1, 0, 300, 650);
    const ends = device.tensor(lengths, { shape: [rows, 1], dtype: "i32" });
    const { seeds, offsets } = parameters;
    plan.run(x, { seeds, offsets }, { tokens: out.tokens }, { lengths: ends });
    const { tokens } = await sample(logits, { rows, k, lengths, seed: 2n ** 64n - 3n, offset: 40, backend });
    expect(await out.tokens.toHost()).toEqual(tokens);
    await parameters.temperature.upload(Float32Array.of(1, -1, Number.NaN, Number.POSITIVE_INFINITY, 1));
    await parameters.topP.upload(Float32Array.of(1, 1, 1, 1, 2));
    await ends.upload(new Int32Array(rows).fill(cols));
    plan.run(x, parameters, out, { lengths: ends });
    expect(Array.from((await out.tokens.toHost()) as Int32Array, (token) => token >= 0)).toEqual([true, false, false, false, false]);
    expect(Array.from((await out.candidates.kept.toHost()) as Int32Array, (kept) => kept > 0)).toEqual([true, false, false, false, false]);
  });

  it("has nothing to do for no rows", async () => {
    using device = await open({ backend });
    using plan = await device.samplePlan({ ...options, rows: 0 });
    const none = device.empty([0, 1], "i64");
    const tokens = device.empty([0, 1], "i32");
    plan.run(device.empty([0, cols], "f32"), { seeds: none, offsets: none }, { tokens });
    expect(await tokens.toHost()).toEqual(new Int32Array(0));
  });
});

const drawnOnHost = async (settings: Parameters<typeof sample>[1]) => {
  const { tokens, logprobs, candidates } = await sample(logits, settings);
  return { tokens, logprobs, candidates };
};

describe("refuses", () => {
  it("options, parameters and outputs that do not fit", async () => {
    using device = await open({ backend: "cpu" });
    await failsWith("TK101", () => device.samplePlan({ ...options, order: "largest" } as never), /samplePlan\(\) has no option "order"/);
    await failsWith("TK113", () => device.samplePlan({ ...options, force: { plan: "radix_select" } }), /is for GPUs/);
    using plan = await device.samplePlan(options);
    const { x, parameters, out } = tensorsOn(device);
    const run =
      (more: object, outputs: object = {}) =>
      async () =>
        plan.run(x, { ...parameters, ...more }, { ...out, ...outputs } as never);
    await failsWith("TK110", run({ seeds: parameters.topP }), /seeds is 5 x 1 f32; the plan takes 5 x 1 i64, packed/);
    await failsWith("TK110", run({ minP: device.empty([4, 1], "f32") }), /minP is 4 x 1 f32; the plan takes 5 x 1 f32/);
    await failsWith("TK110", run({}, { tokens: device.empty([rows, 2], "i32") }), /tokens is 5 x 2 i32/);
    await failsWith("TK110", run({}, { logprobs: parameters.topP }), /an output shares memory with another tensor of the run/);
    await failsWith("TK110", run({}, { candidates: { ...out.candidates, indices: device.empty([rows, 19], "i32") } }), /candidates.indices is 5 x 19 i32/);
    await failsWith("TK403", run({ offsets: undefined }), /offsets is undefined/);
    await failsWith("TK403", run({}, { candidates: { kept: out.candidates.kept } }), /candidates.indices is undefined/);
    await failsWith("TK101", run({ seed: 1 }), /a draw's parameters has no option "seed"/);
    await failsWith("TK108", async () => plan.run(x, parameters, out, { lengths: out.candidates.kept }), /the plan has none/);
    plan.dispose();
    await failsWith("TK401", run({}), /this sampling plan was disposed/);
  });
});

describe("on a GPU", () => {
  afterEach(() => useNative(undefined));

  it("launches one kernel more than the top-k, with the caller's pointers, and frees what it owns", async () => {
    const native = new FakeNative();
    useNative(native);
    using device = await open();
    const { x, parameters, out } = tensorsOn(device);
    const live = native.liveAllocations;
    const plan = await device.samplePlan(options);
    expect(plan.explain.kernels.map(({ name }) => name)).toEqual(["warp_select", "sample_row"]);
    expect(native.liveAllocations).toBe(live + 2);
    await Promise.all([x.toHost(), parameters.offsets.toHost()]);
    plan.run(x, parameters, { tokens: out.tokens });
    await out.tokens.toHost();
    const [topk, draw] = native.launches;
    expect(draw).toMatchObject({ grid: rows, block: 32, symbol: expect.stringMatching(/^sample_row_f32_largest_/) });
    const [values, indices] = topk!.parameters.slice(2, 4);
    const { temperature: t, topP: p, seeds, offsets } = parameters;
    expect(draw!.parameters).toEqual([
      ...[values, indices, t.pointer, p.pointer, 0n, seeds.pointer, offsets.pointer, out.tokens.pointer, 0n, 0n, 0n],
      ...[BigInt(rows), BigInt(k), 4n],
    ]);
    plan.run(x, parameters, out);
    await out.tokens.toHost();
    expect(native.launches[3]!.parameters.slice(1, 2)).toEqual([out.candidates.indices.pointer]);
    plan.dispose();
    expect(native.liveAllocations).toBe(live);
  });

  it("launches one kernel where the plan's last draws, and keeps no answer", async () => {
    const native = new FakeNative();
    useNative(native);
    using device = await open();
    const long = 5000;
    const x = device.empty([rows, long], "f32");
    const { parameters, out } = tensorsOn(device);
    const live = native.liveAllocations;
    const plan = await device.samplePlan({ ...options, cols: long });
    expect(plan.explain).toMatchObject({ plan: "cluster_select", kernels: [{ name: "cluster_select_draw", launches: 1 }] });
    expect(native.liveAllocations).toBe(live);
    await Promise.all([x.toHost(), parameters.offsets.toHost()]);
    plan.run(x, parameters, { tokens: out.tokens });
    await out.tokens.toHost();
    const { temperature: t, topP: p, seeds, offsets } = parameters;
    expect(native.launches.map((launch) => launch.parameters)).toEqual([
      [
        ...[x.pointer, 0n, 0n, t.pointer, p.pointer, 0n, seeds.pointer, offsets.pointer, out.tokens.pointer, 0n, 0n, 0n],
        ...[BigInt(rows), BigInt(long), BigInt(k), BigInt(long)],
      ],
    ]);
    plan.dispose();
  });
});
