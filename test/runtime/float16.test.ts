import { afterAll, expect, it, vi } from "vitest";
import { topk } from "../../runtime/index.ts";
import { failsWith } from "./fails-with.ts";

// Node 20 has none: a 16-bit array of another class stands in for it, before the runtime looks
const before = vi.hoisted(() => {
  const global = globalThis as { Float16Array?: unknown };
  const own = global.Float16Array;
  global.Float16Array = class Float16Array extends Int16Array {};
  return own;
});
const Float16Array = (globalThis as unknown as { Float16Array: typeof Int16Array }).Float16Array;
afterAll(() => Object.assign(globalThis, { Float16Array: before }));

// the bits of 1, 3, -2
const data = new Float16Array([0x3c00, 0x4200, 0xc000]) as unknown as Uint16Array;

it("takes a Float16Array as f16, bare or in a tensor, and gives raw bits", async () => {
  expect(await topk(data, { k: 2, backend: "cpu" })).toMatchObject({ dtype: "f16", values: Uint16Array.of(0x4200, 0x3c00), indices: Int32Array.of(1, 0) });
  expect(await topk({ data, dims: [3], type: "float16" }, { k: 1, backend: "cpu" })).toMatchObject({ dtype: "f16", indices: Int32Array.of(1) });
});

it("takes it as nothing else", () => failsWith("TK103", () => topk(data, { k: 1, dtype: "bf16" }), /x is f16, the dtype is "bf16"/));
