import { existsSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { type CompileJob, CompilePool } from "../../bench/autotune/compile-pool.ts";
import { cacheFolder } from "../../runtime/cache-folder.ts";
import "../runtime/private-cache.ts";

const ARCH = "sm_90";
const kernel = (symbol: string, body = ""): CompileJob => ({ symbol, text: `extern "C" __global__ void ${symbol}() {${body}}`, arch: ARCH });
const images = (): number => {
  const folder = cacheFolder()!;
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith(".cubin")).length : 0;
};
const open = (options: { module?: URL; milliseconds?: number } = {}): CompilePool =>
  new CompilePool({ execArgv: ["--import", "tsx"], processes: 2, milliseconds: 60_000, ...options });

it("compiles into the folder of compiled kernels, each once, and passes over what does not compile", async () => {
  using pool = open();
  await pool.compile([kernel("one"), kernel("two"), kernel("one"), kernel("broken", "no such text"), kernel("three")]);
  expect(images()).toBe(3);
  await pool.compile([kernel("one"), kernel("four")]);
  expect(images()).toBe(4);
});

it("goes on without what ends its process", async () => {
  using pool = open({ module: new URL("fake-compiler.mjs", import.meta.url) });
  await pool.compile(["a", "dies", "b", "dies-too", "c"].map((symbol) => kernel(symbol)));
});

it("gives up what is left when it is closed", async () => {
  const pool = open({ module: new URL("fake-compiler.mjs", import.meta.url) });
  const compiling = pool.compile(["hangs", "hangs-too", "a", "b"].map((symbol) => kernel(symbol)));
  pool[Symbol.dispose]();
  await compiling;
});

it("ends what takes too long, and goes on", async () => {
  using pool = open({ module: new URL("fake-compiler.mjs", import.meta.url), milliseconds: 3000 });
  await pool.compile(["hangs", "a", "hangs-too", "b"].map((symbol) => kernel(symbol)));
});
