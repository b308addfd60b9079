import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { combinations } from "../../dsl/domain.ts";
import type { AnyKernel } from "../../dsl/kernel.ts";
import { variantSymbol } from "../../dsl/variant.ts";
import { identifiersOf } from "../../generator/cuda-text.ts";
import { type Loaded, load, readCatalog } from "../../generator/index.ts";
import { type Edit, fixture, KERNEL, PACKAGE_ROOT, TEMPLATE } from "./fixture.ts";

const F32 = { dtype: "f32", order: "largest" };

async function loadFixture(...edits: readonly Edit[]): Promise<Loaded & { readonly only: AnyKernel; readonly root: string }> {
  const root = fixture(...edits);
  const { kernels } = await readCatalog(root);
  return { ...(await load(root, kernels)), only: kernels[0]!, root };
}

describe("render()", () => {
  it("gives the whole text", async () => {
    const { render, only } = await loadFixture();
    const { symbol, text, sourceHash } = render(only, F32, { warps: 2 });
    expect(symbol).toBe("copy_row_f32_largest_warps2");
    expect(text).toBe(`// Machine-written by topkit codegen from templates/copy_row.cu.hbs and dsl/kernels/copy-row.ts: edit those, not this.
//
// Copies a row.
//
// spec: dtype f32, order largest
// tune: warps 2
// unit: one block per row
typedef unsigned long long u64;
typedef unsigned f32;
typedef unsigned short f16;
// {{ is harmless here
typedef f32 Raw;
enum { largest };
constexpr int WARPS = 2;
__device__ Raw prologue(Raw raw) { return raw; }

extern "C" __global__ void __launch_bounds__(64) copy_row_f32_largest_warps2(
    const Raw* __restrict__ x,
    void* __restrict__ indices,
    const long long rows,
    const long long cols) {
  int v = 0;
  v += 2;
  v += 1;
  int pairs[2][2] = { {1, 2}, {3, 4} };
  for (long long i = threadIdx.x; i < cols; i += 32 * WARPS) ((int*)indices)[blockIdx.x * cols + i] = prologue(x[i]) + v + pairs[1][1];
}
`);
    expect(sourceHash).toBe(createHash("sha256").update(text).digest("hex"));
  });

  it("needs no disk once loaded, and does not depend on the order of properties", async () => {
    const { render, only, root } = await loadFixture();
    const before = render(only, F32, { warps: 1 });
    rmSync(root, { recursive: true });
    expect(render(only, { order: "largest", dtype: "f32" }, { warps: 1 })).toEqual(before);
  });

  it("fills a hook with other CUDA, which changes the hash and not the symbol", async () => {
    const { render, only } = await loadFixture();
    const plain = render(only, F32, { warps: 1 });
    const hooked = render(only, F32, { warps: 1 }, { prologue: "return raw & 0x7fffffff; /* <, & and {{ stay */" });
    expect(hooked.text).toBe(plain.text.replace("{ return raw; }", "{ return raw & 0x7fffffff; /* <, & and {{ stay */ }"));
    expect(hooked.symbol).toBe(plain.symbol);
    expect(hooked.sourceHash).not.toBe(plain.sourceHash);
  });

  it("gives a kernel that draws its own text, and the others theirs to the byte", async () => {
    const plain = (await loadFixture()).render;
    const ask = { file: TEMPLATE, from: "  int v = 0;\n", to: "{{#if draws}}\n  int v = 1;\n{{else}}\n  int v = 0;\n{{/if}}\n" };
    const include = { file: TEMPLATE, from: "{{> prelude}}\n", to: "{{> prelude}}\n{{#if draws}}\n{{> device/more.cuh}}\n{{/if}}\n" };
    const more = { file: "templates/device/more.cuh", to: "// more\n" };
    const storing = await loadFixture(ask, include, more);
    const { text } = plain(storing.only, F32, { warps: 2 });
    expect(storing.render(storing.only, F32, { warps: 2 }).text).toBe(text);
    const draws = { file: KERNEL, from: 'template: "copy_row.cu.hbs",', to: 'template: "copy_row.cu.hbs", drawsFrom: {} as never,' };
    const drawing = await loadFixture(ask, include, more, draws);
    expect(drawing.render(drawing.only, F32, { warps: 2 }).text).toBe(text.replace("int v = 0;", "int v = 1;").replace("Raw;\n", "Raw;\n// more\n"));
  });

  it("never lets a doc comment reach the code", async () => {
    const doc = "/**\n * One line ends in a backslash \\\\\\\n *\n * and {{warps}} stays.\n */";
    const { render, only } = await loadFixture({ file: KERNEL, from: "/** Copies a row. */", to: doc });
    const { text } = render(only, F32, { warps: 1 });
    expect(text).toContain("// One line ends in a backslash\n//\n// and {{warps}} stays.\n");
  });
});

describe("the package's own kernels", () => {
  let loaded: Loaded;
  beforeAll(async () => {
    loaded = await load(PACKAGE_ROOT, (await readCatalog(PACKAGE_ROOT)).kernels);
  });

  it("ship every config for every spec, and what is tuned", () => {
    for (const kernel of loaded.kernels) {
      const symbols = loaded.variants.filter((variant) => variant.kernel === kernel).map((variant) => variant.symbol);
      expect(new Set(symbols).size, kernel.name).toBe(symbols.length);
      const shipped = [...combinations<typeof kernel.spec>(kernel.spec)].flatMap((spec) => kernel.ships.map((tune) => variantSymbol(kernel, spec, tune)));
      expect(symbols.slice(0, shipped.length)).toEqual(shipped);
    }
  });

  it("know of each formula whether its value depends on the shape", () => {
    const shared = (name: string) => loaded.declarations.get(name)?.field("launch", "sharedBytes");
    expect(shared("heap_merge")).toMatchObject({ dependsOnShape: true });
    expect(shared("tile_stream")).toMatchObject({ dependsOnShape: false });
    expect(loaded.declarations.get("tile_stream")?.field("extents", "words")).toMatchObject({ dependsOnShape: true });
    expect(loaded.declarations.get("tile_stream")?.field("launch", "nothing")).toBeUndefined();
  });
});

describe("identifiersOf()", () => {
  it("sees names in code only", () => {
    const text = `int a = b.c->d; // e\n/* f\n g */ char h = 'i', *j = "k \\" l"; n(0x7f, 1'000, 2.f);`;
    expect([...identifiersOf(text)].sort()).toEqual(["a", "b", "char", "h", "int", "j", "n"]);
  });
});
