/** Builds the emulator's programs and kernels for tests, and runs jobs with them. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type EmulatorMode, emulatorSource, kernelArguments, programArguments, RACE_ENVIRONMENT } from "../../native/emulator/toolchain.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SOURCES = join(ROOT, "native/emulator");
const MUTANTS = join(ROOT, "test/emulator/mutants.cc");
const CACHE = join(ROOT, "node_modules/.cache/topkit-emulator");
const COMPILER = process.env.CXX ?? "g++";
/** What runs a program of another processor: `qemu-aarch64 -L /usr/aarch64-linux-gnu`. */
const RUNNER = process.env.TOPKIT_TEST_RUNNER?.trim().split(/\s+/) ?? [];

export type Program = "plain" | "race" | "ucontext" | "mutants" | "race-mutants";

export interface Outcome {
  /** 0: done; 1: the kernel is at fault; 2: the job cannot be run; otherwise ThreadSanitizer's or a signal's. */
  readonly status: number | null;
  /** What the program wrote: the report. */
  readonly text: string;
}

/** A folder of one test, gone when disposed. */
export function scratch(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "topkit-emulator-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Compiles `text`; the object's name is that of its content, so that equal texts are compiled once. `flags` follow the mode's own, and so
 * prevail. Throws with the compiler's words.
 */
export function compileKernel(name: string, text: string, mode: EmulatorMode, cache = CACHE, flags: readonly string[] = []): string {
  const compile = (output: string): string[] => {
    const source = join(dirname(output), basename(name));
    writeFileSync(source, emulatorSource(text, name));
    return [...kernelArguments(source, output, mode), ...flags];
  };
  return cached(`${basename(name, ".cu")}-${mode}.so`, [preludeHash(), mode, name, text, ...flags], compile, cache);
}

export function buildProgram(program: Program): string {
  return cached(`emulate-${program}`, [sourcesHash(), program], (output) =>
    programArguments(output, {
      race: program.startsWith("race"),
      ucontext: program === "ucontext",
      ...(program.endsWith("mutants") && { main: MUTANTS }),
    }),
  );
}

export function runJob(program: Program, lines: readonly (readonly (string | number)[])[], timeout = 60_000): Outcome {
  using folder = scratch();
  const job = join(folder.path, "job");
  writeFileSync(job, lines.map((fields) => `${fields.join("\t")}\n`).join(""));
  const path = buildProgram(program);
  const run = (command: string, ...rest: string[]): Outcome => {
    const { status, stdout, stderr, error } = spawnSync(command, rest, {
      encoding: "utf8",
      timeout,
      env: { ...process.env, ...RACE_ENVIRONMENT },
      maxBuffer: 1 << 26,
    });
    if (error) throw error;
    return { status, text: stdout + stderr };
  };
  const [runner, ...options] = RUNNER;
  const outcome = runner === undefined ? run(path, job) : run(runner, ...options, path, job);
  // ThreadSanitizer of GCC 12 and 13 cannot live with every layout of the address space that Linux draws
  return outcome.text.includes("unexpected memory mapping") ? run("setarch", "-R", path, job) : outcome;
}

/** Builds into a folder of its own and renames: two processes at once, or one that is killed, leave nothing half done. */
function cached(name: string, key: readonly string[], command: (output: string) => string[], cache = CACHE): string {
  const folder = join(
    cache,
    createHash("sha256")
      .update(JSON.stringify([COMPILER, ...key]))
      .digest("hex")
      .slice(0, 24),
  );
  const output = join(folder, name);
  if (existsSync(output)) return output;
  mkdirSync(cache, { recursive: true });
  const building = mkdtempSync(join(cache, "building-"));
  try {
    const { status, stderr, error } = spawnSync(COMPILER, command(join(building, name)), { encoding: "utf8" });
    if (error) throw error;
    if (status !== 0) throw new Error(`${COMPILER} does not compile ${name}:\n${stderr}`);
    if (!existsSync(folder)) renameSync(building, folder);
  } catch (error) {
    if (!existsSync(output)) throw error;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return output;
}

/** Read once a process, which may compile and run thousands of kernels. */
const once = (compute: () => string): (() => string) => {
  let known: string | undefined;
  return () => (known ??= compute());
};

const preludeHash = once(() => {
  const files = ["calls.h", "cuda.h", "toolchain.ts", ...readdirSync(join(SOURCES, "prelude")).map((name) => `prelude/${name}`)];
  return hash(files.map((file) => readFileSync(join(SOURCES, file))));
});

const sourcesHash = once(() =>
  hash([...readdirSync(SOURCES).map((name) => join(SOURCES, name)), MUTANTS].filter((path) => statSync(path).isFile()).map((path) => readFileSync(path))),
);

function hash(parts: readonly Buffer[]): string {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return sum.digest("hex");
}
