/** Every code of the generator, triggered, with the place that it names. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { codegen } from "../../cli/codegen.ts";
import { CODES, compare, GeneratorError, generate, load, readCatalog, write } from "../../generator/index.ts";
import { type Edit, fixture, KERNEL, TEMPLATE } from "./fixture.ts";

const triggered = new Set<string>();

/** `CODE file:line:column` of each problem. */
async function problemsOf(action: () => Promise<unknown>): Promise<string[]> {
  try {
    await action();
  } catch (cause) {
    if (!(cause instanceof GeneratorError)) throw cause;
    for (const { code, what, why, fix } of cause.problems) {
      triggered.add(code);
      for (const text of [what, why, fix]) expect(text).not.toBe("");
    }
    return cause.problems.map(({ code, at }) => `${code} ${at.file}:${at.line}:${at.column}`);
  }
  return [];
}

const generateAt = async (root: string): Promise<unknown> => generate(root, await readCatalog(root));

const kernel = (from: string, to: string): Edit => ({ file: KERNEL, from, to });
const template = (from: string, to: string): Edit => ({ file: TEMPLATE, from, to });
const body = (line: string): Edit => template("  int v = 0;\n", `  int v = 0;\n${line}\n`);
const head = (line: string): Edit => template("enum {", `${line}\nenum {`);

interface Case {
  readonly what: string;
  readonly edits: readonly Edit[];
  readonly expected: readonly string[];
}

const of = (what: string, edits: readonly Edit[], ...expected: string[]): Case => ({ what, edits, expected });

