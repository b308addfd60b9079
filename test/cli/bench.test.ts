import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { formatRow, HEADER } from "../../bench/results.ts";
import { benchCommand } from "../../cli/bench.ts";
import { row } from "../bench/rows.ts";
import { failsWith } from "../runtime/fails-with.ts";

const bench = (...given: string[]): Promise<unknown> =>
  benchCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync(given, { from: "user" });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "topkit-bench-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  [[], /--suite, --shape or --drawn/],
  [["--csv", "x.csv"], /--suite, --shape or --drawn/],
  [["--suite", "nanochat", "--drawn", "3/1"], /--suite and --drawn are both given/],
  [["--suite", "nanochat", "--shape", "1,2,1,f32"], /give one/],
  [["--suite", "nanochat", "--dist", "few"], /--dist is given without --shape/],
  [["--suite", "nanochat", "--config", "{}"], /--config is given without --plan/],
  [["--shape", "1,2,1,f32", "--filter", "x"], /--filter is given without --suite/],
  [["--suite", "llm", "--filter", "k 51"], /--filter \/k 51\/ matches no shape of llm/],
  [["--suite", "nano"], /no suite "nano"; there are nanochat, llm/],
  [["--shape", "1,2"], /--shape is "1,2"/],
])("TK101 for %j", async (given, message) => failsWith("TK101", () => bench(...given), message));

it("checks a shape as a request", async () => {
  await failsWith("TK104", () => bench("--shape", "x,2,1,f32"), /rows is "x"/);
  await failsWith("TK104", () => bench("--shape", "0,2,1,f32"));
  await failsWith("TK105", () => bench("--shape", "1,2,3,f32"));
  await failsWith("TK103", () => bench("--shape", "1,2,1,f64"));
});

it("knows before it opens a GPU that a forced plan answers nothing", async () => {
  await failsWith("TK113", () => bench("--suite", "nanochat", "--plan", "no_such"), /there is no plan "no_such"/);
});

it("refuses what commander can see", async () => {
  for (const given of [
    ["--iters", "0"],
    ["--mode", "warm"],
    ["--peers", "jax"],
    ["--dist", "odd"],
    ["--config", "["],
    ["--filter", "["],
  ]) {
    await expect(bench("--suite", "nanochat", ...given)).rejects.toThrow(/invalid/);
  }
});

it("draws what was recorded, without a GPU", async () => {
  const csv = path.join(folder, "results.csv");
  const report = path.join(folder, "deep", "report.html");
  writeFileSync(csv, [HEADER, formatRow(row()), formatRow(row({ impl: "torch", usMedian: 39 })), ""].join("\n"));
  writeFileSync(
    path.join(folder, "compile-report.csv"),
    "symbol,arch,registers,spillBytes,stackBytes,staticSharedBytes,dynamicShared,milliseconds\nk_f32,90,41,0,0,16,8,12\n",
  );
  const lines: string[] = [];
  const out = vi.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  const err = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    await bench("--csv", csv, "--report", report);
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  expect(lines.join("")).toMatch(/1 x 50304, k 50, bf16 .* 3\.00 .* 39\.00 .* 13\.0x/);
  expect(readFileSync(report, "utf8")).toMatch(/<svg [\s\S]*k_f32/);
  expect(readFileSync(report, "utf8")).toContain("1 of 22");
  expect(readFileSync(report.replace(".html", ".md"), "utf8")).toContain("13.0x");
});

it("says where there is nothing recorded", async () => {
  await failsWith("TK501", () => bench("--csv", path.join(folder, "none.csv"), "--report", path.join(folder, "r.html")));
});
