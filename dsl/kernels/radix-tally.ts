import { input, optionalInput, output, scratch } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { kernel } from "../kernel.ts";
import { FOUND_WORDS, SORT_BINS, sortDigits } from "./radix.ts";
import { baseSpec } from "./spec.ts";

/** For one pass of the sort through the workspace: counts the words of each part by their digit. */
export const radixTally = kernel("radix_tally", {
  template: "radix_tally.cu.hbs",
  hooks: {},
  spec: baseSpec,
  tune: { warps: oneOf(16, 8) },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per part of a row's selected words",
  shape: ["rows", "cols", "k", "parts", "partSize", "digit"],
  // passes read the one and the other in turns
  buffers: { lengths: optionalInput("i32"), found: input("u32"), words: scratch("word"), spare: scratch("word"), tallies: output("u32") },
  accepts: {},
  derive: ({ warps, dtype }) => ({ threads: warps * 32, digits: sortDigits(dtype) }),
  where: {},
  extents: (_, { rows, k, parts }) => ({ lengths: rows, found: rows * FOUND_WORDS, words: rows * k, spare: rows * k, tallies: rows * parts * SORT_BINS }),
  launch: (c, { rows, parts, digit }) => ({
    grid: digit < c.digits ? rows * parts : 0,
    block: c.threads,
    cluster: 1,
    sharedBytes: SORT_BINS * 4,
  }),
  ships: [{ warps: 16 }],
  untuned: () => ({ warps: 16 }),
});
