/** Requests as a caller may make them, for property tests. */
import fc from "fast-check";
import type { Request } from "../../dsl/index.ts";

/** Sizes that lie near powers of two as often as anywhere else. */
const size = (max: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min: 1, max: Math.min(max, 5000) }),
    fc.integer({ min: 1, max }),
    fc
      .tuple(fc.integer({ min: 0, max: Math.floor(Math.log2(max)) }), fc.integer({ min: -1, max: 1 }))
      .map(([log, off]) => Math.min(max, Math.max(1, 2 ** log + off))),
  );

export const requests: fc.Arbitrary<Request> = size(2 ** 31 - 1).chain((cols) =>
  fc.record({
    // few rows, which some kernels are for, as often as many
    rows: fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: 70000 })),
    cols: fc.constant(cols),
    k: size(Math.min(cols, 4096)),
    rowStride: fc.integer({ min: 0, max: 100 }).map((gap) => cols + gap),
    dtype: fc.constantFrom("f32", "f16", "bf16"),
    order: fc.constantFrom("largest", "smallest"),
    indexBytes: fc.constantFrom(4, 8),
  }),
);

export const request = (partial: Partial<Request> & Pick<Request, "cols" | "k">): Request => ({
  rows: 1,
  rowStride: partial.cols,
  dtype: "bf16",
  order: "largest",
  indexBytes: 4,
  ...partial,
});
