/** `topkit codegen --entry`: what is read, written and refused. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codegen } from "../../cli/codegen.ts";
import { main } from "../../cli/program.ts";
import { type Dtype, kernels } from "../../dsl/index.ts";
import { readEntry } from "../../generator/entry.ts";
import { GeneratorError } from "../../generator/errors.ts";
import { DTYPES } from "../../runtime/check.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "topkit-entry-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Of a function and a dtype: what ships of the kernels that read x, for both orders. */
const TEXTS = 2 * kernels.reduce((sum, { reader, ships }) => sum + (reader === undefined ? 0 : ships.length), 0);

const write = (files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
};
const DEVICE = 'import { deviceFn, logitBias } from "topkit/device";\n';
const BIASED = `${DEVICE}/** Biased. */\nexport const biased = deviceFn({ bias: "column" }, (x, o) => logitBias(x, o));\n`;

function refusal(files: Readonly<Record<string, string>>): string {
  write(files);
  try {
    readEntry(join(folder, "scores.ts"), ROOT, folder);
  } catch (error) {
    if (error instanceof GeneratorError) return `${error.code} ${error.at!.file}:${error.at!.line}:${error.at!.column}`;
    throw error;
  }
  return "none";
}

describe("reading", () => {
  it("takes exported functions with operands, and follows imports by either name", () => {
    write({
      "scores.ts": `${DEVICE}import { half } from "./more/half.js";\nimport { LIMIT } from "./more/limit.ts";
const own = deviceFn({ bias: "column" }, (x, o) => x + o.bias);
export const scalar = deviceFn((a) => a);
export const other = 3;
/** Doc. */
export const first = deviceFn({ bias: "column" }, (x, o) => half(own(x, o)) + LIMIT);
export const second = deviceFn({}, (x) => x);`,
      "more/half.ts": 'import { deviceFn } from "topkit/device";\nexport const half = deviceFn((a) => a * 0.5);',
      "more/limit.ts": "export const LIMIT = 4;",
    });
    const functions = readEntry(join(folder, "scores.ts"), ROOT, folder);
    expect(functions.map(({ name, operands, doc }) => [name, operands, doc])).toEqual([
      ["first", { bias: "column" }, "Doc."],
      ["second", {}, ""],
    ]);
    expect(functions[0]!.program.functions.map(({ name }) => name)).toEqual(["own", "half", "first"]);
  });

  it.each([
    ["nothing exported", { "scores.ts": `${DEVICE}const f = deviceFn({}, (x) => x);` }, "TG046 scores.ts:1:1"],
    ["scalars only", { "scores.ts": `${DEVICE}export const f = deviceFn((a) => a);` }, "TG046 scores.ts:1:1"],
    ["no such file", {}, "TG030 scores.ts:1:1"],
    ["what is no device code", { "scores.ts": `${DEVICE}export const f = deviceFn({}, (x) =>\n  Math.exp(x));` }, "TG041 scores.ts:3:3"],
    [
      "in an imported module",
      {
        "scores.ts": `${DEVICE}import { half } from "./half.ts";\nexport const f = deviceFn({}, (x) => half(x));`,
        "half.ts": "export const half = deviceFn((a) => a % 2);",
      },
      "TG041 half.ts:1:39",
    ],
    ["what does not parse", { "scores.ts": `${DEVICE}export const f = deviceFn({}, (x) => x;` }, "TG040 scores.ts:2:39"],
    ["a name of another package", { "scores.ts": 'import { relu } from "nets";\nexport const f = deviceFn({}, (x) => relu(x));' }, "TG042 scores.ts:2:38"],
    ["an operand that a callee needs", { "scores.ts": `${DEVICE}export const f = deviceFn({}, (x, o) => logitBias(x, o));` }, "TG042 scores.ts:2:54"],
  ])("refuses %s", (_, files, expected) => expect(refusal(files as Record<string, string>)).toBe(expected));
});

