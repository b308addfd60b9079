import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { allocateWorkspace } from "../../runtime/cuda-plan.ts";
import { type Device, open } from "../../runtime/index.ts";
import { useNative } from "../../runtime/native-access.ts";
import { failsWith, failure } from "./fails-with.ts";
import { FakeNative, nativeError } from "./fake-native.ts";
import "./private-cache.ts";

let native: FakeNative;
let device: Device;
beforeEach(async () => {
  native = new FakeNative();
  useNative(native);
  device = await open();
});
afterEach(() => {
  device.dispose();
  useNative(undefined);
  delete process.env.TOPKIT_CANDIDATE_TARGET;
});

/** Two stages, and so a workspace. */
const LONG = { rows: 4, cols: 50304, k: 50, dtype: "bf16", force: { plan: "stream_tile" } } as const;
const tensorsOf = ({ rows, cols, k, dtype }: { rows: number; cols: number; k: number; dtype: "bf16" | "f32" }) => ({
  x: device.empty([rows, cols], dtype),
  out: { values: device.empty([rows, k], dtype), indices: device.empty([rows, k], "i32") },
});

describe("launches", () => {
  it("has the parameters in the kernel's order: buffers, then shape", async () => {
    const plan = await device.plan({ rows: 2, cols: 100, k: 7, dtype: "f32", lengths: true, rowStride: 104, force: { plan: "warp_select" } });
    const memory = device.empty([2, 104], "f32");
    const x = device.wrap(memory.pointer, { shape: [2, 100], dtype: "f32", rowStride: 104 });
    const { out } = tensorsOf({ rows: 2, cols: 1, k: 7, dtype: "f32" });
    const lengths = device.tensor(Int32Array.of(100, 3), { shape: [2, 1], dtype: "i32" });
    await lengths.toHost();
    plan.run(x, out, { lengths });
    expect(native.launches).toEqual([
      {
        symbol: "warp_select_f32_largest_lanes8_vectors4_delegates2_capacity32_warps8",
        grid: 1,
        block: 256,
        cluster: 1,
        sharedBytes: 8192,
        stream: 0n,
        parameters: [x.pointer, lengths.pointer, out.values.pointer, out.indices.pointer, 2n, 100n, 7n, 104n, 4n],
      },
    ]);
  });

  it("chains two stages through the workspace, which no run clears", async () => {
    const plan = await device.plan(LONG);
    const { x, out } = tensorsOf(LONG);
    plan.run(x, out);
    const [stream, merge] = native.launches;
    const words = stream!.parameters[2]!;
    const workspace = native.bytesAt(words, plan.explain.workspaceBytes);
    workspace.fill(1);
    plan.run(x, out);
    expect(workspace.every((byte) => byte === 1)).toBe(true);
    expect(stream).toMatchObject({
      symbol: "tile_stream_bf16_largest_warps8_candidates128_vectors2",
      grid: 52,
      block: 256,
      parameters: [x.pointer, 0n, words, 4n, 50304n, 50n, 50304n, 4096n, 13n],
    });
    expect(merge).toMatchObject({
      symbol: "tile_merge_bf16_largest_warps8_candidates128_items4",
      grid: 4,
      block: 256,
      parameters: [words, out.values.pointer, out.indices.pointer, 4n, 50304n, 50n, 13n, 4n],
    });
    expect(native.launches).toHaveLength(4);
    expect(native.launches[2]).toEqual(stream);
  });

  it("goes to the stream that it is given", async () => {
    const plan = await device.plan(LONG);
    const { x, out } = tensorsOf(LONG);
    const stream = device.stream();
    plan.run(x, out, { stream });
    plan.run(x, out);
    expect(native.launches.map((launch) => launch.stream)).toEqual([stream.pointer, stream.pointer, 0n, 0n]);
  });

  it("returns at once where nothing is pending: the launch is enqueued before run() returns", async () => {
    const plan = await device.plan(LONG);
    const { x, out } = tensorsOf(LONG);
    plan.run(x, out);
    expect(native.launches).toHaveLength(2);
    void x.upload(new Uint16Array(4 * 50304));
    plan.run(x, out);
    expect(native.launches).toHaveLength(2);
    await out.values.toHost();
    expect(native.launches).toHaveLength(4);
  });

  it("captures on a stream of its own, without launching, and replays with the pointers of the capture", async () => {
    const plan = await device.plan(LONG);
    const { x, out } = tensorsOf(LONG);
    const captured = await plan.capture(x, out);
    expect({ launches: native.launches, graphs: native.graphs, streams: native.streams }).toEqual({
      launches: [],
      graphs: [{ nodes: 2, launches: 0, closed: false }],
      streams: [{ pointer: 1n, synchronized: 0, closed: true }],
    });
    captured.replay();
    plan.run(x, out);
    expect(native.launches.slice(0, 2)).toEqual(native.launches.slice(2));
    captured[Symbol.dispose]();
    expect(native.graphs[0]?.closed).toBe(true);
  });

  it("ends a capture that fails, and reports its cause", async () => {
    const plan = await device.plan(LONG);
    const { x, out } = tensorsOf(LONG);
    native.failing.set("run", nativeError("TK_DRIVER", "cuLaunchKernelEx failed"));
    await failsWith("TK302", () => plan.capture(x, out), /cuLaunchKernelEx/);
    native.failing.clear();
    plan.run(x, out);
    expect(native.launches).toHaveLength(2);
  });
});

