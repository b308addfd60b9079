import { expect, it } from "vitest";
import { ChildMeasurer } from "../../bench/autotune/child-measurer.ts";
import type { MeasureJob } from "../../bench/autotune/measure-child.ts";
import "../runtime/private-cache.ts";

const open = (device: number): ChildMeasurer => {
  const job: MeasureJob = { workload: { suite: "s", rows: 3, cols: 100, k: 4, dtype: "f32", dist: "normal" }, seed: 1, device, threads: 0 };
  return new ChildMeasurer({
    ...{ module: new URL("fake-device-child.ts", import.meta.url), execArgv: ["--import", "tsx"], job },
    ...{ hangMilliseconds: 60_000, prepareMilliseconds: 60_000 },
  });
};
const candidate = (plan: string) => ({ plan, config: {}, id: plan, effort: [] });

it("opens the device, makes the inputs and measures, in a process of its own", async () => {
  using measurer = open(0);
  const outcomes = await measurer.measure([candidate("warp_select"), candidate("radix_select")], 2);
  expect(outcomes).toEqual([{ us: [expect.closeTo(1), expect.closeTo(1)] }, { invalidity: "correctness", reason: "21 rows differ from the reference" }]);
}, 120_000);

it("tells what keeps it from opening the device", async () => {
  using measurer = open(7);
  await expect(measurer.measure([candidate("warp_select")], 1)).rejects.toThrow("did not start: there is no CUDA device 7; there are 1, counted from 0");
}, 120_000);
