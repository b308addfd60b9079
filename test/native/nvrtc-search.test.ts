/** The search for NVRTC, over toolkits laid out in a temporary folder from copies of a fake one that tells any version. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { addon } from "../../native/index.ts";
import type { NvrtcInfo } from "../../native/types.ts";
import { builtFile, rejectionOf } from "./fake-driver/fake-driver.ts";

const root = mkdtempSync(join(tmpdir(), "topkit-nvrtc-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const VARIABLES = ["TOPKIT_NVRTC", "CUDA_PATH", "CUDA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX"] as const;
let count = 0;

beforeEach(() => {
  for (const name of VARIABLES) delete process.env[name];
  // nothing of this machine is to be found through these
  process.env.HOME = join(root, "home");
  process.env.PATH = join(root, "bin");
});

/** A folder with a library of that version; gives the library's path. */
function library(
  version: string,
  folder = join(root, `toolkit-${count++}`, "lib64"),
  { builtins = true, name = `libnvrtc.so.${version.split(".")[0]}` } = {},
): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  copyFileSync(builtFile("libfake_nvrtc.so"), file);
  writeFileSync(join(folder, "version"), version.replace(".", " "));
  if (builtins) copyFileSync(builtFile("libfake_nvrtc_builtins.so"), join(folder, `libnvrtc-builtins.so.${version}`));
  return file;
}

const toolkitOf = (file: string): string => dirname(dirname(file));
const search = (): NvrtcInfo => addon().nvrtcInfo(true);

test("TOPKIT_NVRTC comes first, whatever its version", () => {
  process.env.CUDA_PATH = toolkitOf(library("13.0"));
  process.env.TOPKIT_NVRTC = library("12.1");
  expect(search()).toEqual({
    ok: true,
    version: [12, 1],
    path: process.env.TOPKIT_NVRTC,
    arches: [80, 90],
    trail: [{ source: "TOPKIT_NVRTC", path: process.env.TOPKIT_NVRTC, outcome: expect.stringContaining("version 12.1") }],
  });
});

test("TOPKIT_NVRTC that cannot be used is an error, not a reason to look elsewhere", async () => {
  process.env.CUDA_PATH = toolkitOf(library("13.0"));
  process.env.TOPKIT_NVRTC = join(root, "absent", "libnvrtc.so");
  expect(search()).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/TOPKIT_NVRTC names .*absent.*No such file.*correct it, or unset it/),
    trail: [{ source: "TOPKIT_NVRTC" }],
  });
  expect(await rejectionOf(addon().compile("", "a.cu", "sm_90", []))).toMatchObject({ code: "TK_NO_NVRTC", message: expect.stringContaining("correct it") });
  process.env.TOPKIT_NVRTC = builtFile("libfake_cuda.so");
  expect(search()).toMatchObject({ ok: false, reason: expect.stringContaining("lacks nvrtcVersion") });
});

test("CUDA_PATH before CUDA_HOME, the first that is recent enough wins", () => {
  const [first, second] = [library("12.8"), library("13.0")];
  process.env.CUDA_PATH = toolkitOf(first);
  process.env.CUDA_HOME = toolkitOf(second);
  expect(search()).toMatchObject({ ok: true, version: [12, 8], path: first });
});

test("an older one is passed over for a recent one further on", () => {
  const [old, recent] = [library("12.4"), library("12.9")];
  process.env.CUDA_PATH = toolkitOf(old);
  process.env.CUDA_HOME = toolkitOf(recent);
  const info = search();
  expect(info).toMatchObject({ ok: true, version: [12, 9], path: recent });
  expect(info.trail).toMatchObject([
    { source: "CUDA_PATH", path: old, outcome: "version 12.4, older than 12.8: taken only if nothing newer is found" },
    { source: "CUDA_HOME", path: recent, outcome: "version 12.9, taken" },
  ]);
});

