/** A module of device functions as `topkit codegen --entry` renders it, bound by topkWith() as the binding that it writes does. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { pow2 } from "../../dsl/device/math.ts";
import { type Dtype, kernels, type Operands, plans } from "../../dsl/index.ts";
import { variants } from "../../generated/variants.ts";
import { generateEntry } from "../../generator/index.ts";
import type { TopkWith } from "../../runtime/prologue.ts";
import { topkWith } from "../../runtime/prologue.ts";
import type { Rendered } from "../../runtime/scoring.ts";
import { basisOf } from "../../runtime/tuning.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Each shipped function by a function of its own, and one that has every kind of operand and calls others. */
export const ENTRY = `
import { deviceFn, logitBias, mask, repetitionPenalty, softcap, temperature } from "topkit/device";

export const cooled = deviceFn({ invTemp: "uniform" }, (x, o) => temperature(x, o));
export const biased = deviceFn({ bias: "column" }, (x, o) => logitBias(x, o));
export const masked = deviceFn({ keep: "element" }, (x, o) => mask(x, o));
export const penalized = deviceFn({ penalty: "row", seen: "element" }, (x, o) => repetitionPenalty(x, o));
export const capped = deviceFn({ cap: "uniform" }, (x, o) => softcap(x, o));

const rise = deviceFn((a, b) => (a > b ? a : b - (b - a) * 0.25));
/** Everything at once. */
export const composed = deviceFn({ scale: "uniform", floor: "row", bias: "column", keep: "element" }, (x, o) => {
  const moved = logitBias(x * o.scale, o);
  return o.keep !== 0 && moved === moved ? rise(moved, o.floor) : -Infinity;
});
`;

export interface RenderedModule extends Disposable {
  /** What codegen wrote into. */
  readonly folder: string;
  readonly topks: Readonly<Record<string, TopkWith<Operands>>>;
  /** As index.js gives them. */
  readonly rendered: Readonly<Record<string, Rendered>>;
}

/** `basis` of a kernel, as codegen writes it down; default: what it is. Errors: as generateEntry(). */
export async function renderedModule(
  text = ENTRY,
  dtypes: readonly Dtype[] = ["f32", "f16", "bf16"],
  basis = (kernel: string) => basisOf(variants, kernel),
): Promise<RenderedModule> {
  const folder = mkdtempSync(join(tmpdir(), "topkit-rendered-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const entry = join(folder, "scores.ts");
    writeFileSync(entry, text);
    const outputs = await generateEntry({ root: ROOT, catalog: { kernels, plans }, entry, dtypes, base: folder, basis });
    for (const [name, content] of outputs) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const rendered = evaluated(outputs.get("index.js")!, folder);
    const topks = Object.fromEntries(Object.entries(rendered).map(([name, each]) => [name, topkWith(each)]));
    return { folder, rendered, topks, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** What index.js gives to topkWith(), by the names that it exports. Its imports name the installed package: here they are arguments. */
function evaluated(text: string, folder: string): Record<string, Rendered> {
  const exported = [...text.matchAll(/^export const (\w+) = /gm)].map(([, name]) => name!);
  const body = text
    .replace(/^import .*$/gm, "")
    .replace(/^export const /gm, "const ")
    .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(join(folder, "index.js")).href));
  return new Function("$topkWith", "pow2", `${body}\nreturn { ${exported.join(", ")} };`)((each: Rendered) => each, pow2);
}
