/**
 * `npm run bench:cpu`: topkit's CPU top-k against std::partial_sort per row, on the suite `nanochat` and 1 x 262144 k 64 f32. Builds a
 * program of its own from native/src/cpu (a C++17 compiler: CXX, or c++), so that what is timed is the computation and not Node.
 * Prints a table and writes bench/results/cpu-<n>-cores.csv.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeInput, readSuites, shapeText, type Workload } from "../workloads.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const core = join(root, "native/src/cpu");

/** The addon's sources without their Node layer. */
const NODE_LAYER = ["cpu_topk.cc", "job.cc"];
const LONG_ROW: Workload = { suite: "large", rows: 1, cols: 262144, k: 64, dtype: "f32", dist: "normal" };

interface Measured extends Workload {
  readonly topkit: readonly number[];
  readonly partialSort: readonly number[];
  readonly exact: string;
}

function build(folder: string): string {
  const sources = [core, here].flatMap((from) =>
    readdirSync(from)
      .filter((name) => name.endsWith(".cc") && !NODE_LAYER.includes(name))
      .map((name) => join(from, name)),
  );
  const program = join(folder, "bench-cpu");
  execFileSync(process.env.CXX ?? "c++", ["-std=c++17", "-O3", "-DNDEBUG", "-pthread", "-o", program, ...sources], { stdio: "inherit" });
  return program;
}

function measure(program: string, folder: string, workload: Workload): Measured {
  const { rows, cols, k, dtype } = workload;
  const file = join(folder, "input");
  writeFileSync(file, makeInput(workload));
  const fields = execFileSync(program, { input: `${file} ${rows} ${cols} ${k} ${dtype}\n`, encoding: "utf8" })
    .trim()
    .split(" ");
  const times = fields.slice(0, 6).map(Number);
  return { ...workload, topkit: times.slice(0, 3), partialSort: times.slice(3), exact: fields[6]! };
}

const ratio = ({ topkit, partialSort }: Measured): number => partialSort[0]! / topkit[0]!;

function main(): void {
  const suite = readSuites(readFileSync(join(root, "bench/suites.csv"), "utf8")).filter((workload) => workload.suite === "nanochat");
  const cores = availableParallelism();
  const model = cpus()[0]?.model.trim() ?? process.arch;
  const folder = mkdtempSync(join(tmpdir(), "topkit-bench-"));
  try {
    const program = build(folder);
    console.log(`${model}, ${cores} cores; microseconds, medians\n`);
    console.log(`${"shape".padEnd(28)}${"topkit".padStart(10)}${"partial_sort".padStart(14)}${"ratio".padStart(8)}  exact`);
    const results = [...suite, LONG_ROW].map((workload) => {
      const result = measure(program, folder, workload);
      const columns = [result.topkit[0]!.toFixed(1).padStart(10), result.partialSort[0]!.toFixed(1).padStart(14), ratio(result).toFixed(1).padStart(8)];
      console.log(`${shapeText(result).padEnd(28)}${columns.join("")}  ${result.exact}`);
      return result;
    });
    const mean = Math.exp(results.reduce((sum, result) => sum + Math.log(ratio(result)), 0) / results.length);
    console.log(`\ngeometric mean: ${mean.toFixed(1)} times as fast as std::partial_sort`);

    const device = `"${model.replaceAll('"', "")} (${cores} cores)"`;
    const lines = results.flatMap((result) =>
      (["topkit", "partial_sort"] as const).map((impl) => {
        const [median, min, max] = (impl === "topkit" ? result.topkit : result.partialSort) as [number, number, number];
        const { suite, dtype, rows, cols, k, dist, exact } = result;
        const gbps = (rows * cols * (dtype === "f32" ? 4 : 2)) / median / 1000;
        return [suite, impl, dtype, rows, cols, k, dist, "cpu", median, min, max, gbps.toFixed(2), exact, device, "alternating-calls"].join(",");
      }),
    );
    mkdirSync(join(root, "bench/results"), { recursive: true });
    const header = "suite,impl,dtype,rows,cols,k,dist,mode,us_median,us_min,us_max,gbps,exact,device,protocol";
    writeFileSync(join(root, `bench/results/cpu-${cores}-cores.csv`), `${[header, ...lines].join("\n")}\n`);
    if (results.some(({ exact }) => exact !== "yes")) throw new Error("the two implementations differ: see the column `exact`");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
