import fc from "fast-check";
import { expect, test } from "vitest";
import { chunking, DTYPE_BYTES, MIN_CHUNK, untunedTarget, VECTOR_BYTES } from "../../dsl/index.ts";
import { requests } from "./arbitrary.ts";

const follow = { candidateTarget: 500, chunkSize: 0 };

test.each([
  // k, wanted = max(1, round(500 / k)), chunk size of 50304 bf16 columns, chunks
  [5, 4096, 13], // 100 wanted, but a chunk has at least 4096 columns
  [50, 5032, 10], // ceil(50304 / 10) = 5031, in whole vectors of 8
  [100, 10064, 5],
  [128, 12576, 4],
  [200, 16768, 3], // 2.5 rounds up
  [400, 50304, 1],
  [1024, 50304, 1],
])("k %d of 50304 columns: chunks of %d, %d of them", (k, chunkSize, chunks) => {
  expect(chunking({ cols: 50304, k, dtype: "bf16" }, follow)).toEqual({ chunkSize, chunks });
});

test("a pinned chunk size stands, but never below k", () => {
  expect(chunking({ cols: 50304, k: 50, dtype: "f32" }, { candidateTarget: 500, chunkSize: 8192 })).toEqual({ chunkSize: 8192, chunks: 7 });
  expect(chunking({ cols: 50304, k: 5001, dtype: "f32" }, { candidateTarget: 500, chunkSize: 4096 })).toEqual({ chunkSize: 5004, chunks: 11 });
});

test("a candidateTarget below k leaves one chunk", () => {
  expect(chunking({ cols: 50304, k: 50, dtype: "f32" }, { candidateTarget: 1, chunkSize: 0 })).toEqual({ chunkSize: 50304, chunks: 1 });
});

test("chunks cover the row, none is empty, each holds k and whole vectors", () => {
  const targets = fc.oneof(fc.integer({ min: 1, max: 10000 }), fc.constant(500));
  const pins = fc.constantFrom(0, 4096, 8192, 131072);
  fc.assert(
    fc.property(requests, targets, pins, (request, candidateTarget, pinned) => {
      const { chunkSize, chunks } = chunking(request, { candidateTarget, chunkSize: pinned });
      expect(chunks * chunkSize).toBeGreaterThanOrEqual(request.cols);
      expect((chunks - 1) * chunkSize).toBeLessThan(request.cols);
      expect(chunkSize).toBeGreaterThanOrEqual(pinned > 0 ? request.k : Math.max(request.k, MIN_CHUNK));
      expect((chunkSize * DTYPE_BYTES[request.dtype]) % VECTOR_BYTES).toBe(0);
      if (pinned === 0) expect(chunks).toBeLessThanOrEqual(Math.max(1, Math.round(candidateTarget / request.k)));
    }),
    { numRuns: 1000 },
  );
});

test("untuned, few rows are cut into as many chunks as fill a device and stage 2 bears, many rows into one", () => {
  const chunks = (rows: number, k: number) => untunedTarget({ rows, k }) / k;
  expect([1, 8, 32, 128, 352, 353, 4096].map((rows) => chunks(rows, 50))).toEqual([80, 66, 17, 4, 2, 1, 1]);
  expect([1, 256, 257, 1024].map((k) => chunks(1, k))).toEqual([528, 15, 6, 6]);
  expect(untunedTarget({ rows: 0, k: 50 })).toBe(4000);
});