it("zeroes the state in a workspace when it is made, and nothing else of it", async () => {
  const region = (name: string, offset: number, bytes: number, zeroed: boolean) => ({ name, offset, bytes, zeroed });
  const regions = [region("words", 0, 300, false), region("tickets", 512, 40, true), region("counts", 768, 2_500_000, true)];
  const workspace = await allocateWorkspace(native.openDevice(0), { workspace: regions, workspaceBytes: 2_501_000 });
  const bytes = native.bytesAt(workspace!.pointer, 2_501_000);
  const zeros = regions.map(({ offset, bytes: length }) => bytes.subarray(offset, offset + length).every((byte) => byte === 0));
  expect(zeros).toEqual([false, true, true]);
  expect(bytes.filter((byte) => byte === 0)).toHaveLength(2_500_040);
});

describe("compilation", () => {
  it("compiles a kernel once for a device, however many plans use it at once", async () => {
    await Promise.all([device.plan(LONG), device.plan({ ...LONG, rows: 5 }), device.plan(LONG)]);
    expect(native.compiled.map(({ symbol }) => symbol).toSorted()).toEqual([...new Set(native.compiled.map(({ symbol }) => symbol))].toSorted());
  });

  it("takes the cache's image the next time, also in another process", async () => {
    await device.plan({ ...LONG, dtype: "f32" });
    native.compiled.length = 0;
    using other = await open();
    await other.plan({ ...LONG, dtype: "f32" });
    expect(native.compiled).toEqual([]);
  });

  it("gives the compiler's log where it refuses a kernel, and tries again next time", async () => {
    const request = { rows: 1, cols: 60, k: 1, dtype: "f16" } as const;
    native.failing.set("compile", nativeError("TK_COMPILE", "NVRTC refused bitonic_block", { log: "line 3: expected a ;" }));
    const error = await failure("TK301", () => device.plan(request));
    expect(error.details.log).toBe("line 3: expected a ;");
    native.failing.clear();
    expect((await device.plan(request)).explain.plan).toBe("bitonic_block");
  });

  it("refuses at once a kernel that cannot run with its threads", async () => {
    native.maxThreads = 128;
    await failsWith("TK304", () => device.plan({ ...LONG, rows: 2, k: 1024 }), /at most 128 threads a block, its plan asks for 256/);
  });

  it("frees the workspace where preparing fails, and reports memory that ran out", async () => {
    await device.plan(LONG);
    const before = native.liveAllocations;
    native.failing.set("allocate", nativeError("TK_MEMORY", "out of memory"));
    await failsWith("TK303", () => device.plan({ ...LONG, rows: 6 }));
    expect(native.liveAllocations).toBe(before);
  });

  it("compiles and allocates nothing for no rows", async () => {
    const plan = await device.plan({ ...LONG, rows: 0, dtype: "f16", order: "smallest" });
    expect({ compiled: native.compiled, live: native.liveAllocations, launches: plan.explain.kernels.map(({ launches }) => launches) }).toEqual({
      compiled: [],
      live: 0,
      launches: [0, 0],
    });
  });
});

