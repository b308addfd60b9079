/** NVRTC compiles every generated kernel for sm_80, sm_90 and the newest architecture that it knows: with few spills. The report stays in bench/out/. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compileReport, declaredSymbols, readPtxasLog } from "../../bench/compile-report.ts";
import { variants } from "../../generated/variants.ts";
import { addon, packageRoot } from "../../native/index.ts";
import { describeWithNvrtc, HOW_TO_GET_NVRTC } from "../support/nvrtc.ts";

/** Of all that are declared, on sm_90: 16 and 28 bytes a thread, and the fastest of what was measured for their shapes (docs/log/tune.md). */
const FASTER_WITH_SPILLS = ["largest", "smallest"]
  .map((order) => `block_select_f32_${order}_warps8_vectors4_stages2_delegates8_candidates2048_saved0_blocksPerSm3_multiprocessors132_grouped1_tiles5`)
  .concat(["largest", "smallest"].map((order) => `cluster_select_f32_${order}_threads512_vectors4_blocks8_groupLanes8_segment256_rankLanes8`));

/** A draw of two blocks of 512 threads and eight slots: 24 bytes (docs/log/sampling.md). */
const DRAWS_WITH_SPILLS = ["cluster_select_draw_f32_largest_threads512_vectors8_blocks8_groupLanes8_segment256_rankLanes16"];

describeWithNvrtc("the generated kernels", () => {
  it("compiles every generated kernel for each architecture, and knows which spill where it was measured", { timeout: 2_700_000 }, async () => {
    const info = addon().nvrtcInfo();
    if (!info.ok) throw new Error(`NVRTC is missing: ${info.reason}; ${HOW_TO_GET_NVRTC}`);
    const out = join(packageRoot, "bench", "out");
    const report = await compileReport({ out, log: console.log });
    expect(report.failures).toEqual([]);
    const declared = declaredSymbols();
    const spilling = report.compiled.filter(({ symbol, arch, spillBytes }) => declared.has(symbol) && arch === 90 && spillBytes > 0);
    expect(spilling.map(({ symbol }): string => symbol)).toEqual([...FASTER_WITH_SPILLS, ...DRAWS_WITH_SPILLS].sort());
    // every kernel declares minArch 80 or more; each is compiled for sm_90, and what is for any device for the newest architecture
    const newest = Math.max(...info.arches);
    const compiledFor = (arch: number): string[] => report.compiled.filter((kernel) => kernel.arch === arch).map(({ symbol }) => symbol);
    const symbols = variants.map(({ symbol }): string => symbol);
    expect(compiledFor(90)).toEqual(symbols);
    expect(compiledFor(newest)).toEqual(symbols.filter((symbol) => declared.has(symbol)));
    expect(new Set(report.compiled.map((kernel) => kernel.arch))).toEqual(new Set([80, 90, newest]));
    expect((await readFile(join(out, "compile-report.csv"), "utf8")).trim().split("\n")).toHaveLength(report.compiled.length + 1);
    expect(await readFile(join(out, "compile-report.md"), "utf8")).toContain(`${report.compiled.length} compiled, 0 failures`);
  });

  it("reports a kernel that spills", { timeout: 60_000 }, async () => {
    // 1024 threads leave 64 registers each, which cannot hold 256 live values
    const source = `extern "C" __global__ void __launch_bounds__(1024) spills(const float* x, float* y) {
  float v[256];
#pragma unroll
  for (int i = 0; i < 256; i++) v[i] = x[i * 1024 + threadIdx.x];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 256; i++) y[i * 1024 + threadIdx.x] = v[i] * v[255 - i];
}`;
    const { log } = await addon().compile(source, "spills.cu", "sm_90", ["--ptxas-options=-v"]);
    expect(readPtxasLog(log).spillBytes).toBeGreaterThan(0);
  });
});

it("does not take a silent compiler for a clean one", () => {
  expect(() => readPtxasLog("")).toThrow(/names no registers/);
});
