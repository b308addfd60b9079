import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "../../cli/npy.ts";
import { plans } from "../../dsl/index.ts";
import { packageRoot } from "../../native/index.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function topkit(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, ["--import", "tsx", "cli/main.ts", ...args], {
    cwd: packageRoot,
    env: { ...process.env, TOPKIT_CACHE: path.join(folder, "cache"), ...env },
  });
  const out: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (text: string) => (out[name] += text));
  return new Promise((resolve, reject) => child.on("error", reject).on("close", (status) => resolve({ status, ...out })));
}

const logits = path.join(folder, "logits.npy");
await writeNpy(logits, { type: "<f4", shape: [1, 2, 4], data: Float32Array.of(3, 1, Number.NaN, 2, -0, 0, -5, Number.NEGATIVE_INFINITY) });

// each test starts processes that load TypeScript
const SECONDS = 60_000;

describe("run", { timeout: SECONDS }, () => {
  it("--demo computes, checks and shows", async () => {
    const { status, stdout, stderr } = await topkit(["run", "--demo", "--backend", "cpu"]);
    expect(status).toBe(0);
    for (const part of [
      "ran on     cpu",
      "kernels    cpu_topk",
      "first call",
      "median of",
      "bit for bit against the reference: equal",
      "row 0",
      "█",
      "... 45 more",
    ])
      expect(stdout).toContain(part);
    expect(stderr).toContain("4 x 50304 bf16, k 50");
  });

  it("answers a file, writes the results, and reports in JSON", async () => {
    const out = path.join(folder, "out");
    const { status, stdout } = await topkit(["run", "--input", logits, "--k", "2", "--int64", "--backend", "cpu", "--json", "--out", out]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ rows: 2, cols: 4, k: 2, dtype: "f32", dims: [1, 2, 2], backend: "cpu" },
      firstRows: [
        { values: ["NaN", 3], indices: [2, 0] },
        { values: [0, 0], indices: [1, 0] },
      ],
    });
    expect(await readNpy(path.join(out, "values.npy"))).toEqual({ type: "<f4", shape: [1, 2, 2], data: Float32Array.of(Number.NaN, 3, 0, -0) });
    expect(await readNpy(path.join(out, "indices.npy"))).toEqual({ type: "<i8", shape: [1, 2, 2], data: BigInt64Array.of(2n, 0n, 1n, 0n) });
    expect(readdirSync(out).toSorted()).toEqual(["indices.npy", "values.npy"]);
  });

  it("takes lengths, --smallest, and bf16 as uint16", async () => {
    const lengths = path.join(folder, "lengths.npy");
    const bits = path.join(folder, "bits.npy");
    await writeNpy(lengths, { type: "<i4", shape: [2], data: Int32Array.of(2, 0) });
    await writeNpy(bits, { type: "<u2", shape: [2, 3], data: Uint16Array.of(0x3f80, 0xbf80, 0x0000, 1, 2, 3) });
    const { stdout } = await topkit(["run", "--input", bits, "--dtype", "bf16", "--lengths", lengths, "--k", "2", "--smallest", "--backend", "cpu", "--json"]);
    expect(JSON.parse(stdout).firstRows).toEqual([
      { values: [-1, 1], indices: [1, 0] },
      { values: ["Infinity", "Infinity"], indices: [-1, -1] },
    ]);
  });

  const bad: [string, string[], string][] = [
    ["no input", ["run", "--k", "5"], "one of --input FILE and --demo"],
    ["both inputs", ["run", "--demo", "--input", logits], "one of --input FILE and --demo"],
    ["no k", ["run", "--input", logits], "--k is missing"],
    ["k beyond the columns", ["run", "--input", logits, "--k", "5", "--backend", "cpu"], "TK105: k is 5; it is an integer from 1 to 4"],
    ["k that is no number", ["run", "--demo", "--k", "many"], "'--k <k>' argument 'many' is invalid. It is an integer from 1."],
    ["a k of 0", ["run", "--demo", "--k", "0"], "'--k <k>' argument '0' is invalid. It is an integer from 1."],
    ["a missing file", ["run", "--input", "none.npy", "--k", "1"], "TK501: none.npy cannot be read"],
    ["an unknown backend", ["run", "--demo", "--backend", "rocm"], "auto, cuda, cpu, emulate"],
    ["an unknown option", ["run", "--demo", "--quiet"], "unknown option '--quiet'"],
    ["a config without a plan", ["run", "--demo", "--config", "{}"], "--config is given without --plan"],
    ["a config that is no JSON", ["run", "--demo", "--plan", "stream_heap", "--config", "warps=8"], "It is JSON"],
    ["a plan on the CPU", ["run", "--demo", "--backend", "cpu", "--plan", "stream_heap"], 'TK113: plan "stream_heap" is for GPUs, and this is the cpu backend'],
    ["a plan that there is not", ["run", "--demo", "--backend", "cpu", "--plan", "nope"], 'TK113: there is no plan "nope"; there are '],
    ["a seed for the CPU", ["run", "--demo", "--backend", "cpu", "--seed", "3"], "--seed is given without --backend emulate"],
    ["an unknown command", ["tone"], "unknown command 'tone'"],
    ["a missing option", ["explain", "--rows", "1"], "required option '--cols <c>'"],
  ];
  it.each(bad)("exits 2 and says in one line what is wrong: %s", async (_, args, message) => {
    const { status, stdout, stderr } = await topkit(args);
    const lines = stderr.split("\n").filter((line) => line.includes(message));
    expect({ status, stdout, lines: lines.length }).toEqual({ status: 2, stdout: "", lines: 1 });
    expect(stderr).not.toContain("    at ");
  });

  it("exits 1 where it fails while working", async () => {
    const blocked = path.join(folder, "blocked");
    writeFileSync(blocked, "");
    const { status, stderr } = await topkit(["run", "--input", logits, "--k", "1", "--backend", "cpu", "--out", path.join(blocked, "out")]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining("TK506: ") });
    expect((await topkit(["run", "--demo", "--backend", "emulate"], { CXX: "/nowhere/c++" })).status).toBe(1);
  });

  it("refuses an instruction set that it does not know", async () => {
    const { status, stdout, stderr } = await topkit(["run", "--input", logits, "--k", "1", "--backend", "cpu"], { TOPKIT_CPU_ISA: "zz" });
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: expect.stringContaining('TK114: TOPKIT_CPU_ISA is "zz"; it is baseline') });
  });

  it("gives errors as JSON too", async () => {
    const { status, stdout } = await topkit(["run", "--input", logits, "--k", "5", "--backend", "cpu", "--json"]);
    expect({ status, error: JSON.parse(stdout).error }).toMatchObject({ status: 2, error: { code: "TK105", details: { k: 5 } } });
    const unread = await topkit(["run", "--input", logits, "--k", "abc", "--json"]);
    expect({ status: unread.status, ...JSON.parse(unread.stdout) }).toEqual({
      status: 2,
      error: { code: "TK101", message: "option '--k <k>' argument 'abc' is invalid. It is an integer from 1.", details: {} },
    });
  });
});

