/** examples/onnxruntime, as its user has it: in a folder of its own, with topkit from its archive and onnxruntime-node from the registry. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { packageRoot } from "../../native/index.ts";
import { CHI_SQUARE_LIMIT, chiSquare, softmax } from "../support/chi-square.ts";
import { NO_COMPILER, run } from "./run.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-onnxruntime-"));
const example = path.join(packageRoot, "examples/onnxruntime");

const start = (...options: string[]): string => run("npm", ["start", "--silent", "--", ...options], folder, NO_COMPILER);

/** What a script prints as JSON. It has the example's modules, a session of its model, and nextLogits(): onnxruntime's for one row, copied. */
function scripted<T>(logits: "float32" | "float16", script: string): T {
  const before = `
    import { InferenceSession, Tensor } from "onnxruntime-node";
    import { generate } from "./generate.ts";
    import { lastLogits } from "./last-logits.ts";
    import { makeModel } from "./model.ts";
    import { decode, encode, TEXT, VOCABULARY } from "./text.ts";
    const session = await InferenceSession.create(makeModel(encode(TEXT), VOCABULARY.length, "${logits}"));
    const ask = (rows) => session.run({ ids: new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]) });
    const asBits = (data) => ("${logits}" === "float16" ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data);
    const nextLogits = async (tokens) => asBits((await ask([tokens])).logits.data).slice(-VOCABULARY.length);
    const print = (value) => console.log(JSON.stringify(value));`;
  return JSON.parse(run("node", ["--import", "tsx", "--input-type=module", "--eval", `${before}\n${script}`], folder, NO_COMPILER)) as T;
}

