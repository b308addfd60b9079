/** The real NVRTC. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { addon } from "../../native/index.ts";
import { describeWithNvrtc } from "../support/nvrtc.ts";
import { builtFile, rejectionOf } from "./fake-driver/fake-driver.ts";

const KERNEL = 'extern "C" __global__ void scale(float* x, float a, float b) { x[threadIdx.x] = x[threadIdx.x] * a + b; }';

describeWithNvrtc("NVRTC", () => {
  test("a cubin for sm_90, PTX for compute_80", async () => {
    const cubin = await addon().compile(KERNEL, "scale.cu", "sm_90", []);
    expect(Buffer.from(cubin.image.subarray(0, 4)).toString("latin1")).toBe("\x7fELF");
    expect(cubin.milliseconds).toBeGreaterThan(0);
    const ptx = Buffer.from((await addon().compile(KERNEL, "scale.cu", "compute_80", [])).image).toString();
    expect(ptx).toContain(".target sm_80");
    expect(ptx).toContain(".visible .entry scale(");
    expect(ptx).not.toContain("\0");
  });

  test("multiplication and addition are not contracted", async () => {
    const ptx = async (options: string[]) => Buffer.from((await addon().compile(KERNEL, "scale.cu", "compute_90", options)).image).toString();
    expect(await ptx([])).not.toContain("fma.rn");
    expect(await ptx(["--fmad=true"])).toContain("fma.rn");
  });

  test("several compilations at once give what each gives alone, and the event loop turns meanwhile", async () => {
    const alone = (await addon().compile(KERNEL, "scale.cu", "sm_90", [])).image;
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const together = await Promise.all(Array.from({ length: 8 }, () => addon().compile(KERNEL, "scale.cu", "sm_90", [])));
    clearInterval(timer);
    for (const { image } of together) expect(Buffer.compare(image, alone)).toBe(0);
    expect(turns).toBeGreaterThan(5);
  });

  const child = (...args: string[]) =>
    promisify(execFile)(process.execPath, ["--import", "tsx", "test/native/compile-signals-child.ts", ...args]).catch((error: unknown) => error);

  test.each(["SIGINT", "SIGTERM"])("%s ends a process that compiles", async (signal) => {
    expect(await child(signal)).toMatchObject({ signal, code: null, stdout: "" });
  });

  test.each(["SIGINT", "SIGTERM"])("the process's own handler of %s is called while it compiles", async (signal) => {
    expect(await child(signal, "handled")).toEqual({ stdout: `heard ${signal}\ncompiled\n`, stderr: "" });
  });

  test("errors name the file and line; warnings come in the log", async () => {
    const error = await rejectionOf(addon().compile("\n__device__ int x = ;", "broken.cu", "sm_90", []));
    expect(error).toMatchObject({
      code: "TK_COMPILE",
      call: "nvrtcCompileProgram",
      status: 6,
      statusName: "NVRTC_ERROR_COMPILATION",
      log: expect.stringContaining("broken.cu(2)"),
    });
    expect(error.message).toMatch(/^broken.cu could not be compiled for sm_90: .*broken.cu\(2\): error: expected an expression/);
    const warned = await addon().compile(`${KERNEL}\n#warning look here`, "warned.cu", "sm_90", []);
    expect(warned.log).toContain("look here");
  });

  test("an arch that this NVRTC does not know, and arguments that make no sense", async () => {
    const unknown = await rejectionOf(addon().compile(KERNEL, "scale.cu", "sm_999", []));
    expect(unknown).toMatchObject({ code: "TK_COMPILE", message: expect.stringMatching(/knows sm_\d+, .*name a newer NVRTC in TOPKIT_NVRTC/) });
    const wrong = [
      addon().compile(KERNEL, "scale.cu", "90", []),
      addon().compile(KERNEL, "scale.cu", "sm_90 -I/", []),
      addon().compile(`${KERNEL}\0`, "scale.cu", "sm_90", []),
      // @ts-expect-error options are a list
      addon().compile(KERNEL, "scale.cu", "sm_90", "-lineinfo"),
      // @ts-expect-error the source is text
      addon().compile(undefined, "scale.cu", "sm_90", []),
    ];
    for (const promise of wrong) expect(await rejectionOf(promise)).toMatchObject({ code: "TK_ARGUMENT" });
  });

  test("process.exit() and a worker's end during a compilation are clean", async () => {
    const slow = Array.from(
      { length: 8 },
      (_, i) => `extern "C" __global__ void slow${i}(float* x) {
  float y = x[threadIdx.x];
  #pragma unroll
  for (int j = 0; j < 64; j++) { y = y * ${i}.5f + x[j * 32]; x[j] = y > ${i} ? y / x[j + 1] : y; }
}`,
    ).join("\n");
    // were it not slow, "compiled" would be seen
    const start = `require(${JSON.stringify(builtFile("topkit.node"))}).compile(${JSON.stringify(slow)}, "slow.cu", "sm_90", []).then(() => console.log("compiled"));`;
    const run = (script: string) => promisify(execFile)(process.execPath, ["-e", script], { timeout: 60_000 });
    expect(await run(`${start} setTimeout(() => { console.log("leaving"); process.exit(0); }, 20);`)).toEqual({ stdout: "leaving\n", stderr: "" });
    const worker = `const { Worker } = require("node:worker_threads");
    const worker = new Worker(${JSON.stringify(`${start} setInterval(() => {}, 1000);`)}, { eval: true });
    worker.on("online", () => setTimeout(async () => { await worker.terminate(); console.log("terminated"); }, 50));`;
    expect(await run(worker)).toEqual({ stdout: "terminated\n", stderr: "" });
  });
});