describe("the choice", () => {
  it("is explained, with every plan refused and its rule", async () => {
    const { explain } = await device.plan({ rows: 4, cols: 50304, k: 301, dtype: "bf16" });
    expect(explain).toEqual({
      plan: "cluster_sort",
      config: {},
      kernels: [{ name: "cluster_sort", config: { threads: 512, vectors: 2, blocks: 8, segment: 256, blocksPerSm: 1 }, launches: 1 }],
      source: "heuristic",
      workspaceBytes: 0,
      refused: [
        { plan: "cluster_select", reason: "cluster_select: k is at most 256" },
        { plan: "warp_select", reason: "warp_select: a row has at most 16 KiB" },
        { plan: "bitonic_block", reason: "bitonic_block: a row has at most 4096 columns" },
        { plan: "block_select", reason: "block_select: an eighth of the multiprocessors have a row: fewer leave most of a device idle" },
      ],
    });
  });

  it("can be forced, plan and tunables", async () => {
    const { explain } = await device.plan({ ...LONG, force: { plan: "stream_tile", config: { chunkSize: 16384, "tile_merge.warps": 8 } } });
    expect(explain).toMatchObject({
      plan: "stream_tile",
      source: "forced",
      config: { chunkSize: 16384, chunks: 4 },
      kernels: [{ config: { warps: 8 } }, { config: { warps: 8 } }],
    });
  });

  it("follows TOPKIT_CANDIDATE_TARGET", async () => {
    process.env.TOPKIT_CANDIDATE_TARGET = "250";
    expect((await device.plan(LONG)).explain.config).toMatchObject({ candidateTarget: 250, chunks: 5 });
    for (const wrong of ["0", "-5", "2.5", "many", "1e3", "99999999999999999999"]) {
      process.env.TOPKIT_CANDIDATE_TARGET = wrong;
      await failsWith("TK114", () => device.plan(LONG), /TOPKIT_CANDIDATE_TARGET is ".*positive integer/);
    }
  });

  it("names every plan and its refusing rule where none answers", async () => {
    native.arch = 75;
    using old = await open();
    await failsWith(
      "TK112",
      () => old.plan({ rows: 1, cols: 5000, k: 1025, dtype: "f32" }),
      /bitonic_block \(bitonic_block: a row has at most 4096 columns\);.* stream_tile \(tile_stream: k is at most 1024\);.* radix_select \(radix_row: needs compute capability 8, the device has 7.5\)/,
    );
  });

  it("refuses to force what does not exist, does not fit, or is not rendered", async () => {
    await failsWith(
      "TK113",
      () => device.plan({ ...LONG, force: { plan: "radix" } }),
      /no plan "radix"; there are cluster_select, warp_select, bitonic_block, .*stream_heap, radix_select/,
    );
    await failsWith("TK113", () => device.plan({ ...LONG, force: { plan: "bitonic_block" } }), /at most 4096 columns/);
    await failsWith("TK113", () => device.plan({ ...LONG, force: { plan: "stream_heap", config: { wraps: 8 } } }), /no tunable "wraps"; there are/);
    await failsWith("TK113", () => device.plan({ ...LONG, force: { plan: "stream_heap", config: { warps: 5 } } }), /"warps" is 5; allowed/);
    await failsWith(
      "TK113",
      () => device.plan({ ...LONG, force: { plan: "stream_heap", config: { "tile_stream.vectors": 4 } } }),
      /not rendered; of tile_stream there are \{"warps":4/,
    );
    // @ts-expect-error a config holds scalars
    await failsWith("TK113", () => device.plan({ ...LONG, force: { plan: "stream_heap", config: { warps: [8] } } }), /give an object of tunables/);
    // @ts-expect-error no such option
    await failsWith("TK101", () => device.plan({ ...LONG, force: { name: "stream_heap" } }), /force has no option "name"/);
    using cpu = await open({ backend: "cpu" });
    await failsWith("TK113", () => cpu.plan({ ...LONG, force: { plan: "stream_heap" } }), /"stream_heap" is for GPUs, and this is the cpu backend/);
  });
});

it("tells an upload's failure to whoever awaits it and to the run that would read it", async () => {
  const shape = { rows: 1, cols: 3, k: 1, dtype: "f32" } as const;
  const data = Float32Array.of(1, 3, 2);
  const plan = await device.plan(shape);
  const { x, out } = tensorsOf(shape);
  const cause = { call: "cuMemcpyHtoDAsync_v2", status: 700, statusName: "CUDA_ERROR_ILLEGAL_ADDRESS" };
  native.failing.set("upload", nativeError("TK_DRIVER", "cuMemcpyHtoDAsync_v2: CUDA_ERROR_ILLEGAL_ADDRESS", cause));
  const unawaited = device.tensor(data, { shape: [1, 3], dtype: "f32" });
  const error = await failure("TK302", () => x.upload(data), /ILLEGAL_ADDRESS/);
  expect(error.details).toEqual(cause);
  native.failing.clear();
  await failsWith("TK302", () => plan.run(x, out));
  await failsWith("TK302", () => plan.run(unawaited, out));
  await x.upload(data);
  plan.run(x, out);
  expect(await out.values.toHost()).toEqual(Float32Array.of(3));
});

it("copies only after all streams that touched a tensor", async () => {
  const shape = { rows: 1, cols: 3, k: 1, dtype: "f32" } as const;
  const plan = await device.plan(shape);
  const { x, out } = tensorsOf(shape);
  const [a, b] = [device.stream(), device.stream()];
  const other = tensorsOf(shape).out;
  plan.run(x, out, { stream: a });
  plan.run(x, other, { stream: b });
  await x.upload(Float32Array.of(1, 3, 2));
  // x waited for the whole device; out was on one stream only
  expect(native.deviceSynchronized).toBe(1);
  await out.values.toHost();
  expect(native.deviceSynchronized).toBe(1);
});