beforeAll(() => {
  const sources = readdirSync(example).filter((name) => name !== "node_modules");
  for (const name of sources) cpSync(path.join(example, name), path.join(folder, name));
  run("npm", ["pkg", "set", `dependencies.topkit=file:${inject("tarball")}`], folder);
  run("npm", ["install"], folder, NO_COMPILER);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("installs no CUDA libraries", () => {
  const libraries = path.join(folder, `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`);
  expect(existsSync(path.join(libraries, "onnxruntime_binding.node"))).toBe(true);
  expect(readdirSync(libraries).filter((name) => /cuda|tensorrt/.test(name))).toEqual([]);
});

it("fits the types that the packages bring", () => {
  expect(run(path.join(packageRoot, "node_modules/.bin/tsc"), ["-p", "."], folder)).toBe("");
});

it("prints a row of text for each of the batch, the same at each start, another with another seed", () => {
  const rows = (printed: string): string[] => printed.split("\n").filter((line) => line.startsWith("row "));
  const first = start("--batch", "3", "--steps", "20", "--seed", "5");
  expect(rows(first).map((line) => line.length)).toEqual(Array(3).fill("row 0: the ".length + 20));
  expect(new Set(rows(first).map((line) => line.slice("row 0".length))).size).toBe(3);
  expect(first).toContain("seed 5 again: the same 3 x 20 tokens");
  expect(start("--batch", "3", "--steps", "20", "--seed", "5")).toBe(first);
  expect(rows(start("--batch", "3", "--steps", "20", "--seed", "6"))).not.toEqual(rows(first));
});

it.each([
  [["--k", "5000"], /^k is 5000; it is an integer from 1 to \d+/],
  [["--top-p", "2"], /^topP is 2; /],
  [["--temperature", "hot"], /^temperature is NaN; /],
  [["--seed", "x"], /^--seed is "x"; give a whole number/],
  [["--prompt", ""], /^the prompt is empty; /],
  [["--prompt", "X"], /^the model has not read "X"; /],
])("refuses %j in one line", (options, line) => {
  const { status, stderr } = spawnSync("node", ["--import", "tsx", "main.ts", ...options], { cwd: folder, encoding: "utf8" });
  expect(stderr.trimEnd()).toMatch(line);
  expect(stderr.trimEnd()).not.toContain("\n");
  expect(status).toBe(1);
});

it.each(["float32", "float16"] as const)("greedy takes the greatest of onnxruntime's %s logits, step by step", (type) => {
  const { generated, logits } = scripted<{ generated: number[][]; logits: number[][] }>(
    type,
    `const prompt = encode("a token ");
    const generated = await generate(session, { prompt, batch: 2, steps: 30, k: 5, temperature: 0, seed: 1n });
    const logits = [];
    for (let step = 0; step < 30; step++) logits.push([...(await nextLogits([...prompt, ...generated[0].slice(0, step)]))]);
    print({ generated, logits });`,
  );
  // raw bits of float16: their sign and magnitude make them an order too
  const order = (value: number): number => (type === "float32" ? value : value & 0x8000 ? -(value & 0x7fff) : value);
  const greatest = logits.map((row) => row.map(order)).map((row) => row.indexOf(Math.max(...row)));
  expect(generated).toEqual([greatest, greatest]);
});

it("gives each row of each step the draw of an offset of its own, whatever stands beside it", () => {
  const { generated, alone } = scripted<{ generated: number[][]; alone: number[][] }>(
    "float32",
    `const { sample } = await import("topkit");
    const prompt = encode("s");
    const settings = { k: 8, temperature: 1.2, topP: 0.9, seed: 11n };
    const generated = await generate(session, { prompt, batch: 3, steps: 12, ...settings });
    const alone = [];
    for (let row = 0; row < 3; row++) {
      const tokens = [];
      for (let step = 0; step < 12; step++) {
        const logits = await nextLogits([...prompt, ...tokens]);
        tokens.push((await sample(logits, { ...settings, offset: 3 * step + row })).tokens[0]);
      }
      alone.push(tokens);
    }
    print({ generated, alone });`,
  );
  expect(generated).toEqual(alone);
});

it("draws first tokens as often as softmax says, of the k that it is given", () => {
  const { drawn, logits } = scripted<{ drawn: number[]; logits: number[] }>(
    "float32",
    `const prompt = encode("the m");
    const drawn = [];
    for (let seed = 0n; seed < 1000n; seed++) drawn.push(...(await generate(session, { prompt, batch: 8, steps: 1, k: 10, temperature: 1.5, seed })).flat());
    print({ drawn, logits: [...(await nextLogits(prompt))] });`,
  );
  const ranked = logits.map((value, token) => ({ value, token })).sort((a, b) => b.value - a.value || a.token - b.token);
  const candidates = ranked.slice(0, 10);
  const counts = candidates.map(({ token }) => drawn.filter((one) => one === token).length);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(8000);
  const probabilities = softmax(
    candidates.map(({ value }) => value),
    1.5,
  );
  // Pearson's statistic is chi-square's where all are expected a few times
  expect(Math.min(...probabilities) * 8000).toBeGreaterThan(5);
  expect(chiSquare(counts, probabilities)).toBeLessThan(CHI_SQUARE_LIMIT[9]!);
});

it("reads onnxruntime's memory as it is: each row's last position, of both types and ranks", () => {
  const result = scripted<{ shared: boolean; layout: object; tokens: number[]; refused: string[] }>(
    "float32",
    `const { sample } = await import("topkit");
    const { logits } = await ask([encode("ab"), encode("cd"), encode("ef")]);
    const { data, layout } = lastLogits(logits);
    const last = Float32Array.from({ length: 3 * layout.cols }, (_, at) => logits.data[(2 * Math.floor(at / layout.cols) + 1) * layout.cols + (at % layout.cols)]);
    const settings = { k: 5, seed: 3 };
    const strided = await sample(data, { ...settings, ...layout });
    const flat = lastLogits(new Tensor("float32", last, [3, layout.cols]));
    const packed = await sample(flat.data, { ...settings, ...flat.layout });
    const tensor = await sample(new Tensor("float32", last, [3, layout.cols]), settings);
    const refused = [];
    for (const wrong of [undefined, new Tensor("int32", [1], [1, 1]), new Tensor("float32", [1], [1]), new Tensor("float32", [], [1, 0, 5])])
      try { lastLogits(wrong); } catch (error) { refused.push(error.message); }
    print({ shared: data.buffer === logits.data.buffer, layout, tokens: [strided, packed, tensor].map(({ tokens }) => [...tokens].join(" ")), refused });`,
  );
  expect(result.shared).toBe(true);
  expect(result.layout).toMatchObject({ rows: 3, dtype: "f32" });
  expect(new Set(result.tokens).size).toBe(1);
  expect(result.refused).toEqual([
    expect.stringContaining('no output "logits"'),
    expect.stringContaining("the logits are int32"),
    expect.stringContaining("the logits are [1];"),
    expect.stringContaining("the logits are [1, 0, 5];"),
  ]);
});
