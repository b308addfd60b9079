/**
 * Shared objects for the emulator: its runtime, built once, and a kernel's text. Each is found in the folder of compiled kernels, else compiled
 * by the system's C++ compiler; where there is no such folder, into one of the process's own.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { EMULATOR_FOLDER, type EmulatorMode, emulatorSource, kernelArguments, runtimeArguments, runtimeSource } from "../native/emulator/toolchain.ts";
import { readSealed, temporaryIn, usableFolder, writeSealed } from "./cache-folder.ts";
import { type Compiler, compilerVersion, requireCompiler, runCompiler } from "./compiler.ts";
import { TopkitError } from "./errors.ts";
import type { KernelSource } from "./kernel-source.ts";
import { Once } from "./once.ts";

/** Raised when the meaning of a key changes. */
const CACHE_VERSION = 1;

interface Unit {
  /** In errors. */
  readonly title: string;
  readonly text: string;
  /** Everything else that the result depends on. */
  readonly includes: readonly string[];
  readonly options: (source: string, output: string) => string[];
}

/** The file of the emulator's runtime. Errors: TK205, TK305. */
export async function emulatorRuntime(): Promise<string> {
  const includes = await contents(await filesOf(EMULATOR_FOLDER, /\.(cc|h|map)$/));
  return build({ title: "the emulator's runtime", text: runtimeSource(), includes, options: runtimeArguments });
}

/** The file of a kernel's object. Errors: TK205, TK305 with the compiler's log in its details. */
export async function emulatedKernel({ symbol, text }: KernelSource, mode: EmulatorMode): Promise<string> {
  const prelude = await filesOf(path.join(EMULATOR_FOLDER, "prelude"), /\.h$/);
  const includes = await contents([...["calls.h", "cuda.h"].map((name) => path.join(EMULATOR_FOLDER, name)), ...prelude]);
  return build({
    title: symbol,
    text: emulatorSource(text, `${symbol}.cu`),
    includes,
    options: (source, output) => kernelArguments(source, output, mode),
  });
}

const filesOf = async (folder: string, pattern: RegExp): Promise<string[]> =>
  (await readdir(folder))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => path.join(folder, name));

const contents = (files: readonly string[]): Promise<string[]> => Promise.all(files.map((file) => readFile(file, "utf8")));

const underWay = new Once<string>();

async function build(unit: Unit): Promise<string> {
  const compiler = requireCompiler();
  const options = unit.options("", "").map((option) => option.replaceAll(EMULATOR_FOLDER, ""));
  const machine = [process.platform, process.arch, compiler.path, compiler.options, await compilerVersion(compiler)];
  const key = JSON.stringify([CACHE_VERSION, machine, options, unit.text, unit.includes]);
  const name = `${createHash("sha256").update(key).digest("hex")}.so`;
  return underWay.run(name, async () => {
    const own = ownFolder === undefined ? undefined : path.join(ownFolder, name);
    if (own !== undefined && existsSync(own)) return own;
    return (await readSealed(name))?.file ?? (await compiled(compiler, unit, name));
  });
}

async function compiled(compiler: Compiler, unit: Unit, name: string): Promise<string> {
  const scratch = temporaryIn((await usableFolder()) ?? processFolder());
  const [source, output] = [path.join(scratch, "kernel.cc"), path.join(scratch, "object.so")];
  try {
    await mkdir(scratch, { mode: 0o700 });
    await writeFile(source, unit.text);
    const { ok, log } = await inTurn(() => runCompiler(compiler, unit.options(source, output)));
    if (!ok) throw refusal(compiler, unit, log);
    const object = await readFile(output);
    const stored = await writeSealed(name, object);
    if (stored !== undefined) return stored;
    const own = path.join(processFolder(), name);
    await writeFile(own, object, { mode: 0o600 });
    return own;
  } catch (cause) {
    if (cause instanceof TopkitError) throw cause;
    const reason = (cause as Error).message;
    throw new TopkitError("TK305", `${unit.title} cannot be compiled for the emulator: ${reason}; free the disk, or set TOPKIT_CACHE`, {}, { cause });
  } finally {
    await rm(scratch, { recursive: true, force: true }).catch(() => {});
  }
}

const QUOTED_LINES = 3;

function refusal({ path: file }: Compiler, { title }: Unit, log: string): TopkitError {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /\b(fatal error|error|undefined reference|ended by)\b/.test(line));
  const quoted = (errors.length > 0 ? errors : lines).slice(0, QUOTED_LINES).join("\n  ");
  return new TopkitError(
    "TK305",
    `${file} does not compile ${title} for the emulator:\n  ${quoted}\ndocs/emulator.md lists what a kernel may use; the whole log is in the error's details`,
    { compiler: file, log },
  );
}

/** As many compilers at once as there are cores; the others wait for their turn. */
const waiting: (() => void)[] = [];
let running = 0;

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= availableParallelism()) await new Promise<void>((turn) => waiting.push(turn));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

let ownFolder: string | undefined;

/** For what cannot be cached; gone when the process ends. */
function processFolder(): string {
  if (ownFolder !== undefined) return ownFolder;
  const folder = mkdtempSync(path.join(tmpdir(), "topkit-emulate-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  ownFolder = folder;
  return folder;
}
