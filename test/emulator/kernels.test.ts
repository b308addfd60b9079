/** The generated kernels on the emulator, in checked mode and under random schedules, against the oracle. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Dtype, Order, Request } from "../../dsl/index.ts";
import { buildProgram } from "./emulator.ts";
import { expectedOf, type PlanCase, runPlan } from "./plan-job.ts";

/** Deterministic 32-bit words (xorshift). */
function words(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

type Pattern = "bits" | "ties" | "ascending" | "specials";

const SPECIALS: Readonly<Record<Dtype, readonly number[]>> = {
  f32: [0x7fc00001, 0xffc00002, 0x7f800000, 0xff800000, 0, 0x80000000, 1, 0x3f800000],
  f16: [0x7e01, 0xfe02, 0x7c00, 0xfc00, 0, 0x8000, 1, 0x3c00],
  bf16: [0x7fc1, 0xffc2, 0x7f80, 0xff80, 0, 0x8000, 1, 0x3f80],
};

function elements(dtype: Dtype, count: number, pattern: Pattern, seed: number): Float32Array | Uint16Array {
  const next = words(seed);
  const bits = dtype === "f32" ? new Uint32Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const word = next();
    bits[i] = { bits: word, ties: word & 1, ascending: i, specials: SPECIALS[dtype][word % 8]! }[pattern];
  }
  return bits instanceof Uint32Array ? new Float32Array(bits.buffer) : bits;
}

interface Shape extends Partial<Omit<PlanCase, "request" | "data">> {
  readonly plan: string;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly order?: Order;
  readonly pad?: number;
  readonly indexBytes?: 4 | 8;
  readonly pattern?: Pattern;
}

function caseOf({ rows, cols, k, dtype, order = "largest", pad = 0, indexBytes = 4, pattern = "bits", ...rest }: Shape): PlanCase {
  const request: Request = { rows, cols, k, rowStride: cols + pad, dtype, order, indexBytes };
  return { ...rest, request, data: elements(dtype, rows * (cols + pad), pattern, cols + k) };
}

const SHAPES: readonly Shape[] = [
  { plan: "cluster_select", rows: 2, cols: 5000, k: 50, dtype: "bf16", seed: 4 },
  { plan: "cluster_select", rows: 2, cols: 4001, k: 200, dtype: "f32", order: "smallest", pad: 3, skew: 4, pattern: "ties", seed: 9 },
  { plan: "cluster_select", rows: 3, cols: 9001, k: 100, dtype: "f16", pattern: "specials", indexBytes: 8, lengths: Int32Array.of(8999, -4, 90) },
  { plan: "cluster_select", rows: 1, cols: 20000, k: 50, dtype: "bf16", pattern: "ascending" },
  // no block has k delegates, and most have far more survivors than they may send
  { plan: "cluster_select", rows: 1, cols: 20001, k: 200, dtype: "f16", skew: 2, pattern: "ascending", seed: 3 },
  { plan: "cluster_sort", rows: 2, cols: 5003, k: 300, dtype: "f32", order: "smallest", pad: 3, skew: 4, pattern: "specials", seed: 5 },
  { plan: "cluster_sort", rows: 1, cols: 20000, k: 1000, dtype: "bf16", pattern: "ascending", indexBytes: 8 },
  { plan: "cluster_sort", rows: 2, cols: 9001, k: 2048, dtype: "f16", pattern: "ties", lengths: Int32Array.of(8999, 700) },
  { plan: "warp_select", rows: 9, cols: 200, k: 8, dtype: "f32", order: "smallest", pattern: "specials", indexBytes: 8 },
  { plan: "warp_select", rows: 3, cols: 1000, k: 32, dtype: "bf16", pad: 3, skew: 2, lengths: Int32Array.of(1000, -4, 7), seed: 3 },
  { plan: "warp_select", rows: 2, cols: 4096, k: 256, dtype: "f16", pattern: "ties" },
  { plan: "block_select", rows: 33, cols: 4100, k: 50, dtype: "bf16", seed: 6 },
  { plan: "block_select", rows: 33, cols: 4099, k: 300, dtype: "f32", order: "smallest", pad: 5, skew: 4, pattern: "ties", indexBytes: 8 },
  {
    plan: "block_select",
    rows: 34,
    cols: 4200,
    k: 128,
    dtype: "f16",
    pattern: "specials",
    lengths: Int32Array.from({ length: 34 }, (_, row) => 130 * row - 9),
  },
  { plan: "bitonic_block", rows: 3, cols: 1, k: 1, dtype: "bf16" },
  { plan: "bitonic_block", rows: 9, cols: 50, k: 50, dtype: "f16", pad: 3, skew: 2 },
  { plan: "bitonic_block", rows: 5, cols: 200, k: 17, dtype: "f32", order: "smallest", pattern: "specials", indexBytes: 8 },
  { plan: "bitonic_block", rows: 3, cols: 1000, k: 32, dtype: "bf16", pattern: "specials", lengths: Int32Array.of(1000, -4, 7), seed: 3 },
  { plan: "bitonic_block", rows: 2, cols: 2048, k: 2048, dtype: "f32", pattern: "ties" },
  { plan: "stream_heap", rows: 2, cols: 9000, k: 50, dtype: "bf16", seed: 11 },
  { plan: "stream_heap", rows: 3, cols: 5001, k: 64, dtype: "f32", order: "smallest", pad: 5, skew: 4, pattern: "ascending" },
  { plan: "stream_heap", rows: 2, cols: 8200, k: 200, dtype: "f16", pattern: "specials", indexBytes: 8, lengths: Int32Array.of(8199, 90) },
  { plan: "stream_heap", rows: 1, cols: 12345, k: 1, dtype: "bf16", pattern: "ties", skew: 6, seed: 5 },
  { plan: "stream_tile", rows: 2, cols: 9000, k: 100, dtype: "f32", pattern: "ties", seed: 8 },
  { plan: "stream_tile", rows: 2, cols: 7000, k: 1000, dtype: "bf16", order: "smallest", lengths: Int32Array.of(6999, 0) },
];

const titleOf = ({ lengths, ...shape }: Shape): string => JSON.stringify({ ...shape, ...(lengths && { lengths: [...lengths] }) });

describe("generated kernels on the emulator", () => {
  beforeAll(() => void buildProgram("plain"));

  for (const shape of SHAPES) {
    it(titleOf(shape), () => {
      const given = caseOf(shape);
      const outcome = runPlan(given);
      expect({ text: outcome.text, status: outcome.status, stateLeft: outcome.stateLeft }).toEqual({ text: "", status: 0, stateLeft: [] });
      const expected = expectedOf(given);
      expect(outcome.indices).toEqual(expected.indices);
      expect(outcome.values).toEqual(expected.values);
    });
  }

  it("gives the same on all cores, unchecked", () => {
    const given = caseOf({ plan: "stream_heap", rows: 9, cols: 20000, k: 50, dtype: "bf16", mode: "fast" });
    expect(runPlan(given)).toMatchObject({ status: 0, ...expectedOf(given) });
  });

  it("reports a read behind the row", () => {
    const given = caseOf({ plan: "stream_heap", rows: 1, cols: 9000, k: 50, dtype: "bf16" });
    // one element more than the row has
    const outcome = runPlan({ ...given, mutate: (text) => text.replace("return cols;", "return cols + 1;") });
    expect(outcome.status).toBe(1);
    expect(outcome.text).toMatch(/out of bounds: read of 2 bytes at tile_stream.*\.cu:\d+.*buffer x, which has 18000 bytes/);
  });
});