const CASES: readonly Case[] = [
  of("nothing wrong", []),
  of(
    "a name that is not written in place",
    [kernel('export const copyRow = kernel("copy_row"', 'const NAME = "copy_row";\n/** Copies. */\nexport const copyRow = kernel(NAME')],
    "TG001 dsl/catalog.ts:1:1",
  ),
  of("not in the catalog", [{ file: "dsl/catalog.ts", from: "= [copyRow]", to: "= []" }], `TG002 ${KERNEL}:6:24`),
  of(
    "one name twice",
    [{ file: "dsl/kernels/second.ts", to: '/** Again. */\nexport const second = kernel("copy_row", {});\n' }],
    "TG003 dsl/kernels/second.ts:2:23",
  ),
  of("no doc comment", [kernel("/** Copies a row. */\n", "")], `TG004 ${KERNEL}:5:24`),
  of("no such template", [kernel("copy_row.cu.hbs", "copy.cu.hbs")], `TG005 ${KERNEL}:7:3`),
  of("two braces in an initialiser", [template("{ {1, 2}, {3, 4} }", "{{1, 2}, {3, 4}}")], `TG006 ${TEMPLATE}:13:23`),
  of("an unclosed block", [template("{{/each}}", "")], `TG006 ${TEMPLATE}:16:1`),
  of("a closing tag of another block", [template("{{/each}}", "{{/if}}")], `TG006 ${TEMPLATE}:10:4`),
  of("a character that no mustache has", [head("{{order!}}")], `TG006 ${TEMPLATE}:4:3`),
  of("{{#if}}", [head("{{#if warps}}x{{/if}}")], `TG007 ${TEMPLATE}:4:1`),
  of("{{#unless}}", [body("{{#unless warps}}x{{/unless}}")], `TG007 ${TEMPLATE}:10:1`),
  of("a helper", [head("  {{lookup steps 0}}")], `TG007 ${TEMPLATE}:4:3`),
  of("a literal", [head("{{12}}")], `TG007 ${TEMPLATE}:4:1`),
  of("this", [head("{{this}}")], `TG007 ${TEMPLATE}:4:1`),
  of("a parent's name", [template("{{stride}}", "{{../warps}}")], `TG007 ${TEMPLATE}:11:8`),
  of("a data variable", [template("{{stride}}", "{{@index}}")], `TG007 ${TEMPLATE}:11:8`),
  of("a bracketed name", [template("= {{warps}}", "= {{[warps]}}")], `TG007 ${TEMPLATE}:5:23`, `TG013 ${KERNEL}:11:5`),
  of("whitespace control", [template("= {{warps}}", "= {{~warps}}")], `TG007 ${TEMPLATE}:5:23`, `TG013 ${KERNEL}:11:5`),
  of("a partial with arguments", [template("{{> prelude}}", "{{> prelude dtype=order}}")], `TG007 ${TEMPLATE}:3:1`, `TG013 ${KERNEL}:9:11`),
  of("a partial with a computed name", [head("{{> (lookup . 'order')}}")], `TG007 ${TEMPLATE}:4:1`),
  of("a partial block", [head("{{#> prelude}}x{{/prelude}}")], `TG007 ${TEMPLATE}:4:1`),
  of("{{else}}", [template("{{/each}}", "{{else}}\n{{/each}}")], `TG007 ${TEMPLATE}:10:1`, `TG013 ${KERNEL}:19:50`),
  of("{{#each}} in {{#each}}", [template("{{stride}}", "{{#each steps}}1{{/each}}")], `TG007 ${TEMPLATE}:11:8`),
  of("a partial in {{#each}}", [template("{{stride}}", "1{{> prelude}}")], `TG007 ${TEMPLATE}:11:9`),
  of("block parameters", [template("{{#each steps}}", "{{#each steps as |s|}}")], `TG007 ${TEMPLATE}:10:1`, `TG013 ${KERNEL}:19:50`),
  of("{{#if draws}} in {{#each}}", [template("{{stride}}", "{{#if draws}}1{{/if}}{{stride}}")], `TG007 ${TEMPLATE}:11:8`),
  of("{{#if draws}} in {{#if draws}}", [body("{{#if draws}}{{#if draws}}{{/if}}{{/if}}")], `TG007 ${TEMPLATE}:10:14`),
  of("{{#if draws}} with another word", [body("{{#if draws warps}}{{/if}}")], `TG007 ${TEMPLATE}:10:1`),
  of("{{#if scored}} in {{#if draws}}", [body("{{#if draws}}{{#if scored}}{{/if}}{{/if}}")], `TG007 ${TEMPLATE}:10:14`),
  of("a value in {{#if scored}}", [body("{{#if scored}}{{warps}}{{/if}}")], `TG007 ${TEMPLATE}:10:1`),
  of("a buffer that only a kernel with a prologue uses", [template("prologue(x[i])", "{{#if scored}}x[i]{{else}}1{{/if}}")], `TG017 ${KERNEL}:17:14`),
  of("a value below the signature, in {{else}} of {{#if scored}}", [body("{{#if scored}}{{else}}{{warps}}{{/if}}")], `TG009 ${TEMPLATE}:10:23`),
  of("a value below the signature, in {{#if draws}}", [body("{{#if draws}}{{warps}}{{/if}}")], `TG009 ${TEMPLATE}:10:14`),
  of("a buffer that only a kernel that draws uses", [template("prologue(x[i])", "{{#if draws}}x[i]{{else}}1{{/if}}")], `TG017 ${KERNEL}:17:14`),
  of(
    "a kernel that draws, of a template that asks nobody",
    [kernel('template: "copy_row.cu.hbs",', 'template: "copy_row.cu.hbs", drawsFrom: {} as never,')],
    `TG013 ${KERNEL}:7:32`,
  ),
  of("a triple stash", [template("= {{warps}}", "= {{{warps}}}")], `TG008 ${TEMPLATE}:5:23`, `TG013 ${KERNEL}:11:5`),
  of("an ampersand", [template("= {{warps}}", "= {{&warps}}")], `TG008 ${TEMPLATE}:5:23`, `TG013 ${KERNEL}:11:5`),
  of("an escaped mustache", [head("\\{{warps}}")], `TG008 ${TEMPLATE}:4:2`),
  of("a value below the signature", [body("  v = {{warps}};")], `TG009 ${TEMPLATE}:10:7`),
  of("a partial below the signature", [body("{{> device/types.cuh}}")], `TG009 ${TEMPLATE}:10:1`, `TG016 ${TEMPLATE}:10:1`),
  of("a template comment below the signature", [body("  {{! hidden }}")], `TG009 ${TEMPLATE}:10:3`),
  of(
    "no signature",
    [template("{{signature}} {", 'extern "C" __global__ void f() {')],
    `TG010 ${TEMPLATE}:1:1`,
    `TG017 ${KERNEL}:17:14`,
    `TG017 ${KERNEL}:17:33`,
  ),
  of("two signatures", [body("{{signature}}")], `TG009 ${TEMPLATE}:10:1`, `TG010 ${TEMPLATE}:10:1`),
  of("something before the banner", [template("{{banner}}", "// mine\n{{banner}}")], `TG011 ${TEMPLATE}:1:1`),
  of("an unknown name", [head("  {{wraps}}")], `TG012 ${TEMPLATE}:4:3`),
  of(
    "an unknown name in a partial",
    [{ file: "templates/partials/prelude.cu.hbs", from: "typedef", to: "// {{nothing}}\ntypedef" }],
    "TG012 templates/partials/prelude.cu.hbs:1:4",
  ),
  of("an unknown list", [template("#each steps", "#each stops")], `TG012 ${TEMPLATE}:10:1`, `TG013 ${KERNEL}:19:50`),
  of("an unknown field", [template("{{stride}}", "{{strode}}")], `TG012 ${TEMPLATE}:11:8`),
  of("an unknown hook", [template("{{hooks.prologue}}", "{{hooks.epilogue}}")], `TG012 ${TEMPLATE}:6:36`, `TG013 ${KERNEL}:8:12`),
  of("an unused spec", [template("{{order}}", "largest")], `TG013 ${KERNEL}:9:39`),
  of("an unused tunable", [template("{{warps}}", "1")], `TG013 ${KERNEL}:11:5`),
  of("an unused derived value", [kernel("threads: warps * 32,", "threads: warps * 32, spare: 1,")], `TG013 ${KERNEL}:19:50`),
  of("a list as a value", [head("{{steps}}")], `TG014 ${TEMPLATE}:4:1`),
  of("a value as a list", [head("{{#each warps}}{{/each}}")], `TG014 ${TEMPLATE}:4:1`),
  of("an unknown partial", [head("{{> device/type.cuh}}")], `TG015 ${TEMPLATE}:4:1`),
  of("a partial twice", [head("{{> device/types.cuh}}")], `TG016 ${TEMPLATE}:4:1`),
  of(
    "a partial that includes itself",
    [{ file: "templates/partials/prelude.cu.hbs", from: "typedef", to: "{{> prelude}}\ntypedef" }],
    "TG016 templates/partials/prelude.cu.hbs:1:1",
  ),
  of("an unused buffer", [template("prologue(x[i])", "/* x */ prologue(1)")], `TG017 ${KERNEL}:17:14`),
  of("an unused shape value", [kernel('"cols"]', '"cols", "spare"]')], `TG017 ${KERNEL}:16:3`),
  of("another block than threads", [kernel("block: c.threads", "block: 32")], `TG018 ${KERNEL}:22:3`),
  of("a block that depends on the shape", [kernel("block: c.threads", "block: Math.min(rows, c.threads)")], `TG018 ${KERNEL}:22:3`),
  of("no derived threads", [kernel("threads: warps * 32, ", ""), kernel("c.threads", "32")], `TG018 ${KERNEL}:22:3`),
  of("a derived name that is taken", [kernel("steps:", "rows: 1, steps:")], `TG019 ${KERNEL}:19:3`),
  of("a declared name of the generator's own", [kernel("warps", "symbol")], `TG019 ${KERNEL}:19:3`),
  of("a derived NaN", [kernel("warps * 32", "warps * Number.NaN")], `TG019 ${KERNEL}:19:3`),
  of("an empty list", [kernel("[{ stride: 2 }, { stride: 1 }]", "[]")], `TG019 ${KERNEL}:19:3`),
  of("list items of different fields", [kernel("{ stride: 1 }", "{ width: 1 }")], `TG019 ${KERNEL}:19:3`),
  of("other names for another config", [kernel("steps:", "...(warps === 2 ? { more: 1 } : {}), steps:")], `TG019 ${KERNEL}:19:3`),
  of("a shipped config outside its domain", [kernel("ships: [{ warps: 1 }", "ships: [{ warps: 3 }")], `TG020 ${KERNEL}:23:3`),
  of("a config shipped twice", [kernel("ships: [{ warps: 1 }", "ships: [{ warps: 2 }")], `TG020 ${KERNEL}:23:3`),
  of("a shipped config that breaks a rule", [kernel("c.warps <= 2", "c.warps <= 1")], `TG021 ${KERNEL}:23:3`),
  of("a value that cannot be part of a name", [kernel("oneOf(1, 2)", "oneOf(1, 2.5)"), kernel("{ warps: 2 }", "{ warps: 2.5 }")], `TG022 ${KERNEL}:10:3`),
  of("a derive that throws", [kernel("warps * 32", "(() => { throw new Error('no'); })()")], `TG023 ${KERNEL}:19:3`),
  of("a launch that throws", [kernel("grid: rows", "grid: (() => { throw new Error('no'); })()")], `TG023 ${KERNEL}:22:3`),
  of("a where rule that throws", [kernel("(c) => c.warps <= 2", "(c) => { throw new Error('no'); }")], `TG023 ${KERNEL}:20:12`),
  of("a declaration that kernel() refuses", [kernel('kernel("copy_row"', 'kernel("CopyRow"')], `TG025 ${KERNEL}:6:24`),
  of("a syntax error in a declaration", [kernel("minArch: 80,", "minArch: 80;")], `TG025 ${KERNEL}:13:14`),
];

