import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { type DeviceTargetOptions, deviceTarget } from "../../bench/autotune/device-target.ts";
import { RecordWriter, readRecords } from "../../bench/autotune/records.ts";
import { loadSources } from "../../bench/autotune/renderer.ts";
import { updateTable } from "../../bench/autotune/table-file.ts";
import { tune } from "../../bench/autotune/tune.ts";
import { winnersOf } from "../../bench/autotune/winners.ts";
import { variants } from "../../generated/variants.ts";
import { choosePlan } from "../../runtime/choose-plan.ts";
import { useNative } from "../../runtime/native-access.ts";
import { loadTuning, NO_TUNING, userTuningFolder } from "../../runtime/tuning.ts";
import { tableName } from "../../runtime/tuning-table.ts";
import { failsWith } from "../runtime/fails-with.ts";
import { FakeNative } from "../runtime/fake-native.ts";
import "../runtime/private-cache.ts";

afterEach(() => useNative(undefined));

it("tunes on a device, in a process of its own, to a table that the runtime then takes", async () => {
  useNative(new FakeNative());
  const sources = await loadSources();
  const options: DeviceTargetOptions = {
    ...{ device: 0, sources, tuning: async () => NO_TUNING, seed: 1, threads: 0 },
    ...{ module: new URL("fake-device-child.ts", import.meta.url), execArgv: ["--import", "tsx"] },
  };
  using target = await deviceTarget(options);
  expect(target.protocol).toMatch(/^mode=graph-cold;go=[\d.]+ms;elements=\d+;dist=normal;seed=1;cuda=[\d.]+;nvrtc=[\d.]+/);
  const folder = mkdtempSync(path.join(tmpdir(), "topkit-target-"));
  try {
    const quiet = { begin: () => {}, batch: () => {}, outcome: () => {}, end: () => {} };
    const { tuned, problems } = await tune({
      ...{ target, strategy: "random", budget: { rounds: 12 }, seed: 1, records: [], watch: quiet },
      ...{ workloads: [{ suite: "s", rows: 3, cols: 100, k: 4, dtype: "f32", dist: "normal" }], writer: new RecordWriter(folder, "a") },
    });
    expect(problems).toEqual([]);
    // the fake device computes the results of two plans, at a microsecond a kernel
    expect(tuned[0]!.winner!.median).toBeCloseTo(1);
    expect(tuned[0]!.invalid.correctness).toBeGreaterThan(0);
    const [winners] = winnersOf({ records: readRecords(folder).records, sources, variants, untuned: target.present });
    await updateTable(path.join(userTuningFolder()!, tableName(target.device)), winners!);
    const request = tuned[0]!.request;
    const choice = choosePlan(request, target.limits, undefined, await loadTuning(target.device));
    expect([choice.source, choice.resolved.plan.name]).toEqual(["tuned", tuned[0]!.winner!.candidate.plan]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await failsWith("TK203", () => deviceTarget({ ...options, device: 3 }), /there is no CUDA device 3; there are 1/);
}, 120_000);
