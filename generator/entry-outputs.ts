/** What codegen writes for an entry: the kernels that read x with each function in them, a manifest, and a typed binding to import. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Dtype, SCORE_DTYPE, type ScoredVariant } from "../dsl/index.ts";
import { javascriptText } from "./device/javascript.ts";
import { type EntryFunction, readEntry } from "./entry.ts";
import { GeneratorError, type Problem } from "./errors.ts";
import type { Catalog } from "./generate.ts";
import { type Loaded, load } from "./load.ts";
import type { Folder, Outputs } from "./output.ts";
import { type PrologueText, prologueText } from "./scored-reader.ts";
import { rootRelative } from "./template-files.ts";
import { BANNER_MARK } from "./view.ts";

export interface EntryOptions {
  /** The package's folder: dsl/ and templates/. */
  readonly root: string;
  readonly catalog: Catalog;
  /** The user's module. */
  readonly entry: string;
  /** Those that kernels are rendered for. */
  readonly dtypes: readonly Dtype[];
  /** Where positions are relative to. */
  readonly base: string;
  /** What a kernel's declaration and template are now: told to the runtime, which refuses texts of another time. */
  readonly basis: (kernel: string) => string;
}

/** Raised where the manifest, or what a kernel with a prologue is given, takes another form: runtime/scoring.ts compares it. */
const MANIFEST_VERSION = 2;

/** Deterministic. Errors: GeneratorError, as load() and readEntry(). */
export async function generateEntry({ root, catalog, entry, dtypes, base, basis }: EntryOptions): Promise<Outputs> {
  const functions = readEntry(resolve(entry), resolve(root), resolve(base)).map((fn) => ({ fn, prologue: prologueText(fn, fn.operands) }));
  const loaded = await load(root, catalog.kernels);
  const readers = loaded.kernels.filter(({ reader }) => reader !== undefined);
  const outputs = new Map<string, string>();
  const manifest: Record<string, { basis: Record<string, string>; variants: ScoredVariant[] }> = {};
  for (const { prologue } of functions) {
    const rendered = variantsOf(loaded, prologue, dtypes);
    for (const { symbol, text } of rendered) outputs.set(`kernels/${symbol}.cu`, text);
    manifest[prologue.name] = {
      basis: Object.fromEntries(readers.map(({ name }) => [name, basis(name)])),
      variants: rendered.map(({ text, ...variant }) => variant),
    };
  }
  outputs.set("manifest.json", `${JSON.stringify({ by: BANNER_MARK.slice(3), version: MANIFEST_VERSION, prologues: manifest }, undefined, 1)}\n`);
  const source = rootRelative(resolve(base), resolve(entry));
  outputs.set("index.js", bindingText(functions, source));
  outputs.set(
    "index.d.ts",
    typesText(
      functions.map(({ fn }) => fn),
      source,
    ),
  );
  return outputs;
}

/** Of every kernel that reads x, for x of these dtypes, the configs that ship. */
const variantsOf = ({ kernels, renderScored }: Loaded, prologue: PrologueText, dtypes: readonly Dtype[]): (ScoredVariant & { readonly text: string })[] =>
  kernels
    .filter(({ reader }) => reader !== undefined)
    .flatMap((kernel) =>
      dtypes.flatMap((dtype) =>
        kernel.spec.order.values.flatMap((order) => {
          const spec = { dtype: SCORE_DTYPE, order };
          return kernel.ships.map((tune) => ({ kernel: kernel.name, dtype, spec, tune, ...renderScored(kernel, { prologue, dtype }, spec, tune) }));
        }),
      ),
    );

/** The functions as JavaScript, for where there is no device, and what the runtime needs to run them where there is one. */
function bindingText(functions: readonly { readonly fn: EntryFunction; readonly prologue: PrologueText }[], source: string): string {
  const pow2 = functions.some(({ fn }) => javascriptText(fn.program).includes("pow2("));
  const bindings = functions.map(({ fn, prologue }) => {
    const places = { uniform: "0", row: "row", column: "col", element: "row * cols + col" };
    const given = Object.entries(fn.operands).map(([name, varies]) => `o.${name}[${places[varies]}]`);
    return [
      ...comment(fn.doc),
      `export const ${fn.name} = $topkWith({`,
      `  prologue: ${JSON.stringify({ name: prologue.name, operands: fn.operands })},`,
      '  folder: new URL("./", import.meta.url),',
      "  score: (() => {",
      ...javascriptText(fn.program)
        .split("\n")
        .map((line) => `    ${line}`),
      `    return (x, o, row, col, cols) => ${fn.name}_(${["x", ...given].join(", ")});`,
      "  })(),",
      "});",
    ].join("\n");
  });
  return [
    `${BANNER_MARK} from ${source}: edit that, not this.`,
    ...(pow2 ? ['import { pow2 } from "topkit/device";'] : []),
    // no function of a user's has a $ in its name
    'import { topkWith as $topkWith } from "topkit/prologue";',
    "",
    `${bindings.join("\n\n")}\n`,
  ].join("\n");
}

function typesText(functions: readonly EntryFunction[], source: string): string {
  const declarations = functions.map(({ name, operands, doc }) => {
    const fields = Object.entries(operands).map(([operand, varies]) => `readonly ${operand}: ${JSON.stringify(varies)}`);
    return [...comment(doc), `export declare const ${name}: TopkWith<{ ${fields.join("; ")} }>;`].join("\n");
  });
  return [`${BANNER_MARK} from ${source}: edit that, not this.`, 'import type { TopkWith } from "topkit/prologue";', "", `${declarations.join("\n\n")}\n`].join(
    "\n",
  );
}

const comment = (doc: string): string[] => (doc === "" ? [] : [`/** ${doc.replaceAll("*/", "*\\/").replaceAll("\n", "\n * ")} */`]);

/** What would be overwritten and is not codegen's own. Kernels' names hold a hash: no one else's file is called so. */
export function refuseForeign(folder: Folder, outputs: Outputs): void {
  const foreign = [...outputs.keys()].filter((name) => {
    const path = join(folder.path, name);
    return !name.endsWith(".cu") && existsSync(path) && !readFileSync(path, "utf8").includes(BANNER_MARK.slice(3));
  });
  if (foreign.length > 0) throw new GeneratorError(foreign.map((name) => foreignProblem(rootRelative(folder.root, join(folder.path, name)))));
}

const foreignProblem = (file: string): Problem => ({
  code: "TG047",
  at: { file, line: 1, column: 1 },
  what: `${file} was not written by codegen, and would be overwritten`,
  why: "--out is a folder of codegen's own",
  fix: "give a folder that does not exist yet, or move the file away",
});
