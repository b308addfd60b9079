import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { joinProfile } from "../../bench/ncu.ts";
import { formatNcuRow, NCU_HEADER, ncuFile, parseNcuOutput, readNcu } from "../../bench/ncu-results.ts";
import { failsWith } from "../runtime/fails-with.ts";

/** As Nsight Compute 2025 wrote it on an H200, but for most of its columns. */
const OUTPUT = `==WARNING== Note: Running with unmodified GPU clocks. If not controlled otherwise, profiling results may be inconsistent.
==PROF== Connected to process 802 (node)
==PROF== Disconnected from process 802
"ID","Kernel Name","Block Size","dram__bytes_read.sum","dram__bytes_write.sum","dram__throughput.avg.pct_of_peak_sustained_elapsed","gpu__time_duration.sum","launch__registers_per_thread","sm__warps_active.avg.pct_of_peak_sustained_active"
"","","","byte","byte","%","ns","register/thread","%"
"0","floor_read","(512, 1, 1)","409,088","0","2.60","3,296","32","23.25"
"1","tile_stream_bf16","(128, 1, 1)","435,968","0","0.33","27,584","47","6.23"
"2","heap_merge_bf16","(128, 1, 1)","23,808","128","0.07","7,616","32","6.18"
`;
const SHAPE = { dtype: "bf16", rows: 4, cols: 50304, k: 50, plan: "stream_heap", device: "NVIDIA H200", inputBytes: 402432 } as const;

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "topkit-ncu-test-"));
  file = ncuFile(path.join(folder, "results.csv"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("joins ncu's launches with the shapes that they are of", () => {
  const rows = joinProfile([SHAPE], OUTPUT);
  expect(rows.map(({ kernel, us, registers }) => [kernel, us, registers])).toEqual([
    ["floor_read", 3.296, 32],
    ["tile_stream_bf16", 27.584, 47],
    ["heap_merge_bf16", 7.616, 32],
  ]);
  expect(rows[2]).toMatchObject({ ...SHAPE, readBytes: 23808, writtenBytes: 128, peakPercent: 0.07, warpsPercent: 6.18 });
  const lines = OUTPUT.trim().split("\n");
  const twice = joinProfile([SHAPE, { ...SHAPE, rows: 8 }], [...lines, ...lines.slice(-3, -1)].join("\n"));
  expect(twice.map(({ rows: count, kernel }) => `${count} ${kernel.split("_")[0]}`)).toEqual(["4 floor", "4 tile", "4 heap", "8 floor", "8 tile"]);
});

it("invents nothing where ncu says nothing", () => {
  expect(() => parseNcuOutput("==ERROR== ERR_NVGPUCTRPERM\n")).toThrow(/no table .*ERR_NVGPUCTRPERM/s);
  expect(() => parseNcuOutput(OUTPUT.replace('"409,088"', '"n/a"'))).toThrow(/no figures for floor_read/);
  expect(() => parseNcuOutput(OUTPUT.replace('"409,088"', '""'))).toThrow(/no figures for floor_read/);
  expect(() => joinProfile([SHAPE, SHAPE], OUTPUT)).toThrow("ncu saw 1 shapes; the target ran 2");
});

it("lies beside the results", async () => {
  expect(path.basename(file)).toBe("results-ncu.csv");
  expect(readNcu(file)).toEqual([]);
  const rows = joinProfile([SHAPE], OUTPUT);
  writeFileSync(file, [NCU_HEADER, ...rows.map(formatNcuRow), ""].join("\n"));
  expect(readNcu(file)).toEqual(rows);
  writeFileSync(file, `${NCU_HEADER}\nbf16,1\n`);
  await failsWith("TK507", () => readNcu(file), /line 2/);
  writeFileSync(file, "a\n");
  await failsWith("TK507", () => readNcu(file), /line 1/);
});
