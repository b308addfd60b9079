/** The package as a user gets it: packed, installed into an empty folder without a compiler, imported, run. */
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { packageRoot } from "../../native/index.ts";
import { oracleTopk } from "../support/oracle.ts";
import { NO_COMPILER, run } from "./run.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-pack-"));
const installed = path.join(folder, "node_modules", "topkit");

beforeAll(() => {
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  run("npm", ["install", "--no-audit", "--no-fund", inject("tarball")], folder, NO_COMPILER);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the installed package", () => {
  it("computes what the oracle says", () => {
    const data = Float32Array.from({ length: 3 * 1000 }, (_, at) => Math.fround(Math.sin(at * 12.9898) * 43758.5453) % 1);
    const script = `
      import { topk, TopkitError } from "topkit";
      import { tileStream } from "topkit/dsl";
      const data = Float32Array.from(JSON.parse(process.argv[1]));
      const { values, indices } = await topk(data, { rows: 3, k: 7, backend: "cpu" });
      const refused = await topk(data, { rows: 3, k: 5000 }).catch((error) => error instanceof TopkitError && error.code);
      console.log(JSON.stringify({ values: [...values], indices: [...indices], refused, kernel: tileStream.name }));`;
    const printed = JSON.parse(run("node", ["--input-type=module", "--eval", script, JSON.stringify([...data])], folder, NO_COMPILER));
    const expected = oracleTopk({ data, rows: 3, cols: 1000, k: 7, dtype: "f32" });
    expect(printed).toEqual({ values: [...expected.values], indices: [...expected.indices], refused: "TK105", kernel: "tile_stream" });
  });

  it("runs from the command line and checks its demo", () => {
    const printed = JSON.parse(run("npx", ["topkit", "run", "--demo", "--backend", "cpu", "--json"], folder, NO_COMPILER));
    expect(printed).toMatchObject({ backend: "cpu", rows: 4, cols: 50304 });
  });

  it("emulates, where there is a compiler", () => {
    const args = ["topkit", "run", "--demo", "--backend", "emulate", "--json"];
    const printed = JSON.parse(run("npx", args, folder, { TOPKIT_CACHE: path.join(folder, "cache") }));
    expect(printed).toMatchObject({ backend: "emulate", exact: true });
  });

  it("brings the kernels' sources and the addon, no tests and no build tools", () => {
    const packages = readdirSync(path.join(folder, "node_modules")).filter((name) => !name.startsWith("."));
    expect(packages.sort()).toEqual(["commander", "topkit"]);
    expect(readFileSync(path.join(installed, "generated/kernels/tile_stream_bf16_largest_warps4_candidates128_vectors1.cu"), "utf8")).toContain("__global__");
    expect(readFileSync(path.join(installed, `prebuilds/${process.platform}-${process.arch}/topkit.node`)).length).toBeGreaterThan(100_000);
    expect(() => readFileSync(path.join(installed, "test"))).toThrow(/ENOENT/);
  });
});

// npm makes it so when it links the command, which it does once: what `npm test` or a pull builds afterwards has to be runnable as it is
it("leaves the checkout's command executable, for npx, after another build", () => {
  expect(() => accessSync(path.join(packageRoot, "dist", "cli", "main.js"), constants.X_OK)).not.toThrow();
});
