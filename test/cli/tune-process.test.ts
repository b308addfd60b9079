/** `topkit tune` as a process, on a driver and an NVRTC that are fakes: how it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRecords } from "../../bench/autotune/records.ts";
import { packageRoot } from "../../native/index.ts";
import { builtFile } from "../native/fake-driver/fake-driver.ts";

let folder: string;
let environment: NodeJS.ProcessEnv;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "topkit-tune-process-"));
  const nvrtc = path.join(folder, "nvrtc");
  mkdirSync(nvrtc);
  copyFileSync(builtFile("libfake_nvrtc.so"), path.join(nvrtc, "libnvrtc.so.13"));
  copyFileSync(builtFile("libfake_nvrtc_builtins.so"), path.join(nvrtc, "libnvrtc-builtins.so.13.0"));
  writeFileSync(path.join(nvrtc, "version"), "13 0");
  environment = {
    ...{ ...process.env, TOPKIT_CUDA_DRIVER: builtFile("libfake_cuda.so"), TOPKIT_FAKE_DEVICES: "1" },
    ...{ TOPKIT_NVRTC: path.join(nvrtc, "libnvrtc.so.13"), TOPKIT_CACHE: path.join(folder, "cache") },
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

/** `then` is given the process when its stderr first matches. */
function tune(args: readonly string[], at?: RegExp, then?: (child: ChildProcess) => void): Promise<Ended> {
  const given = ["--import", "tsx", path.join(packageRoot, "cli", "main.ts"), "tune", "--shape", "3,100,4,f32", ...args];
  const child = spawn(process.execPath, given, { cwd: packageRoot, env: environment, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  let told = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    if (told || at === undefined || !at.test(stderr)) return;
    told = true;
    then?.(child);
  });
  return new Promise((resolve, reject) => child.on("error", reject).on("close", (status) => resolve({ status, stderr })));
}
it("ends by Ctrl-C with what was done, and its child with it", async () => {
  const { status, stderr } = await tune(["--out", path.join(folder, "interrupted")], /\[1\/1\] .* now /, (child) => child.kill("SIGINT"));
  expect({ status, stderr }).toEqual({ status: 130, stderr: expect.stringContaining("interrupted; what was done is kept: go on with --resume") });
});

it("tells why nothing can be measured, and blames no candidate", async () => {
  // the fake NVRTC's images are none that the fake driver loads
  const { status, stderr } = await tune(["--out", path.join(folder, "unmeasured")]);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/3 x 100 k 4 f32 normal: the process that measures did not start: cuModuleLoadDataEx/),
  });
  expect(readRecords(path.join(folder, "unmeasured")).records).toEqual([]);
});