describe("sources", () => {
  it.each(CASES)("$what", async ({ edits, expected }) => {
    expect((await problemsOf(() => generateAt(fixture(...edits)))).sort()).toEqual(expected);
  });

  it("shows several problems together", async () => {
    const root = fixture(kernel("block: c.threads", "block: 32"), head("{{wraps}} {{#if warps}}{{/if}}"));
    expect(await problemsOf(() => generateAt(root))).toEqual([`TG007 ${TEMPLATE}:4:11`, `TG018 ${KERNEL}:22:3`, `TG012 ${TEMPLATE}:4:1`]);
    const error = await generateAt(root).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: "GeneratorError", message: expect.stringMatching(/TG007[\s\S]*TG018/) });
  });
});

describe("render()", () => {
  const refused = async (spec: object, tune: object, hooks: object): Promise<string[]> => {
    const root = fixture();
    const { kernels } = await readCatalog(root);
    const { render } = await load(root, kernels);
    return problemsOf(async () => render(kernels[0]!, spec as never, tune as never, hooks as never));
  };

  it.each([
    ["an unknown hook", { dtype: "f32", order: "largest" }, { warps: 1 }, { epilogue: "" }, 1],
    ["a value outside its domain", { dtype: "f32", order: "largest" }, { warps: 3 }, {}, 1],
    ["values that are missing", { dtype: "f32" }, {}, {}, 2],
    ["a value of no domain", { dtype: "f32", order: "largest" }, { warps: 1, wraps: 1 }, {}, 1],
    ["nothing wrong", { dtype: "f32", order: "largest" }, { warps: 1 }, { prologue: "return 1;" }, 0],
  ])("%s", async (_, spec, tune, hooks, count) => {
    expect(await refused(spec, tune, hooks)).toEqual(Array(count).fill(`TG024 ${KERNEL}:6:24`));
  });
});