test("in a virtual environment, in conda, beside python3 on PATH, under the home folder", () => {
  const packages = ["lib", "python3.12", "site-packages", "nvidia", "cuda_nvrtc", "lib"];
  const inEnvironment = library("12.9", join(root, "venv [1]", ...packages));
  process.env.VIRTUAL_ENV = join(root, "venv [1]");
  expect(search()).toMatchObject({ path: inEnvironment });

  const inConda = library("12.9", join(root, "conda", "lib"));
  delete process.env.VIRTUAL_ENV;
  process.env.CONDA_PREFIX = join(root, "conda");
  expect(search()).toMatchObject({ path: inConda });

  delete process.env.CONDA_PREFIX;
  const inPython = library("12.9", join(root, "python", ...packages));
  mkdirSync(join(root, "python", "bin"));
  writeFileSync(join(root, "python", "bin", "python3.12"), "", { mode: 0o755 });
  mkdirSync(join(root, "bin"));
  symlinkSync(join(root, "python", "bin", "python3.12"), join(root, "bin", "python3"));
  expect(search()).toMatchObject({
    path: inPython,
    trail: expect.arrayContaining([expect.objectContaining({ source: "python3 on PATH", outcome: "version 12.9, taken" })]),
  });

  process.env.PATH = "";
  const inHome = library("12.9", join(root, "home", ".local", ...packages));
  expect(search()).toMatchObject({ path: inHome });
  rmSync(join(root, "home"), { recursive: true });
  const inPyenv = library("12.9", join(root, "home", ".pyenv", "versions", "3.12.1", ...packages));
  expect(search()).toMatchObject({ path: inPyenv });
  rmSync(join(root, "home"), { recursive: true });
});

test("one without its built-in headers is told as such and passed over", () => {
  const lame = library("13.0", undefined, { builtins: false });
  const whole = library("12.8");
  process.env.CUDA_PATH = toolkitOf(lame);
  process.env.CUDA_HOME = toolkitOf(whole);
  const info = search();
  expect(info).toMatchObject({ ok: true, path: whole });
  expect(info.trail[0]!.outcome).toContain("libnvrtc-builtins.so.13.0 is not beside it");
});

test("the newest of the old ones, where there is nothing better; the search is remembered until it is refreshed", () => {
  const [older, old] = [library("12.0"), library("12.6")];
  process.env.CUDA_PATH = toolkitOf(older);
  process.env.CUDA_HOME = toolkitOf(old);
  const info = search();
  // a recent one that the loader or the system's folders offer would be right to take
  if (info.trail.at(-1)!.source === "choice") expect(info).toMatchObject({ version: [12, 6], path: old });
  else expect(info.ok && info.version[0] * 100 + info.version[1]).toBeGreaterThanOrEqual(1208);
  process.env.CUDA_PATH = toolkitOf(library("13.1"));
  expect(addon().nvrtcInfo()).toEqual(info);
  expect(search()).toMatchObject({ version: [13, 1] });
  // @ts-expect-error refresh is a boolean
  expect(() => addon().nvrtcInfo("yes")).toThrow("refresh is the string");
});

test("options, logs and failures pass through", async () => {
  process.env.TOPKIT_NVRTC = library("12.8");
  search();
  const made = await addon().compile("source", "a.cu", "sm_90a", ["-lineinfo"]);
  expect(Buffer.from(made.image).toString()).toBe("image of source");
  expect(made.log).toBe("--gpu-architecture=sm_90a\n--std=c++17\n--fmad=false\n-lineinfo\n");
  expect(Buffer.from((await addon().compile("source", "a.cu", "compute_90", [])).image).toString()).toBe("image of source");
  expect(await rejectionOf(addon().compile("#error", "a.cu", "sm_80", []))).toMatchObject({
    code: "TK_COMPILE",
    call: "nvrtcCompileProgram",
    status: 6,
    log: expect.stringContaining("sm_80"),
  });
  expect(await rejectionOf(addon().compile("out of memory", "a.cu", "sm_80", []))).toMatchObject({
    code: "TK_MEMORY",
    statusName: "NVRTC_ERROR_OUT_OF_MEMORY",
  });
});
