/** The import table of docs/architecture.md, enforced: data flows one way. */
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

interface Rule {
  /** Other folders of ours that it may import. */
  readonly ours: readonly string[];
  readonly node: boolean;
  /** Packages. The generator's and the tests' are installed for development only. */
  readonly packages: readonly string[];
}

const TABLE: Readonly<Record<string, Rule>> = {
  dsl: { ours: [], node: false, packages: [] },
  generator: { ours: ["dsl"], node: true, packages: ["ts-morph", "handlebars", "tsx"] },
  generated: { ours: ["dsl"], node: false, packages: [] },
  native: { ours: [], node: true, packages: [] },
  runtime: { ours: ["dsl", "generated", "native"], node: true, packages: [] },
  bench: { ours: ["dsl", "generator", "generated", "native", "runtime"], node: true, packages: ["vega", "vega-lite"] },
  cli: { ours: ["dsl", "generator", "generated", "native", "runtime", "bench"], node: true, packages: ["commander"] },
  // each example is a user's project, with a package.json of its own
  examples: { ours: [], node: true, packages: ["topkit", "onnxruntime-node", "protobufjs"] },
  scripts: { ours: [], node: true, packages: [] },
  test: {
    ours: ["dsl", "generator", "generated", "native", "runtime", "bench", "cli"],
    node: true,
    // topkit, onnxruntime-node: test/package imports what was packed, and what an example brings
    packages: ["vitest", "fast-check", "ts-morph", "handlebars", "typescript", "topkit", "onnxruntime-node", "tsx"],
  },
};

/** Code that is published, and so loads on machines that have neither. */
const PUBLISHED = ["dsl", "generated", "native", "runtime"];

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Import and export-from statements, import() and require() with a literal, in a file's text. */
function importsOf(text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statements = [...code.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^"'`;()]*?\sfrom\s+)?["']([^"'\n]+)["']/gm)];
  const calls = [...code.matchAll(/\b(?:import|require)\s*\(\s*["'`]([^"'`\n]+)["'`]/g)];
  return [
    ...statements.map((found) => ({ specifier: found[2]!, typeOnly: found[1] !== undefined })),
    ...calls.map((found) => ({ specifier: found[1]!, typeOnly: false })),
  ];
}

function filesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name) && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join("/"));
}

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** Why a file may not import this, or undefined. */
function offence(file: string, { specifier, typeOnly }: Import): string | undefined {
  const folder = file.split("/")[0]!;
  const { ours, node, packages } = TABLE[folder]!;
  const bad = (why: string): string => `${file} imports "${specifier}": ${why}`;
  if (specifier.startsWith(".")) {
    const target = posix.normalize(posix.join(posix.dirname(file), specifier));
    const targetFolder = target.split("/")[0]!;
    if (target.startsWith("..")) return bad("it lies outside the repository");
    if (targetFolder !== folder && !ours.includes(targetFolder)) return bad(`${folder} may import ${ours.join(", ") || "nothing of ours"}`);
    // what codegen wrote there for the user
    if (folder === "examples" && posix.dirname(target).endsWith("/gen")) return undefined;
    if (!/\.(ts|json|node)$/.test(target)) return bad('a relative import ends in ".ts"');
    return undefined;
  }
  if (specifier.startsWith("node:")) return node ? undefined : bad(`${folder} imports no node: modules`);
  if (builtinModules.includes(specifier)) return bad('Node\'s own modules are imported as "node:..."');
  // types vanish: what the addon's build needs types of is not needed to run it
  if (packages.includes(packageOf(specifier)) || (typeOnly && folder !== "dsl")) return undefined;
  return bad(`${folder} may import the packages ${packages.join(", ") || "none"}`);
}

test("every folder of code is in the table", () => {
  const folders = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !["node_modules", "build", "dist", "prebuilds", "coverage"].includes(entry.name))
    .map((entry) => entry.name)
    .filter((folder) => filesOf(folder).length > 0);
  expect(folders.filter((folder) => TABLE[folder] === undefined)).toEqual([]);
});

for (const folder of Object.keys(TABLE)) {
  test(`${folder} imports what it may`, () => {
    const files = filesOf(folder);
    expect(files.length).toBeGreaterThan(0);
    const offences = files.flatMap((file) => importsOf(readFileSync(join(ROOT, file), "utf8")).map((found) => offence(file, found)));
    expect(offences.filter((sentence) => sentence !== undefined)).toEqual([]);
  });
}

test("published code reaches neither ts-morph nor handlebars, on any path", () => {
  const seen = new Set<string>();
  const pending = PUBLISHED.flatMap(filesOf);
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { specifier } of importsOf(readFileSync(join(ROOT, file), "utf8"))) {
      expect(["ts-morph", "handlebars"]).not.toContain(packageOf(specifier));
      if (specifier.endsWith(".ts") && specifier.startsWith(".")) pending.push(posix.normalize(posix.join(posix.dirname(file), specifier)));
    }
  }
  expect([...seen].some((file) => file.startsWith("runtime/"))).toBe(true);
  expect([...seen].filter((file) => file.startsWith("generator/"))).toEqual([]);
});

describe("the test itself", () => {
  test("finds every form of import, and none in comments", () => {
    const text = [
      'import "./a.ts";',
      'import b from "./b.ts";',
      'import { c,\n  d } from "./c.ts";',
      'import type { E } from "./e.ts";',
      'export * from "./f.ts";',
      'export { g } from "./g.ts";',
      'const h = await import("./h.ts");',
      `const i = ${"require"}("i");`,
      '// import "./no.ts";',
      '/* import "./no.ts"; */',
      'export const text = "from";',
    ].join("\n");
    expect(importsOf(text).map(({ specifier }) => specifier)).toEqual(["./a.ts", "./b.ts", "./c.ts", "./e.ts", "./f.ts", "./g.ts", "./h.ts", "i"]);
  });

  test.each([
    ["dsl/kernels/x.ts", "../../native/types.ts", "dsl may import nothing of ours"],
    ["dsl/x.ts", "node:fs", "dsl imports no node: modules"],
    ["native/x.ts", "../runtime/index.ts", "native may import nothing of ours"],
    ["runtime/x.ts", "../generator/render.ts", "runtime may import dsl, generated, native"],
    ["runtime/x.ts", "ts-morph", "runtime may import the packages none"],
    ["runtime/x.ts", "commander", "runtime may import the packages none"],
    ["bench/x.ts", "../cli/main.ts", "bench may import"],
    ["bench/x.ts", "../test/support/oracle.ts", "bench may import"],
    ["cli/x.ts", "../../elsewhere.ts", "outside the repository"],
    ["cli/x.ts", "fs", 'imported as "node:..."'],
    ["cli/x.ts", "./y.js", 'ends in ".ts"'],
  ])("%s importing %s is an offence", (file, specifier, why) => expect(offence(file, { specifier, typeOnly: false })).toContain(why));

  test.each([
    ["dsl/kernels/x.ts", "../math.ts"],
    ["generator/x.ts", "ts-morph"],
    ["generated/variants.ts", "../dsl/index.ts"],
    ["runtime/x.ts", "../generated/variants.ts"],
    ["cli/x.ts", "../bench/reference.ts"],
    ["test/x.ts", "vitest"],
  ])("%s importing %s is none", (file, specifier) => expect(offence(file, { specifier, typeOnly: false })).toBeUndefined());
});
