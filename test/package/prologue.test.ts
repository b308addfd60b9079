/** examples/prologue, as its user has it: codegen, types and runs from the packed topkit. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { kernels } from "../../dsl/index.ts";
import { packageRoot } from "../../native/index.ts";
import { NO_COMPILER, run } from "./run.ts";

/** Of a function: what ships of the kernels that read x, for both orders and three dtypes. */
const TEXTS = 3 * 2 * kernels.reduce((sum, { reader, ships }) => sum + (reader === undefined ? 0 : ships.length), 0);

const folder = mkdtempSync(path.join(tmpdir(), "topkit-prologue-"));
const example = path.join(packageRoot, "examples/prologue");

beforeAll(() => {
  for (const name of readdirSync(example).filter((each) => each !== "node_modules" && each !== "gen"))
    cpSync(path.join(example, name), path.join(folder, name));
  run("npm", ["pkg", "set", `dependencies.topkit=file:${inject("tarball")}`], folder);
  run("npm", ["install"], folder, NO_COMPILER);
  run("npm", ["run", "codegen", "--silent"], folder);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (...options: string[]): string => run("npm", ["start", "--silent", "--", ...options], folder, { TOPKIT_CACHE: path.join(folder, "cache") });

it("writes kernels, a manifest and a typed module", () => {
  expect(readdirSync(path.join(folder, "gen")).sort()).toEqual(["index.d.ts", "index.js", "kernels", "manifest.json"]);
  expect(readdirSync(path.join(folder, "gen/kernels")).filter((name) => name.includes("bestMoves"))).toHaveLength(TEXTS);
});

it("fits the types that the package brings", () => {
  expect(run(path.join(packageRoot, "node_modules/.bin/tsc"), ["-p", "."], folder)).toBe("");
});

it("tells a wrong operand when it is compiled", () => {
  const wrong = path.join(folder, "wrong.ts");
  writeFileSync(wrong, 'import { nearest } from "./gen/index.js";\nawait nearest(new Float32Array(4), { target: "far" }, { k: 1 });\n');
  const { stdout } = spawnSync(path.join(packageRoot, "node_modules/.bin/tsc"), ["-p", "."], { cwd: folder, encoding: "utf8" });
  rmSync(wrong);
  expect(stdout).toBe("wrong.ts(2,38): error TS2322: Type 'string' is not assignable to type 'PerRow'.\n");
});

it("prints what its README shows", () => {
  expect(readFileSync(path.join(example, "README.md"), "utf8")).toContain(`\`\`\`\n${start()}\`\`\``);
});

it("gives the same on the emulator", () => {
  expect(start("emulate")).toBe(start().replace("computed on cpu", "computed on emulate"));
});

it("--check tells a change, and a function that is no device code is told by its place", () => {
  const topkit = (...args: string[]) =>
    spawnSync("npx", ["topkit", "codegen", "--entry", "scores.ts", "--out", "gen", ...args], { cwd: folder, encoding: "utf8" });
  expect(topkit("--check")).toMatchObject({ status: 0, stdout: `codegen: ${2 * TEXTS + 3} files in gen/ are up to date\n` });
  const file = path.join(folder, "scores.ts");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("WORST = -50", "WORST = -40"));
  const changed = topkit("--check");
  expect(changed.status).toBe(1);
  expect(changed.stdout).toContain("TG032 gen/ is out of date");
  writeFileSync(file, text.replace("Math.abs(apart)", "Math.tanh(apart)"));
  const refused = topkit();
  expect(refused.status).toBe(1);
  expect(refused.stdout).toContain("scores.ts:15:11 TG041 Math.tanh is no function of device code");
});
