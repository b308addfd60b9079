/** A small package of one kernel, in a temporary folder: what the generator's tests break one thing at a time. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const PACKAGE_ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const KERNEL = "dsl/kernels/copy-row.ts";
export const TEMPLATE = "templates/copy_row.cu.hbs";

const FILES: Readonly<Record<string, string>> = {
  "dsl/catalog.ts": `import type { AnyKernel } from "./kernel.ts";
import { copyRow } from "./kernels/copy-row.ts";
import { type Plan, single } from "./plan.ts";

export const kernels: readonly AnyKernel[] = [copyRow];
export const plans: readonly Plan[] = [single("copy_row", copyRow)];
`,
  [KERNEL]: `import { input, output } from "../buffer.ts";
import { oneOf } from "../domain.ts";
import { kernel } from "../kernel.ts";

/** Copies a row. */
export const copyRow = kernel("copy_row", {
  template: "copy_row.cu.hbs",
  hooks: { prologue: "return raw;" },
  spec: { dtype: oneOf("f32", "f16"), order: oneOf("largest") },
  tune: {
    warps: oneOf(1, 2),
  },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per row",
  shape: ["rows", "cols"],
  buffers: { x: input("value"), indices: output("index") },
  accepts: { "a row is short": (_, { cols }) => cols <= 64 },
  derive: ({ warps }) => ({ threads: warps * 32, steps: [{ stride: 2 }, { stride: 1 }] }),
  where: { "few warps": (c) => c.warps <= 2 },
  extents: (_, { rows, cols }) => ({ x: rows * cols, indices: rows * cols }),
  launch: (c, { rows }) => ({ grid: rows, block: c.threads, cluster: 1, sharedBytes: c.threads * 4 }),
  ships: [{ warps: 1 }, { warps: 2 }],
  untuned: () => ({ warps: 1 }),
});
`,
  [TEMPLATE]: `{{banner}}
{{> device/types.cuh}}
{{> prelude}}
enum { {{order}} };
constexpr int WARPS = {{warps}};
__device__ Raw prologue(Raw raw) { {{hooks.prologue}} }

{{signature}} {
  int v = 0;
{{#each steps}}
  v += {{stride}};
{{/each}}
  int pairs[2][2] = { {1, 2}, {3, 4} };
  for (long long i = threadIdx.x; i < cols; i += 32 * WARPS) ((int*)indices)[blockIdx.x * cols + i] = prologue(x[i]) + v + pairs[1][1];
}
`,
  "templates/partials/prelude.cu.hbs": "typedef {{dtype}} Raw;\n",
  "templates/device/types.cuh": "typedef unsigned long long u64;\ntypedef unsigned f32;\ntypedef unsigned short f16;\n// {{ is harmless here\n",
};

export interface Edit {
  readonly file: string;
  /** Every occurrence is replaced; it must occur. Absent: the file is written anew. */
  readonly from?: string;
  readonly to: string;
}

/** Removed when the test ends. */
export function fixture(...edits: readonly Edit[]): string {
  const root = mkdtempSync(join(tmpdir(), "topkit-generator-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "dsl"));
  for (const name of readdirSync(join(PACKAGE_ROOT, "dsl")).filter((name) => name.endsWith(".ts") && name !== "index.ts")) {
    cpSync(join(PACKAGE_ROOT, "dsl", name), join(root, "dsl", name));
  }
  for (const [file, text] of Object.entries(FILES)) put(root, file, text);
  for (const edit of edits) change(root, edit);
  return root;
}

/** The real declarations and templates, in a folder that a test may change. */
export function packageCopy(): string {
  const root = mkdtempSync(join(tmpdir(), "topkit-generator-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ["dsl", "templates"]) cpSync(join(PACKAGE_ROOT, folder), join(root, folder), { recursive: true });
  return root;
}

export function change(root: string, { file, from, to }: Edit): void {
  const text = from === undefined ? "" : readFileSync(join(root, file), "utf8");
  if (from !== undefined && !text.includes(from)) throw new Error(`${file} does not hold ${JSON.stringify(from)}: the test is out of date`);
  put(root, file, from === undefined ? to : text.replaceAll(from, to));
}

function put(root: string, file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}
