import { expect, it } from "vitest";
import { ChildMeasurer } from "../../bench/autotune/child-measurer.ts";
import type { MeasureJob } from "../../bench/autotune/measure-child.ts";
import "../runtime/private-cache.ts";

const open = (): ChildMeasurer =>
  new ChildMeasurer({
    ...{ module: new URL("fake-device-child.ts", import.meta.url), execArgv: ["--import", "tsx"] },
    ...{ hangMilliseconds: 60_000, prepareMilliseconds: 60_000 },
  });
const job = (rows: number, device = 0): MeasureJob => ({
  ...{ workload: { suite: "s", rows, cols: 100, k: 4, dtype: "f32", dist: "normal" }, seed: 1, device, threads: 0 },
});
const candidate = (plan: string) => ({ plan, config: {}, id: plan, effort: [] });

it("opens the device, makes the inputs of each workload and measures, in a process of its own", async () => {
  using child = open();
  const outcomes = await child.on(job(3)).measure([candidate("warp_select"), candidate("radix_select")], 2);
  expect(outcomes).toEqual([{ us: [expect.closeTo(1), expect.closeTo(1)] }, { invalidity: "correctness", reason: "21 rows differ from the reference" }]);
  expect(await child.on(job(20)).measure([candidate("radix_select")], 1)).toEqual([{ invalidity: "correctness", reason: "40 rows differ from the reference" }]);
}, 120_000);

it("tells what keeps it from opening the device", async () => {
  using child = open();
  await expect(child.on(job(3, 7)).measure([candidate("warp_select")], 1)).rejects.toThrow(
    "did not start: there is no CUDA device 7; there are 1, counted from 0",
  );
}, 120_000);
