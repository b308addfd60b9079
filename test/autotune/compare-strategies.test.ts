import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { type Arena, compareStrategies, recordedArenas } from "../../bench/autotune/compare-strategies.ts";
import type { TuneRecord } from "../../bench/autotune/records.ts";
import { strategies } from "../../bench/autotune/strategies/index.ts";
import { bestTime, REQUEST, syntheticMeasurer, syntheticSpace, trueTime } from "../../bench/autotune/synthetic.ts";

const space = syntheticSpace();
const cellsOf = async (arenas: readonly Arena[]): Promise<Record<string, string[]>> => {
  const { header, rows } = await compareStrategies(arenas);
  expect(header).toEqual(["strategy", "100 rounds", "400 rounds", "1600 rounds", "8000 rounds", "used of 8000"]);
  return Object.fromEntries(rows.map(([name, ...cells]) => [name!, cells]));
};

it("compares every strategy on a made-up space, of which it knows the best", async () => {
  const arena: Arena = { space, measurer: (seed) => syntheticMeasurer(space, seed), timeOf: trueTime, best: bestTime(space) };
  const cells = await cellsOf([arena]);
  expect(Object.keys(cells)).toEqual(Object.keys(strategies));
  // its last column: after all of it, the winner is among those that noise hides
  expect(Number.parseFloat(cells.exhaustive![3]!)).toBeLessThan(1);
  expect(Number.parseFloat(cells.nearest![3]!)).toBeGreaterThan(Number.parseFloat(cells.greedy![3]!));
  expect(Number(cells.exhaustive![4])).toBeGreaterThan(space.candidates.length);
});

it("compares them on records", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "topkit-compare-"));
  try {
    const records = space.candidates.slice(0, 60).map(({ plan, config }, at): TuneRecord => {
      const common = { v: 1, time: "2026-01-01T00:00:00.000Z", device: "D", protocol: "p", request: REQUEST, plan, config, sources: [] } as const;
      return at % 2 === 0 ? { ...common, us: [100 + at] } : { ...common, invalidity: "compile", reason: "" };
    });
    writeFileSync(path.join(folder, "a.jsonl"), records.map((record) => `${JSON.stringify(record)}\n`).join(""));
    const [arena, ...others] = recordedArenas(folder);
    expect([others.length, arena!.best, arena!.space.candidates.length]).toEqual([0, 100, 60]);
    expect((await cellsOf([arena!])).exhaustive!.slice(2, 4)).toEqual(["0.0 (0.0)", "0.0 (0.0)"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
