import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DeviceMeasurer } from "../../bench/autotune/device-measurer.ts";
import { DeviceInputs } from "../../bench/device-inputs.ts";
import { Draws } from "../../bench/draws.ts";
import { Gpu } from "../../bench/gpu.ts";
import { PartMaker } from "../../bench/input-parts.ts";
import type { Workload } from "../../bench/workloads.ts";
import { kernels } from "../../dsl/index.ts";
import { load, type Render } from "../../generator/index.ts";
import { packageRoot } from "../../native/index.ts";
import { useNative } from "../../runtime/native-access.ts";
import { FakeNative, nativeError } from "../runtime/fake-native.ts";
import "../runtime/private-cache.ts";

const WORKLOAD: Workload = { suite: "s", rows: 3, cols: 100, k: 4, dtype: "f32", dist: "normal" };
/** Of no config that ships. */
const SORT = { plan: "bitonic_block", config: { "bitonic_block.width": 128, "bitonic_block.items": 2, "bitonic_block.rowsPerBlock": 2 } };
const SELECT = { plan: "warp_select", config: { "warp_select.warps": 8 } };

describe("a device's measurer", () => {
  let native: FakeNative;
  let render: Render;
  beforeAll(async () => {
    ({ render } = await load(packageRoot, kernels));
  }, 60_000);
  beforeEach(() => {
    native = new FakeNative();
    native.l2Bytes = 4096;
    native.microsecondsOf = (symbol) => (symbol.startsWith("bitonic") ? 7 : 5);
    useNative(native);
  });
  afterEach(() => useNative(undefined));

  async function measuring<T>(work: (measurer: DeviceMeasurer) => Promise<T>, workload = WORKLOAD): Promise<T> {
    using gpu = await Gpu.open();
    const maker = new PartMaker(0);
    const inputs = await DeviceInputs.make(gpu, maker, workload, 1);
    const draws = workload.sample === true ? await Draws.make(gpu, inputs) : undefined;
    try {
      return await work(new DeviceMeasurer({ gpu, inputs, draws, render }));
    } finally {
      draws?.close();
      inputs.close();
      maker.close();
    }
  }

  it("renders, checks and times configs that do not ship, in turns", async () => {
    const begun: number[] = [];
    const outcomes = await measuring((measurer) => measurer.measure([SORT, SELECT], 3, (at) => begun.push(at)));
    expect(outcomes).toEqual([{ us: [7, 7, 7].map((us) => expect.closeTo(us)) }, { us: [5, 5, 5].map((us) => expect.closeTo(us)) }]);
    expect(begun).toEqual([0, 1, 0, 1, 1, 0, 0, 1]);
    expect(native.compiled.map(({ symbol }) => symbol)).toContain("bitonic_block_f32_largest_width128_items2_rowsPerBlock2");
    expect(native.graphs.every(({ closed }) => closed)).toBe(true);
    expect([native.liveAllocations, native.openDevices]).toEqual([0, 0]);
  });
  it("says of a wrong result, a refused config and one that asks for too many threads what they are, and times the others", async () => {
    const narrow = { ...SORT, config: { ...SORT.config, "bitonic_block.width": 64 } };
    // nobody computes the kernels of radix_select here: its results stay poisoned
    expect(await measuring((measurer) => measurer.measure([{ plan: "radix_select", config: {} }, SELECT, narrow], 1))).toEqual([
      { invalidity: "correctness", reason: "21 rows differ from the reference" },
      { us: [expect.closeTo(5)] },
      { invalidity: "constraints", reason: expect.stringContaining("bitonic_block") },
    ]);
    native.maxThreads = 1;
    expect(await measuring((measurer) => measurer.measure([SORT], 1))).toEqual([
      { invalidity: "constraints", reason: expect.stringContaining("threads a block") },
    ]);
  });
  it("times a draw with the top-k, and compares the tokens", async () => {
    native.microsecondsOf = (symbol) => (symbol.startsWith("sample_row") ? 2 : 5);
    const drawing = { ...WORKLOAD, sample: true } as const;
    expect(await measuring((measurer) => measurer.measure([SELECT], 2), drawing)).toEqual([{ us: [7, 7].map((us) => expect.closeTo(us)) }]);
    expect([native.liveAllocations, native.openDevices]).toEqual([0, 0]);
    // nobody computes its answer, so that tokens are drawn from what lay there
    const [wrong] = await measuring((measurer) => measurer.measure([{ plan: "radix_select", config: {} }], 1), drawing);
    expect(wrong).toMatchObject({ invalidity: "correctness" });
  });
  it("says of what the compiler refuses that it does not compile", async () => {
    const outcomes = await measuring((measurer) => {
      native.failing.set("compile", nativeError("TK_COMPILE", "no such register"));
      return measurer.measure([{ ...SORT, config: { ...SORT.config, "bitonic_block.items": 4 } }], 1);
    });
    expect(outcomes).toEqual([{ invalidity: "compile", reason: expect.stringContaining("no such register") }]);
  });
  it("throws where a candidate fails while it runs, and leaves nothing behind", async () => {
    const failing = measuring((measurer) =>
      measurer.measure([SORT, SELECT], 1, (at) => {
        if (at === 1) native.failing.set("run", nativeError("TK_DRIVER", "an illegal address", { call: "cuLaunchKernelEx", status: 700, statusName: "X" }));
      }),
    );
    await expect(failing).rejects.toThrow("an illegal address");
    expect(native.graphs.every(({ closed }) => closed)).toBe(true);
  });
});
