import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function suite(...args: string[]) {
  const env = { ...process.env, TOPKIT_CUDA_DRIVER: "/nowhere/libcuda.so.1" };
  return spawnSync(process.execPath, ["--import", "tsx", "test/gpu/main.ts", ...args], { cwd: ROOT, env, encoding: "utf8" });
}

test("without a GPU the suite fails, loudly", { timeout: 60_000 }, () => {
  const { status, stderr, stdout } = suite("--quick");
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^the suite could not run: no GPU can be used/);
});

test("on the CPU it prints a table per plan, and the count last", { timeout: 60_000 }, () => {
  const { status, stdout } = suite("--backend", "cpu", "--filter", "^int64 indices|^host in");
  expect(status).toBe(0);
  expect(stdout).toMatch(/plan +passed +failed +seconds\ncpu +12 +0 +[\d.]+\nhost in, host out +6 +0 /);
  expect(stdout.trimEnd().split("\n").at(-1)).toBe("18 passed, 0 failed");
});

test.each([
  [["--backend", "gpu"], '--backend is "gpu"; allowed: cuda, cpu'],
  [["--filter", "("], "Invalid regular expression"],
  [["--fast"], "Unknown option '--fast'"],
])("a bad argument is one line, the usage, and status 2: %s", { timeout: 60_000 }, (args, message) => {
  const { status, stderr } = suite(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain("usage: test-gpu");
});

test("a filter that matches nothing is a failure", { timeout: 60_000 }, () => {
  const { status, stderr } = suite("--backend", "cpu", "--filter", "no such case");
  expect(status).toBe(1);
  expect(stderr).toContain("no case matches");
});
