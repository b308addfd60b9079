/**
 * `npm run bench:ncu -- RESULTS.csv [R,C,K,D ...]` (in a bundle: .bundle/ncu): the bandwidth that Nsight Compute sees for bandwidth-bound shapes, each
 * kernel of a plan's run and the kernel that only reads, into RESULTS-ncu.csv. Needs `ncu`, or TOPKIT_NCU, and leave to read the GPU's counters.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { formatNcuRow, NCU_HEADER, NCU_METRICS, type NcuRow, ncuFile, parseNcuOutput, readNcu } from "./ncu-results.ts";
import type { Profiled } from "./ncu-target.ts";

const SHAPES = ["1024,50304,50,bf16", "4096,50304,50,bf16", "4096,1024,32,bf16", "1,268435456,256,f32"];

/** The target launches this one first for each shape. */
const FIRST_KERNEL = "floor_read";

/** Joins what the target said of its shapes with what ncu saw of its launches, in their order. Throws RangeError where the two do not fit. */
export function joinProfile(shapes: readonly Profiled[], output: string): NcuRow[] {
  const launches = parseNcuOutput(output);
  const starts = launches.flatMap(({ kernel }, at) => (kernel === FIRST_KERNEL ? [at] : []));
  if (starts.length !== shapes.length) throw new RangeError(`ncu saw ${starts.length} shapes; the target ran ${shapes.length}`);
  return shapes.flatMap((shape, at) =>
    launches.slice(starts[at], starts[at + 1]).map(({ kernel, values }) => {
      const [nanoseconds, readBytes, writtenBytes, peakPercent, warpsPercent, registers] = values as [number, number, number, number, number, number];
      return { ...shape, kernel, us: nanoseconds / 1000, readBytes, writtenBytes, peakPercent, warpsPercent, registers };
    }),
  );
}

/** The target's lines and ncu's table. Throws Error with ncu's own words where it fails. */
async function profile(shapes: readonly string[]): Promise<NcuRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "topkit-ncu-"));
  const log = path.join(folder, "ncu.csv");
  try {
    const target = path.join(import.meta.dirname, `ncu-target${path.extname(import.meta.filename)}`);
    // the clocks stay as they are: the machine may be shared, and the benchmark leaves them alone too
    const options = ["--csv", "--page", "raw", "--print-units", "base", "--clock-control", "none", "--log-file", log, "--metrics", NCU_METRICS.join()];
    const child = spawn(process.env.TOPKIT_NCU ?? "ncu", [...options, process.execPath, ...process.execArgv, target, ...shapes], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
    const [said, status] = await Promise.all([text(child.stdout), ended]);
    const output = readFileSync(log, "utf8");
    if (status !== 0) throw new Error(`ncu ended with status ${status}:\n${output}`);
    const lines = said.split("\n").filter((line) => line.startsWith("{"));
    return joinProfile(
      lines.map((line) => JSON.parse(line) as Profiled),
      output,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === new URL(`file://${path.resolve(process.argv[1])}`).href) {
  const [results, ...shapes] = process.argv.slice(2);
  if (results === undefined) throw new Error("give the results file, such as bench/results/nvidia-h200.csv; RESULTS-ncu.csv is written beside it");
  const file = ncuFile(results);
  const keyOf = ({ dtype, rows, cols, k }: NcuRow): string => [dtype, rows, cols, k].join();
  const found = await profile(shapes.length > 0 ? shapes : SHAPES);
  const again = new Set(found.map(keyOf));
  const rows = [...readNcu(file).filter((row) => !again.has(keyOf(row))), ...found];
  writeFileSync(`${file}.tmp`, [NCU_HEADER, ...rows.map(formatNcuRow)].map((line) => `${line}\n`).join(""));
  renameSync(`${file}.tmp`, file);
  for (const row of found) console.log(formatNcuRow(row));
}
