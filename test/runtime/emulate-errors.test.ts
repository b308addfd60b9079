/** What can go wrong with the emulator: no compiler, a compiler that fails, a kernel at fault, the cache, other processes. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { packageRoot } from "../../native/index.ts";
import { DeviceHandle } from "../../runtime/device.ts";
import { openEmulator } from "../../runtime/emulate-device.ts";
import { type Device, isAvailable, open, topk } from "../../runtime/index.ts";
import { kernelSource } from "../../runtime/kernel-source.ts";
import { COMPILED_CACHE } from "../support/compiled-cache.ts";
import { failsWith, failure } from "./fails-with.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "topkit-emulate-errors-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(() => vi.stubEnv("TOPKIT_CACHE", COMPILED_CACHE));
afterEach(() => vi.unstubAllEnvs());

/** A program that stands in CXX. */
function compiler(name: string, body: string): string {
  const file = path.join(scratch, name);
  writeFileSync(file, `#!/bin/sh\nif [ "$1" = --version ]; then echo "${name} 1.0"; exit 0; fi\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

const cols = 5003;
const SHAPE = { rows: 1, cols, k: 50, dtype: "bf16", force: { plan: "stream_heap" } } as const;
const plan = (device: Device) => device.plan(SHAPE);

/** A device on which the text of tile_stream is changed. */
function changed(change: (text: string) => string): Device {
  return new DeviceHandle(
    openEmulator(0, async (stage) => {
      const { symbol, text } = await kernelSource(stage);
      if (stage.kernel.name !== "tile_stream") return { symbol, text };
      const other = change(text);
      expect(other).not.toBe(text);
      return { symbol, text: other };
    }),
  );
}

describe("the compiler", () => {
  it("is missing", async () => {
    vi.stubEnv("CXX", "/nowhere/g++");
    expect(isAvailable("emulate")).toEqual({ ok: false, reason: expect.stringMatching(/CXX is "\/nowhere\/g\+\+", which cannot be run; install one.*CXX/) });
    await failsWith("TK205", () => open({ backend: "emulate" }), /CXX is/);
    vi.stubEnv("CXX", "");
    vi.stubEnv("PATH", scratch);
    expect(isAvailable("emulate")).toEqual({ ok: false, reason: expect.stringContaining("neither g++ nor clang++ nor c++ is on PATH") });
  });

  it("is no compiler", async () => {
    vi.stubEnv("CXX", "/bin/false");
    await failsWith("TK205", async () => plan(await open({ backend: "emulate" })), /\/bin\/false is no C\+\+ compiler that can be used/);
  });

  it("fails: its first errors are told, the whole log is kept, nothing is cached", async () => {
    vi.stubEnv("CXX", compiler("broken", 'echo "kernel.cc:1: note: so it goes" >&2; echo "kernel.cc:2: error: out of cheese" >&2; exit 1'));
    vi.stubEnv("TOPKIT_CACHE", path.join(scratch, "none"));
    const error = await failure(
      "TK305",
      async () => plan(await open({ backend: "emulate" })),
      /broken does not compile .*:\n {2}kernel.cc:2: error: out of cheese\n/,
    );
    expect(error.details.log).toContain("so it goes");
    // the other stage's compiler may still be at work
    await vi.waitFor(() => expect(readdirSync(path.join(scratch, "none"))).toEqual([]), { timeout: 30_000 });
  });

  it("is killed", async () => {
    vi.stubEnv("CXX", compiler("killed", "kill -9 $$"));
    await failsWith("TK305", async () => plan(await open({ backend: "emulate" })), /it was ended by SIGKILL/);
  });

  it("may have options: CXX is a command", async () => {
    vi.stubEnv("CXX", `${compiler("wrapper", 'exec "$@"')} g++`);
    vi.stubEnv("TOPKIT_CACHE", path.join(scratch, "wrapped"));
    const { indices } = await topkOn(await open({ backend: "emulate" }));
    expect(indices[0]).toBe(1);
  });
});

async function topkOn(device: Device): Promise<{ indices: number[] }> {
  using own = device;
  const prepared = await own.plan({ rows: 1, cols: 3, k: 1, dtype: "f32" });
  const out = { values: own.empty([1, 1], "f32"), indices: own.empty([1, 1], "i32") };
  prepared.run(own.tensor(Float32Array.of(1, 3, 2), { shape: [1, 3], dtype: "f32" }), out);
  return { indices: Array.from((await out.indices.toHost()) as Int32Array) };
}

describe("a kernel", () => {
  /** Runs tile_stream changed so; gives what toHost() of the output rejects with. */
  async function run(change: (text: string) => string): Promise<unknown> {
    using device = changed(change);
    const prepared = await plan(device);
    const out = { values: device.empty([1, 50], "bf16"), indices: device.empty([1, 50], "i32") };
    const whole = device.tensor(new Uint16Array(cols + 8), { shape: [1, cols + 8], dtype: "bf16" });
    // x ends where its shape says, not where its memory does
    prepared.run(device.wrap(whole.pointer, { shape: [1, cols], dtype: "bf16" }), out);
    return out.values.toHost();
  }
  const oneMore = (text: string): string => text.replace("return cols;", "return cols + 1;");

  it("that reads behind its row is reported, with line, thread and buffer", async () => {
    const where =
      /tile_stream did wrong on the emulator \(checked\): .*out of bounds: read of 2 bytes at tile_stream\w*\.cu:\d+.*buffer x, which has 10006 bytes/;
    const error = await failure("TK306", () => run(oneMore), where);
    expect(error.message).toMatch(/thread \d+ \(warp \d+, lane \d+\) of block \d+/);
    expect(error.details).toMatchObject({ kernel: "tile_stream", mode: "checked", seed: 0n, report: expect.stringContaining("out of bounds") });
    // the process lives, and the next kernel is right
    expect(await topkOn(await open({ backend: "emulate" }))).toEqual({ indices: [1] });
  });

  it("that fails under a random schedule tells the seed", async () => {
    vi.stubEnv("TOPKIT_EMULATE_SEED", "42");
    const error = await failure("TK306", () => run(oneMore), /\(checked, TOPKIT_EMULATE_SEED=42\)/);
    expect(error.details.seed).toBe(42n);
  });

  it("that waits for ever is reported", async () => {
    const stuck = (text: string): string => text.replace(/^( *)__syncthreads\(\);/m, "$1if (threadIdx.x == 0) __syncwarp(3); __syncthreads();");
    await failsWith("TK306", () => run(stuck), /deadlock: .*1 thread __syncwarp with mask 00000003 at tile_stream\w*\.cu:\d+/s);
  });

  it("that writes to a wild address does not end the process, unchecked neither", async () => {
    const wild = (text: string): string => text.replace(/^( *)__syncthreads\(\);/m, "$1*(volatile int*)8 = 1; __syncthreads();");
    await failsWith("TK306", () => run(wild), /tile_stream\w*\.cu:\d+/);
    vi.stubEnv("TOPKIT_EMULATE", "fast");
    await failsWith("TK306", () => run(wild), /\(fast\): .*not mapped|\(fast\): .*out of bounds/s);
  });

  it("that uses what the emulator does not offer is refused with its name", async () => {
    const unknown = (text: string): string => text.replace(/^( *)__syncthreads\(\);/m, "$1__activemask(); __syncthreads();");
    await failsWith("TK305", () => plan(changed(unknown)), /tile_stream\w*\.cu:\d+:\d+: error: .*'?__activemask/);
  });

  it("that calls what is nowhere is refused with its name", async () => {
    const undefinedCall = (text: string): string =>
      `extern "C" void nobody_has_this();\n${text.replace(/^( *)__syncthreads\(\);/m, "$1nobody_has_this(); __syncthreads();")}`;
    await failsWith("TK208", () => plan(changed(undefinedCall)), /undefined symbol: nobody_has_this/);
  });
});

describe("the environment", () => {
  it.each([
    ["TOPKIT_EMULATE", "slow", /TOPKIT_EMULATE is "slow"; it is checked/],
    ["TOPKIT_EMULATE_SEED", "-1", /TOPKIT_EMULATE_SEED is "-1"/],
    ["TOPKIT_EMULATE_SEED", "18446744073709551616", /from 1 to 2\^64-1/],
  ])("%s=%s is refused", async (name, value, message) => {
    vi.stubEnv(name, value);
    await failsWith("TK114", () => topk(Float32Array.of(1), { k: 1, backend: "emulate" }), message);
  });
});

/** A process of its own that answers one top-k on the emulator, with a cache folder. */
function process(cache: string): { readonly ended: Promise<{ status: number | null; printed: string }>; kill(): void } {
  const script = `import { topk } from "./runtime/index.ts";
    const { indices } = await topk(Float32Array.of(1, 3, 2), { k: 3, backend: "emulate" });
    console.log([...indices].join());`;
  const child = spawn(globalThis.process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    cwd: packageRoot,
    env: { ...globalThis.process.env, TOPKIT_CACHE: cache },
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const ended = new Promise<{ status: number | null; printed: string }>((resolve) => child.on("close", (status) => resolve({ status, printed })));
  return { ended, kill: () => void child.kill("SIGKILL") };
}

describe("the cache", { timeout: 300_000 }, () => {
  const right = { status: 0, printed: "1,2,0\n" };
  const objects = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".so")) : []);

  it("is shared by processes that start at once, and damage in it is a miss", async () => {
    const folder = path.join(scratch, "shared");
    expect(await Promise.all([process(folder).ended, process(folder).ended])).toEqual([right, right]);
    const names = objects(folder);
    // the runtime and one kernel
    expect(names).toHaveLength(2);
    expect(readdirSync(folder)).toEqual(names);
    const [runtime, kernel] = names.map((name) => path.join(folder, name)).sort((a, b) => statSync(b).size - statSync(a).size);
    truncateSync(runtime!, statSync(runtime!).size / 2);
    writeFileSync(kernel!, readFileSync(kernel!).fill(0, 4096, 8192));
    expect(await process(folder).ended).toEqual(right);
    expect(objects(folder)).toEqual(names);
  });

  it("survives a kill in the middle", async () => {
    const folder = path.join(scratch, "interrupted");
    const { kill, ended } = process(folder);
    await vi.waitFor(() => expect(readdirSync(folder).length).toBeGreaterThan(0), { timeout: 60_000, interval: 5 });
    kill();
    expect((await ended).status).toBeNull();
    expect(objects(folder)).toEqual([]);
    expect(await process(folder).ended).toEqual(right);
  });

  it("is done without where there is no folder, and nothing is left behind", async () => {
    const temporary = path.join(scratch, "tmp");
    mkdirSync(temporary);
    const blocked = path.join(scratch, "blocked");
    writeFileSync(blocked, "a file stands where the folder should be");
    vi.stubEnv("TMPDIR", temporary);
    const { status, printed } = await process(blocked).ended;
    expect({ status, printed }).toEqual({ status: 0, printed: expect.stringMatching(/1,2,0\n/) });
    expect(printed).toMatch(/TopkitWarning: compiled kernels are not cached/);
    expect(readdirSync(temporary).filter((name) => name.startsWith("topkit-emulate-"))).toEqual([]);
  });
});
