/**
 * The GPU suite from the command line (npm run test:gpu): progress, a table per plan, and "N passed, N failed" last.
 * Exit status 0 where all passed, 1 where any failed or no GPU can be used, 2 for a bad argument.
 */
import { parseArgs } from "node:util";
import { SUITE_BACKENDS, type SuiteBackend } from "./case.ts";
import { runSuite, type SuiteResult } from "./run-suite.ts";

const USAGE = `usage: test-gpu [--quick] [--verbose] [--filter REGEXP] [--backend ${SUITE_BACKENDS.join("|")}]`;

function readArguments(): { quick: boolean; verbose: boolean; filter?: string; backend: SuiteBackend } {
  const { values } = parseArgs({
    options: { quick: { type: "boolean" }, verbose: { type: "boolean" }, filter: { type: "string" }, backend: { type: "string", default: "cuda" } },
  });
  const { quick = false, verbose = false, filter } = values;
  const backend = SUITE_BACKENDS.find((name) => name === values.backend);
  if (backend === undefined) throw new Error(`--backend is "${values.backend}"; allowed: ${SUITE_BACKENDS.join(", ")}`);
  return { quick, verbose, backend, ...(filter !== undefined && { filter: new RegExp(filter).source }) };
}

function table({ plans }: SuiteResult): string {
  const rows = [...plans].map(([name, { passed, failed, milliseconds }]) => [name, String(passed), String(failed), (milliseconds / 1000).toFixed(1)]);
  const all = [["plan", "passed", "failed", "seconds"], ...rows];
  const widths = [0, 1, 2, 3].map((at) => Math.max(...all.map((row) => row[at]!.length)));
  return all.map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join("  ")).join("\n");
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readArguments>;
  try {
    options = readArguments();
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const start = performance.now();
  try {
    const result = await runSuite({ ...options, log: (line) => console.log(line) });
    console.log(`\n${table(result)}`);
    if (result.failed > 0) {
      console.log("\nfailures:");
      for (const { name, reason } of result.failures.slice(0, 50)) console.log(`  ${name}: ${reason}`);
      if (result.failures.length > 50) console.log(`  and ${result.failures.length - 50} more`);
    }
    console.log(`\n${((performance.now() - start) / 1000).toFixed(0)} s on ${options.backend}${options.quick ? ", quick" : ""}`);
    console.log(`${result.passed} passed, ${result.failed} failed`);
    return result.failed === 0 ? 0 : 1;
  } catch (error) {
    console.error(`the suite could not run: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

// a kernel that hangs keeps a worker thread; exit() does not wait for it
process.exit(await main());
