import { expect, it, vi } from "vitest";
import { topk } from "../../runtime/index.ts";
import { failsWith } from "./fails-with.ts";

// Node 20 has none: an array of 16-bit elements of another class stands in for it, under the name that the engine would give the real one
class StandIn extends Int16Array {}
vi.mock("../../runtime/typed-array.ts", async (original) => {
  const real = await original<typeof import("../../runtime/typed-array.ts")>();
  return { ...real, typeOf: (value: unknown) => (value instanceof StandIn ? "Float16Array" : real.typeOf(value)) };
});

// the bits of 1, 3, -2
const data = new StandIn([0x3c00, 0x4200, 0xc000]) as unknown as Uint16Array;

it("takes a Float16Array as f16, bare or in a tensor, and gives raw bits", async () => {
  expect(await topk(data, { k: 2, backend: "cpu" })).toMatchObject({ dtype: "f16", values: Uint16Array.of(0x4200, 0x3c00), indices: Int32Array.of(1, 0) });
  expect(await topk({ data, dims: [3], type: "float16" }, { k: 1, backend: "cpu" })).toMatchObject({ dtype: "f16", indices: Int32Array.of(1) });
});

it("takes it as nothing else", () => failsWith("TK103", () => topk(data, { k: 1, dtype: "bf16" }), /x is f16, the dtype is "bf16"/));
