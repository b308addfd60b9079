import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { bitonicBlock } from "../../dsl/index.ts";
import { kernelSource } from "../../runtime/kernel-source.ts";
import { failsWith } from "./fails-with.ts";

const root = vi.hoisted(() => ({ path: "" }));
vi.mock("../../native/index.ts", () => ({
  get packageRoot() {
    return root.path;
  },
}));
const symbol = "bitonic_block_f32_largest_width64_items2_rowsPerBlock2";
const stage = { kernel: bitonicBlock, spec: { dtype: "f32", order: "largest" }, tune: { width: 64, items: 2, rowsPerBlock: 2 } };
const text = "// whole";
vi.mock("../../generated/variants.ts", () => ({ variants: [{ symbol, sourceHash: createHash("sha256").update(text).digest("hex") }] }));

root.path = mkdtempSync(path.join(tmpdir(), "topkit-source-"));
mkdirSync(path.join(root.path, "generated", "kernels"), { recursive: true });
afterAll(() => rmSync(root.path, { recursive: true, force: true }));

it("reads a kernel's text, and refuses one that is missing, changed or not rendered", async () => {
  const file = path.join(root.path, "generated", "kernels", `${symbol}.cu`);
  await failsWith("TK207", () => kernelSource(stage), /cannot be read \(ENOENT.*install topkit again/);
  writeFileSync(file, text);
  expect(await kernelSource(stage)).toEqual({ symbol, text });
  writeFileSync(file, `${text} no more`);
  await failsWith("TK207", () => kernelSource(stage), /its hash differs/);
  await failsWith("TK113", () => kernelSource({ ...stage, tune: { ...stage.tune, rowsPerBlock: 16 } }), /rowsPerBlock16 is not rendered/);
});
