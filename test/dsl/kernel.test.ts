import { expect, test } from "vitest";
import { brokenRule, contextOf, input, kernel, oneOf, output, refusedBy, scratch, state, variantSymbol } from "../../dsl/index.ts";

const body = {
  template: "copy.cu.hbs",
  hooks: { prologue: "return raw;" },
  spec: { dtype: oneOf("f32", "bf16"), order: oneOf("largest") },
  tune: { warps: oneOf(4, 8) },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per row",
  shape: ["rows", "cols"],
  buffers: { x: input("value"), values: output("value") },
  accepts: { "a row has at most 100 columns": (_: unknown, { cols }: { readonly cols: number }) => cols <= 100 },
  derive: ({ warps }: { readonly warps: number }) => ({ threads: warps * 32 }),
  where: { "a block has at most 128 threads": (c: { readonly threads: number }) => c.threads <= 128, "never reached first": () => false },
  extents: () => ({ x: 1, values: 1 }),
  launch: () => ({ grid: 1, block: 128, cluster: 1, sharedBytes: 0 }),
  ships: [{ warps: 4 }],
  untuned: () => ({ warps: 4 as const }),
} as const;

test("a declaration is frozen and carries its name", () => {
  const declared = kernel("copy", body);
  expect(declared.name).toBe("copy");
  expect(Object.isFrozen(declared)).toBe(true);
});

test.each(["Copy", "copy-it", "2copy", "copy_", "_copy", "copy__it", "", "copy it", "café"])('the name "%s" is refused', (name) =>
  expect(() => kernel(name, body)).toThrow(`kernel "${name}": a name is snake_case`),
);

test.each([
  ["tune and spec", { ...body, tune: { warps: oneOf(4), dtype: oneOf(1) } }, "dtype"],
  ["a hook and a tunable", { ...body, hooks: { warps: "" } }, "warps"],
  ["shape and tune", { ...body, shape: ["rows", "warps"] }, "warps"],
  ["a buffer and shape", { ...body, buffers: { ...body.buffers, rows: input("i32") } }, "rows"],
  ["shape twice", { ...body, shape: ["rows", "rows"] }, "rows"],
])("a name used twice is refused: %s", (_, twice, name) => {
  expect(() => kernel("copy", twice as unknown as typeof body)).toThrow(`kernel "copy": "${name}" is declared twice`);
});

test.each([
  ["scratch", scratch("value")],
  ["state", state("u32")],
])("a buffer of the caller is not %s", (dir, buffer) => {
  const declared = { ...body, buffers: { ...body.buffers, values: buffer } } as unknown as typeof body;
  expect(() => kernel("copy", declared)).toThrow(`kernel "copy": "values" is the caller's and cannot be ${dir}`);
});

test("rules are asked in order, and refuse by their names", () => {
  const declared = kernel("copy", body);
  const spec = { dtype: "f32", order: "largest" };
  expect(refusedBy(declared, spec, { rows: 1, cols: 100 })).toBeUndefined();
  expect(refusedBy(declared, spec, { rows: 1, cols: 101 })).toBe("a row has at most 100 columns");
  expect(contextOf(declared, { ...spec, warps: 8 })).toEqual({ ...spec, warps: 8, threads: 256 });
  expect(brokenRule(declared, contextOf(declared, { ...spec, warps: 8 }), { rows: 1, cols: 1 })).toBe("a block has at most 128 threads");
  expect(brokenRule(declared, contextOf(declared, { ...spec, warps: 4 }), { rows: 1, cols: 1 })).toBe("never reached first");
});

test("a variant's name has every value, in declared order", () => {
  expect(variantSymbol(kernel("copy", body), { order: "largest", dtype: "bf16" }, { warps: 8 })).toBe("copy_bf16_largest_warps8");
});
