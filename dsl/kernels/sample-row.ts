import { input, optionalInput, optionalOutput, output } from "../buffer.ts";
import { oneOf, pow2 } from "../domain.ts";
import { WORD_BYTES } from "../element.ts";
import { kernel } from "../kernel.ts";
import { baseSpec } from "./spec.ts";

/** Warps are cheaper than candidates a thread, whose exponentials come one after another (docs/log/sampling.md). */
const ships = [
  { warps: 1, items: 1 },
  { warps: 2, items: 1 },
  { warps: 4, items: 1 },
  { warps: 4, items: 2 },
  { warps: 16, items: 2 },
] as const;

/**
 * Draws a token from each row of a top-k's answer (docs/contract.md, "Sampling"). Threads hold neighbouring candidates; what a tile of them does not
 * hold is weighed again in each of three passes: the mass of all, the cuts, the draw.
 */
export const sampleRow = kernel("sample_row", {
  template: "sample_row.cu.hbs",
  hooks: {},
  spec: { dtype: baseSpec.dtype, order: oneOf("largest") },
  tune: {
    warps: pow2(1, 32),
    /** Candidates a thread holds. */
    items: oneOf(1, 2, 4, 8),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per row",
  shape: ["rows", "k", "indexBytes"],
  buffers: {
    values: input("value"),
    indices: input("i32"),
    temperature: optionalInput("f32"),
    topP: optionalInput("f32"),
    minP: optionalInput("f32"),
    seeds: input("u64"),
    offsets: input("u64"),
    tokens: output("i32"),
    logprobs: optionalOutput("f32"),
    kept: optionalOutput("i32"),
    candidateLogprobs: optionalOutput("f32"),
  },
  accepts: {
    "indices are 32 bits wide": (_, { indexBytes }) => indexBytes === 4,
  },
  derive: ({ warps }) => ({ threads: warps * 32 }),
  where: {},
  extents: (_, { rows, k }) => ({
    values: rows * k,
    indices: rows * k,
    temperature: rows,
    topP: rows,
    minP: rows,
    seeds: rows,
    offsets: rows,
    tokens: rows,
    logprobs: rows,
    kept: rows,
    candidateLogprobs: rows * k,
  }),
  launch: (c, { rows }) => ({ grid: rows, block: c.threads, cluster: 1, sharedBytes: c.warps > 1 ? c.warps * WORD_BYTES : 0 }),
  ships,
  untuned: (_, { k }) => ships.find(({ warps, items }) => k <= warps * 32 * items) ?? ships[ships.length - 1]!,
});
