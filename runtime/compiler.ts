/** The system's C++ compiler, which the emulator needs. */
import { execFile, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { COMPILERS } from "../native/emulator/toolchain.ts";
import { TopkitError } from "./errors.ts";

export interface Compiler {
  readonly path: string;
  /** What CXX says behind the program's name: `ccache g++`. */
  readonly options: readonly string[];
}

/** CXX where it is set, else the first of g++, clang++ and c++ on PATH. Looks, and starts nothing. */
export function findCompiler(): Compiler | undefined {
  const named = process.env.CXX?.trim();
  if (!named) return COMPILERS.map((name) => located(name, [])).find((found) => found !== undefined);
  const [program = "", ...options] = named.split(/\s+/);
  return located(named, []) ?? located(program, options);
}

function located(name: string, options: readonly string[]): Compiler | undefined {
  const folders = name.includes("/") ? [""] : (process.env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    const file = path.resolve(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return { path: file, options };
    } catch {
      // not here
    }
  }
  return undefined;
}

/** As findCompiler(). Errors: TK205 where there is none. */
export function requireCompiler(): Compiler {
  const compiler = findCompiler();
  if (compiler !== undefined) return compiler;
  const named = process.env.CXX?.trim();
  const what = named ? `CXX is ${JSON.stringify(named)}, which cannot be run` : `neither ${COMPILERS.join(" nor ")} is on PATH`;
  throw new TopkitError(
    "TK205",
    `the emulator compiles kernels with a C++ compiler, and there is none: ${what}; install one (such as "apt-get install g++"), or name one in CXX`,
    { CXX: named, searched: COMPILERS },
  );
}

const versions = new Map<string, Promise<string>>();

/** What the compiler says of itself; asked once a process. Errors: TK205 where it cannot be run, or does not know --version. */
export function compilerVersion(compiler: Compiler): Promise<string> {
  const name = [compiler.path, ...compiler.options].join(" ");
  let version = versions.get(name);
  if (version === undefined) {
    version = askVersion(compiler);
    versions.set(name, version);
    version.catch(() => versions.delete(name));
  }
  return version;
}

async function askVersion({ path: file, options }: Compiler): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(file, [...options, "--version"], { timeout: 30_000 });
    return stdout;
  } catch (cause) {
    const reason = (cause as Error).message.trim();
    throw new TopkitError("TK205", `${file} is no C++ compiler that can be used: ${reason}; install one, or name one in CXX`, { compiler: file }, { cause });
  }
}

export interface Compilation {
  readonly ok: boolean;
  readonly log: string;
}

/** Compiles off the event loop. Errors: TK205 where the compiler cannot be started. */
export function runCompiler({ path: file, options }: Compiler, given: readonly string[]): Promise<Compilation> {
  return new Promise((resolve, reject) => {
    // the compiler's words in English: the error that quotes them is
    const child = spawn(file, [...options, ...given], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, LC_ALL: "C" } });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    child.on("error", (cause) =>
      reject(
        new TopkitError("TK205", `${file} cannot be started: ${cause.message}; install a C++ compiler, or name one in CXX`, { compiler: file }, { cause }),
      ),
    );
    child.on("close", (status, signal) => resolve({ ok: status === 0, log: signal === null ? log : `${log}it was ended by ${signal}` }));
  });
}
