import { output, scratch } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { ceilDiv } from "../math.ts";
import { SORT_BINS, sortDigits } from "./radix.ts";
import { baseSpec } from "./spec.ts";

/** For one pass of the sort through the workspace: turns the parts' tallies of a digit into the places where each part's words begin among that digit's. */
export const radixOffsets = kernel("radix_offsets", {
  template: "radix_offsets.cu.hbs",
  hooks: {},
  spec: baseSpec,
  tune: { warps: oneOf(8, 4) },
  minArch: 80,
  minPtx: "7.0",
  unit: "one warp per digit of a row, or eight of few parts",
  shape: ["rows", "parts", "digit"],
  buffers: { tallies: scratch("u32"), totals: output("u32") },
  accepts: {},
  derive: ({ warps, dtype }) => ({ threads: warps * 32, digits: sortDigits(dtype) }),
  where: {},
  extents: (_, { rows, parts }) => ({ tallies: rows * parts * SORT_BINS, totals: rows * SORT_BINS }),
  launch: (c, { rows, parts, digit }) => ({
    grid: digit < c.digits && parts > 0 ? ceilDiv(rows * SORT_BINS, c.warps * (parts < 32 ? 8 : 1)) : 0,
    block: c.threads,
    cluster: 1,
    sharedBytes: 0,
  }),
  ships: [{ warps: 8 }],
  untuned: () => ({ warps: 8 }),
});