describe("files and surroundings", () => {
  it.each([
    ["{", "JSON"],
    ["{}", "it has no list of choices"],
    ['{"choices": [{"dtype": "f32"}]}', "choice 0 has no dtype or no config"],
  ])("names a tuning table that is none: %s", async (to, why) => {
    const root = fixture({ file: "generated/tuning/some.json", to });
    expect(await problemsOf(() => generateAt(root))).toEqual(["TG026 generated/tuning/some.json:1:1"]);
    await expect(generateAt(root)).rejects.toThrow(why);
  });

  it("names a folder that cannot be read", async () => {
    const root = fixture();
    rmSync(join(root, "templates"), { recursive: true });
    expect(await problemsOf(() => generateAt(root))).toEqual(["TG030 templates:1:1"]);
  });

  it("names a file that cannot be written", async () => {
    const root = fixture({ file: "generated", to: "a file where a folder is to be" });
    const outputs = new Map([["kernels/a.cu", "text"]]);
    const folder = { root, path: join(root, "generated") };
    expect(await problemsOf(() => compare(folder, outputs))).toEqual(["TG030 generated/kernels/a.cu:1:1"]);
    expect(await problemsOf(() => write(folder, outputs, { appear: ["kernels/a.cu"], change: [], disappear: [] }))).toHaveLength(1);
  });

  const json = async (root: string, check: boolean, importGenerator?: () => Promise<never>): Promise<{ status: number; code: string }> => {
    const lines: string[] = [];
    const status = await codegen({ root, check, watch: false, json: true, log: (line) => lines.push(line) }, importGenerator);
    const code = JSON.parse(lines.join("")).problems[0].code;
    triggered.add(code);
    return { status, code };
  };

  it("says which package is not installed", async () => {
    const absent = async (): Promise<never> => {
      throw Object.assign(new Error("Cannot find package 'ts-morph' imported from /x/y.js"), { code: "ERR_MODULE_NOT_FOUND" });
    };
    expect(await json(fixture(), false, absent)).toEqual({ status: 1, code: "TG031" });
  });

  it("says when generated files are out of date", async () => {
    expect(await json(fixture(), true)).toEqual({ status: 1, code: "TG032" });
  });
});

afterAll(() => {
  // device functions' codes are triggered in test/device/errors.test.ts
  const codes = Object.keys(CODES).filter((code) => code < "TG040");
  // only of a whole run: with a filter on test names most codes are not reached
  if (triggered.size > codes.length / 2) expect([...triggered].sort()).toEqual(codes.sort());
});
