import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { topk } from "../../runtime/index.ts";
import { useNative } from "../../runtime/native-access.ts";
import { oracleTopk } from "../support/oracle.ts";
import { FakeNative } from "./fake-native.ts";
import "./private-cache.ts";

const bitsOf = (array: Float32Array | Uint16Array): number[] => [
  ...(array instanceof Float32Array ? new Uint32Array(array.buffer, array.byteOffset, array.length) : array),
];
const six = Float32Array.of(3, 1, 2, 6, 5, 4);

beforeEach(() => useNative(new FakeNative()));
afterEach(() => {
  useNative(undefined);
  delete process.env.TOPKIT_BACKEND;
});

// the real CPU, and the fake's CPU and GPU: what differs is below the shared code
describe.each([
  ["cpu", "the addon"],
  ["cpu", "a fake"],
  ["cuda", "a fake"],
] as const)("topk() on %s of %s", (backend, addon) => {
  beforeEach(() => useNative(addon === "a fake" ? new FakeNative() : undefined));

  it("takes a bare array as one row", async () => {
    const result = await topk(six, { k: 2, backend });
    expect(result).toEqual({ values: Float32Array.of(6, 5), indices: Int32Array.of(3, 4), dims: [1, 2], dtype: "f32", backend });
  });

  it("divides a bare array into rows", async () => {
    const { values, indices, dims } = await topk(six, { k: 1, rows: 2, backend });
    expect({ values, indices, dims }).toEqual({ values: Float32Array.of(3, 6), indices: Int32Array.of(0, 0), dims: [2, 1] });
  });

  it("flattens a tensor's leading dims and keeps them in the result", async () => {
    const { values, dims } = await topk({ data: six, dims: [1, 3, 2], type: "float32" }, { k: 1, backend });
    expect({ values, dims }).toEqual({ values: Float32Array.of(3, 6, 5), dims: [1, 3, 1] });
  });

  it("takes an onnxruntime tensor's type as the dtype", async () => {
    const result = await topk({ data: Uint16Array.of(0x3c00, 0xbc00, 0x4000), dims: [3], type: "float16" }, { k: 1, order: "smallest", backend });
    expect(result).toMatchObject({ values: Uint16Array.of(0xbc00), indices: Int32Array.of(1), dims: [1], dtype: "f16" });
  });

  it("gives 64-bit indices on request", async () => {
    const { indices } = await topk(six, { k: 2, indices: "i64", backend });
    expect(indices).toEqual(BigInt64Array.of(3n, 4n));
  });

  it("fills places beyond a short row", async () => {
    const { values, indices } = await topk(six, { k: 2, rows: 2, lengths: Int32Array.of(1, -5), backend });
    expect({ values: [...values], indices: [...indices] }).toEqual({ values: [3, -Infinity, -Infinity, -Infinity], indices: [0, -1, -1, -1] });
  });

  it("answers no rows", async () => {
    const { values, indices, dims } = await topk({ data: new Float32Array(0), dims: [0, 5] }, { k: 3, backend });
    expect({ values: values.length, indices: indices.length, dims }).toEqual({ values: 0, indices: 0, dims: [0, 3] });
  });

  it("reads arrays shared between threads, and views into larger buffers", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(24));
    shared.set(six);
    expect((await topk(shared, { k: 1, backend })).values).toEqual(Float32Array.of(6));
    expect((await topk(six.subarray(1, 3), { k: 1, backend })).values).toEqual(Float32Array.of(2));
  });

  it("leaves the input as it was", async () => {
    const input = six.slice();
    await topk(input, { k: 3, backend });
    expect(input).toEqual(six);
  });

  it("equals the oracle bit for bit, for any shape, stride, lengths and bits", async () => {
    const job = fc.record({
      rows: fc.integer({ min: 0, max: 4 }),
      cols: fc.integer({ min: 1, max: 70 }),
      gap: fc.integer({ min: 0, max: 3 }),
      kShare: fc.double({ min: 0, max: 1, noNaN: true }),
      dtype: fc.constantFrom("f32" as const, "f16" as const, "bf16" as const),
      order: fc.constantFrom("largest" as const, "smallest" as const),
      seed: fc.integer(),
      short: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(job, async ({ rows, cols, gap, kShare, dtype, order, seed, short }) => {
        const k = Math.max(1, Math.round(kShare * cols));
        const rowStride = cols + gap;
        const patterns = Uint32Array.from({ length: rows * rowStride }, (_, place) => Math.imul(place + seed, 2654435761) ^ (place << 7));
        const data = dtype === "f32" ? new Float32Array(patterns.buffer) : Uint16Array.from(patterns);
        const lengths = Int32Array.from({ length: rows }, (_, row) => (patterns[row * rowStride]! % (cols + 4)) - 2);
        const shape = { rows, cols, k, rowStride, dtype, order, ...(short ? { lengths } : {}) };
        const result = await topk(data, { ...shape, backend });
        const expected = oracleTopk({ data, ...shape });
        expect([...result.indices]).toEqual([...expected.indices]);
        expect(bitsOf(result.values)).toEqual(bitsOf(expected.values));
      }),
      { numRuns: 60 },
    );
  });
});

describe("backend auto", () => {
  it("is the GPU where one can be used", async () => expect((await topk(six, { k: 1 })).backend).toBe("cuda"));

  it("is the CPU where there is none", async () => {
    const native = new FakeNative();
    native.driver = { ok: false, code: "TK_NO_DRIVER", reason: "no libcuda", trail: [] };
    useNative(native);
    expect((await topk(six, { k: 1 })).backend).toBe("cpu");
  });

  it("is the CPU where no GPU plan answers", async () => {
    const native = new FakeNative();
    native.arch = 75;
    useNative(native);
    const { backend, indices } = await topk(
      Float32Array.from({ length: 5000 }, (_, col) => col),
      { k: 1025 },
    );
    expect({ backend, first: indices[0] }).toEqual({ backend: "cpu", first: 4999 });
  });

  it("is what TOPKIT_BACKEND says", async () => {
    process.env.TOPKIT_BACKEND = "cpu";
    expect((await topk(six, { k: 1 })).backend).toBe("cpu");
    expect((await topk(six, { k: 1, backend: "cuda" })).backend).toBe("cuda");
  });
});
