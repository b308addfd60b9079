import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChildMeasurer } from "../../bench/autotune/child-measurer.ts";
import type { Candidate } from "../../bench/autotune/space.ts";

const candidate = (plan: string, us = 0): Candidate => ({ plan, config: { us }, id: `${plan} ${us}`, effort: [] });

describe("a measurer in a process of its own", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "topkit-child-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (): ChildMeasurer =>
    new ChildMeasurer({ module: new URL("fake-child.mjs", import.meta.url), hangMilliseconds: 400, prepareMilliseconds: 30_000 });
  const job = (more: object = {}) => ({ log: path.join(folder, "log"), ...more });
  const starts = (): number => readFileSync(path.join(folder, "log"), "utf8").split("\n").length - 1;

  it("measures job after job, batch after batch, in one process", async () => {
    using child = open();
    const measurer = child.on(job());
    expect(await measurer.measure([candidate("a", 3), candidate("a", 4)], 2)).toEqual([{ us: [3, 3] }, { us: [4, 4] }]);
    expect(await child.on(job()).measure([candidate("a", 5)], 1)).toEqual([{ us: [5] }]);
    expect(await measurer.measure([], 1)).toEqual([]);
    expect(starts()).toBe(1);
  });
  it("goes on in a new process after a crash, a hang and a failure, and says whose they were", async () => {
    using child = open();
    const measurer = child.on(job());
    const outcomes = await measurer.measure([candidate("a", 3), candidate("crashes"), candidate("hangs"), candidate("a", 4), candidate("fails")], 1);
    expect(outcomes).toEqual([
      { us: [3] },
      { invalidity: "runtime", reason: "SIGKILL ended its process" },
      { invalidity: "timeout", reason: "no end after 0.4 s" },
      { us: [4] },
      { invalidity: "runtime", reason: "an illegal address" },
    ]);
    expect(starts()).toBe(4);
  });
  it("finds by halves which candidate ends the process before any began", async () => {
    using child = open();
    const measurer = child.on(job());
    const outcomes = await measurer.measure([candidate("a", 1), candidate("a", 2), candidate("kills-the-compiler"), candidate("a", 4)], 1);
    expect(outcomes).toEqual([{ us: [1] }, { us: [2] }, { invalidity: "compile", reason: "SIGSEGV ended its process" }, { us: [4] }]);
  });
  it("throws where the process does not start, rather than blame a candidate", async () => {
    using child = open();
    const measurer = child.on(job({ broken: true }));
    await expect(measurer.measure([candidate("a")], 1)).rejects.toThrow("the process that measures did not start: there is no device");
  });
});
