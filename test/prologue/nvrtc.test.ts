/** NVRTC takes every kernel that reads x with a prologue, for x of each dtype; and the device function's arithmetic stays uncontracted. */
import { expect, it } from "vitest";
import { kernels } from "../../dsl/index.ts";
import { addon } from "../../native/index.ts";
import { describeWithNvrtc } from "../support/nvrtc.ts";
import { scoredFunctions, textWithPrologue } from "../support/scored.ts";

const readers = kernels.filter(({ reader }) => reader !== undefined);
const functions = scoredFunctions();
/** Bytes of a thread: what kernels whose registers are bounded for their own work may lack with a function beside it (docs/log/prologue.md). */
const MOST_SPILLED = 64;

describeWithNvrtc("NVRTC", () => {
  it.each(readers.map(({ name }) => name))("compiles %s with every kind of operand, and hardly a spill", { timeout: 300_000 }, async (name) => {
    const kernel = readers.find((each) => each.name === name)!;
    for (const dtype of kernel.spec.dtype.values) {
      const { symbol, text } = await textWithPrologue(kernel, { ...functions.get("composed")!, dtype }, "smallest", kernel.ships[0]!);
      const { image, log } = await addon().compile(text, symbol, "sm_90", ["--ptxas-options=-v"]);
      expect(image.length).toBeGreaterThan(1000);
      const spills = [...log.matchAll(/(\d+) bytes spill/g)].map(([, bytes]) => Number(bytes));
      expect(spills.length).toBeGreaterThan(0);
      expect(Math.max(...spills)).toBeLessThanOrEqual(MOST_SPILLED);
    }
  });

  it.each([...functions.keys()])("compiles %s into the kernel that reads most", { timeout: 300_000 }, async (name) => {
    const kernel = readers.find((each) => each.name === "tile_stream")!;
    for (const dtype of kernel.spec.dtype.values) {
      const { symbol, text } = await textWithPrologue(kernel, { ...functions.get(name)!, dtype }, "largest", kernel.ships[0]!);
      const { image } = await addon().compile(text, symbol, "compute_80", ["--fmad=true"]);
      const ptx = Buffer.from(image).toString("latin1");
      expect(ptx).toContain(`.entry ${symbol}`);
      expect(ptx.match(/\b(fma|mad)\.\S*f32/g) ?? []).toEqual([]);
    }
  });
});
