/** What kernels that draw have in common: their buffers beside the row's, and how many candidates they draw from in the launch that finds them. */
import { input, optionalInput, optionalOutput, output } from "../buffer.ts";

/** One a row; candidateLogprobs: k. */
export const drawBuffers = {
  temperature: optionalInput("f32"),
  topP: optionalInput("f32"),
  minP: optionalInput("f32"),
  seeds: input("u64"),
  offsets: input("u64"),
  tokens: output("i32"),
  logprobs: optionalOutput("f32"),
  kept: optionalOutput("i32"),
  candidateLogprobs: optionalOutput("f32"),
} as const;

export const drawExtents = ({ rows, k }: { readonly rows: number; readonly k: number }): Readonly<Record<keyof typeof drawBuffers, number>> => ({
  temperature: rows,
  topP: rows,
  minP: rows,
  seeds: rows,
  offsets: rows,
  tokens: rows,
  logprobs: rows,
  kept: rows,
  candidateLogprobs: rows * k,
});

/** Candidates of a row: eight for each lane of the warp that draws. */
export const MOST_DRAWN = 256;