describe("explain", { timeout: SECONDS }, () => {
  it("names the plan, its kernels, and every plan refused with its rule", async () => {
    const untuned = { TOPKIT_TUNING: "off" };
    const { status, stdout } = await topkit(["explain", "--rows", "4", "--cols", "50304", "--k", "500", "--dtype", "bf16", "--json"], untuned);
    const explained = JSON.parse(stdout);
    expect({ status, ...explained }).toMatchObject({
      status: 0,
      plan: "cluster_sort",
      source: "heuristic",
      refused: expect.arrayContaining([{ plan: "bitonic_block", reason: "bitonic_block: a row has at most 4096 columns" }]),
    });
    expect(plans.map(({ name }) => name)).toContain(explained.plan);
    const text = await topkit(["explain", "--rows", "4", "--cols", "100", "--k", "7", "--dtype", "f32"], untuned);
    expect(text.stdout).toMatch(/plan {7}bitonic_block.*\n.*kernel 1 {3}bitonic_block \{"width":128/);
  });

  it("says with --sample which kernels draw", async () => {
    const kernelsOf = async (...args: string[]): Promise<string[]> => {
      const { stdout } = await topkit(["explain", "--rows", "4", "--k", "50", "--dtype", "bf16", "--sample", "--json", ...args], { TOPKIT_TUNING: "off" });
      return JSON.parse(stdout).kernels.map(({ name }: { name: string }) => name);
    };
    expect(await kernelsOf("--cols", "50304")).toEqual(["cluster_select_draw"]);
    expect(await kernelsOf("--cols", "1000")).toEqual(["warp_select", "sample_row"]);
  });

  it("follows TOPKIT_CANDIDATE_TARGET, and refuses nonsense in it", async () => {
    const args = ["explain", "--rows", "4", "--cols", "50304", "--k", "500", "--dtype", "bf16", "--plan", "stream_tile", "--json"];
    expect(JSON.parse((await topkit(args, { TOPKIT_CANDIDATE_TARGET: "1000" })).stdout).config.chunks).toBe(2);
    const wrong = await topkit(args, { TOPKIT_CANDIDATE_TARGET: "lots" });
    expect({ status: wrong.status, stderr: wrong.stderr }).toEqual({ status: 2, stderr: expect.stringContaining('TK114: TOPKIT_CANDIDATE_TARGET is "lots"') });
  });
});

describe("doctor", { timeout: SECONDS }, () => {
  it("says what is here, and exits 0 where the CPU backend works", async () => {
    const { status, stdout } = await topkit(["doctor", "--json"]);
    const diagnosis = JSON.parse(stdout);
    expect({ status, ...diagnosis }).toMatchObject({
      status: 0,
      node: process.version,
      cpu: { ok: true },
      addon: { ok: true },
      cache: { ok: true, folder: path.join(folder, "cache") },
    });
    expect(Array.isArray(diagnosis.nvrtc.trail)).toBe(true);
    const text = await topkit(["doctor"]);
    expect(text.stdout).toMatch(/^ok {2}node {6}v.*\nok {2}addon.*\nok {2}cpu {7}the CPU backend works/);
    expect(existsSync(path.join(folder, "cache"))).toBe(false);
  });

  it("works without a driver, and lists where it was looked for", async () => {
    const { status, stdout } = await topkit(["doctor", "--json"], { TOPKIT_CUDA_DRIVER: "/nowhere/libcuda.so" });
    expect({ status, driver: JSON.parse(stdout).driver }).toMatchObject({
      status: 0,
      driver: { ok: false, code: "TK_NO_DRIVER", trail: [{ path: "/nowhere/libcuda.so" }] },
    });
  });
});

it("lists its commands, and codegen's options", { timeout: SECONDS }, async () => {
  const help = await topkit(["--help"]);
  expect(help.status).toBe(0);
  expect([...help.stdout.matchAll(/^ {2}(\w+) \[options\]/gm)].map((match) => match[1])).toEqual([
    "run",
    "sample",
    "doctor",
    "codegen",
    "explain",
    "bench",
    "tune",
  ]);
  const codegen = await topkit(["codegen", "--help"]);
  expect(codegen.stdout).toMatch(/--check.*--watch.*--json/s);
});