describe("writing", () => {
  const run = async (out: string, check = false, dtypes: readonly Dtype[] = DTYPES): Promise<{ status: number; lines: string[] }> => {
    const lines: string[] = [];
    const entry = { file: join(folder, "scores.ts"), out: join(folder, out), dtypes };
    const status = await codegen({ root: ROOT, check, watch: false, json: false, entry, log: (line) => lines.push(line) });
    return { status, lines };
  };
  const text = (name: string): string => readFileSync(join(folder, name), "utf8");

  it("writes a module, its types and kernels; again it changes nothing; what is no longer exported goes", { timeout: 120_000 }, async () => {
    write({ "scores.ts": BIASED });
    expect(await run("gen")).toMatchObject({ status: 0, lines: [expect.stringContaining(`: ${3 * TEXTS + 3} new, 0 changed, 0 deleted`)] });
    expect(text("gen/index.d.ts")).toMatch(
      /^\/\/ Machine-written by topkit codegen from .*scores\.ts: edit that, not this\.\nimport type \{ TopkWith \} from "topkit\/prologue";\n\n\/\*\* Biased\. \*\/\nexport declare const biased: TopkWith<\{ readonly bias: "column" \}>;\n$/,
    );
    const [, name] = /"name":"(biased_[0-9a-f]{8})"/.exec(text("gen/index.js"))!;
    const kernel = text(`gen/kernels/radix_row_${name}_of_f16_f32_smallest_warps16_items4_vectors4.cu`);
    expect(kernel).toContain("const float* __restrict__ operand_bias");
    expect(kernel).toContain("float biased_score(float x_, float bias_) {");
    expect(await run("gen", true)).toMatchObject({ status: 0 });
    write({ "scores.ts": BIASED.replace("logitBias(x, o)", "logitBias(x, o) * 2") });
    expect(await run("gen", true)).toMatchObject({ status: 1, lines: expect.arrayContaining([expect.stringContaining("TG032")]) });
    expect(await run("gen")).toMatchObject({ status: 0, lines: [expect.stringContaining(`: ${3 * TEXTS} new, 2 changed, ${3 * TEXTS} deleted`)] });
    expect(existsSync(join(folder, `gen/kernels/radix_row_${name}_of_f16_f32_smallest_warps16_items4_vectors4.cu`))).toBe(false);
  });

  it("renders for the dtypes that are asked for", { timeout: 120_000 }, async () => {
    write({ "scores.ts": BIASED });
    expect(await run("gen", false, ["bf16"])).toMatchObject({ status: 0, lines: [expect.stringContaining(`: ${TEXTS + 3} new, 0 changed, 0 deleted`)] });
    expect(readdirSync(join(folder, "gen/kernels")).filter((name) => !name.includes("_of_bf16_f32_"))).toEqual([]);
    expect(await run("gen", true, ["bf16"])).toMatchObject({ status: 0 });
    expect(await run("gen", true)).toMatchObject({ status: 1 });
  });

  it("overwrites nobody else's file", { timeout: 120_000 }, async () => {
    write({ "scores.ts": BIASED, "src/index.js": "export const mine = 1;\n" });
    const { status, lines } = await run("src");
    expect(status).toBe(1);
    expect(lines[0]).toMatch(/src\/index\.js:1:1 TG047 .*was not written by codegen/);
    expect(text("src/index.js")).toBe("export const mine = 1;\n");
    expect(existsSync(join(folder, "src/kernels"))).toBe(false);
  });

  it.each([
    ["--entry without --out", ["--entry", "a.ts"]],
    ["--out without --entry", ["--out", "gen"]],
    ["--dtype without them", ["--dtype", "bf16"]],
    ["an unknown dtype", ["--entry", "a.ts", "--out", "gen", "--dtype", "f64"]],
    ["--watch beside them", ["--entry", "a.ts", "--out", "gen", "--watch"]],
  ])("%s is a wrong argument", async (_, args) => {
    const before = process.exitCode;
    await main(["codegen", ...args]);
    const status = process.exitCode;
    process.exitCode = before;
    expect(status).toBe(2);
  });
});
