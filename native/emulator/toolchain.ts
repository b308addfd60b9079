/**
 * How a kernel's text becomes a shared object for the emulator, and the emulator's runtime a shared object or a program: commands only, which
 * the caller runs. The same object serves checked mode and race mode: what its instrumented accesses call is up to the program that loads it.
 */
import { join } from "node:path";
import { packageRoot } from "../load.ts";

/** `checked` calls the runtime at each access (bounds, alignment, initialisation, races); `fast` runs the bare kernel. */
export type EmulatorMode = "checked" | "fast";

/** Sources of the runtime, relative to this folder; `hooks.cc` is libtsan's part in race mode. */
export const RUNTIME_SOURCES = [
  "arena.cc",
  "atomic.cc",
  "block_barrier.cc",
  "cluster.cc",
  "faults.cc",
  "fiber.cc",
  "groups.cc",
  "hooks.cc",
  "launch.cc",
  "mbarrier.cc",
  "memory.cc",
  "report.cc",
  "scheduler.cc",
  "undefined.cc",
  "warp.cc",
] as const;

/** The runtime's sources and the prelude: the package ships them as they are, beside its compiled JavaScript. */
export const EMULATOR_FOLDER = join(packageRoot, "native", "emulator");

const here = (name: string): string => join(EMULATOR_FOLDER, name);

/** Compilers that are tried, in order, where the environment names none in CXX. */
export const COMPILERS = ["g++", "clang++", "c++"] as const;

const SHARED = /(?<!\w)(extern\s+)?__shared__\s+([^;]*);/g;
// A declarator at the end of a type: name, then extents.
const DECLARATOR = /([A-Za-z_]\w*)\s*((?:\[[^\]]*\]\s*)*)$/;

/**
 * A kernel's text with its shared memory declared in C++: the only rewrite, since no macro can say "one of these for each block". Lines stay
 * where they are. Dynamic memory becomes a pointer; variables become references into a structure made for their declaration.
 */
export function rewriteShared(text: string): string {
  let declarations = 0;
  return text.replace(SHARED, (whole: string, dynamic: string | undefined, declared: string) => {
    const parts = splitDeclarators(declared.trim());
    const names = parts.map((part) => DECLARATOR.exec(part)?.[1]);
    if (names.includes(undefined) || declared.includes("=")) return whole;
    if (dynamic) {
      const [, name = "", extents = ""] = DECLARATOR.exec(declared.trim()) ?? [];
      if (parts.length !== 1 || extents.replace(/\s/g, "") !== "[]") return whole;
      const type = declared
        .trim()
        .replace(DECLARATOR, "")
        .replace(/__align__\s*\([^)]*\)/, "")
        .trim();
      return `${type}* const ${name} = (${type}*)topkit_emu_dynamic_shared();`;
    }
    const made = `TopkitShared${declarations++}`;
    const references = names.map((name) => `auto& ${name} = ${made}_.${name};`).join(" ");
    return `struct ${made} { ${declared.trim()}; }; auto& ${made}_ = topkit_emulator::static_shared<${made}>(); ${references}`;
  });
}

/** What is compiled for a kernel's text: reports name its lines as those of `name`. */
export function emulatorSource(text: string, name: string): string {
  return `#line 1 ${JSON.stringify(name)}\n${rewriteShared(text)}`;
}

/** At the commas of a declaration that are in no bracket. */
function splitDeclarators(declaration: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < declaration.length; i++) {
    const character = declaration[i]!;
    if ("([{<".includes(character)) depth++;
    else if (")]}>".includes(character)) depth--;
    else if (character === "," && depth === 0) {
      parts.push(declaration.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, declaration.slice(from)].map((part) => part.trim());
}

/** Arguments that make the shared object `output` of `source`, a file with what emulatorSource() gave. */
export function kernelArguments(source: string, output: string, mode: EmulatorMode): string[] {
  return [
    "-x",
    "c++",
    "-std=c++17",
    "-g",
    "-fPIC",
    "-shared",
    // a process loads many kernels: what they name alike is each one's own
    "-fvisibility=hidden",
    // no libraries: the runtime's symbols come from the program that loads the object
    "-nostdlib",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-strict-aliasing",
    "-ffp-contract=off",
    "-Wno-unknown-pragmas",
    "-Wno-attributes",
    // arm64 divides by zero without a word
    "-fsanitize=integer-divide-by-zero",
    ...(mode === "checked" ? ["-O1", "-fsanitize=thread", "-fsanitize=alignment,shift-exponent,bounds"] : ["-O2"]),
    "-include",
    here("cuda.h"),
    source,
    "-o",
    output,
    // 128-bit products; and fmaf, which is correctly rounded in software too
    "-lgcc",
    "-lm",
    ...(process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : []),
  ];
}

/** The runtime as one text: a third of the time that its sources take one by one. */
export const runtimeSource = (): string => RUNTIME_SOURCES.map((source) => `#include "${source}"\n`).join("");

/** Arguments that make the runtime a shared object of `source`, a file with what runtimeSource() gave, for kernels that are loaded into Node. */
export function runtimeArguments(source: string, output: string): string[] {
  return [
    "-std=c++17",
    "-O2",
    "-w",
    "-pthread",
    "-fPIC",
    "-shared",
    ...(process.platform === "linux" ? [`-Wl,--version-script=${here("exports.map")}`] : []),
    "-I",
    EMULATOR_FOLDER,
    source,
    "-o",
    output,
    "-ldl",
  ];
}

/** Arguments that make the program of `main`, by default the one that runs a job; `race` links it with ThreadSanitizer. */
export function programArguments(output: string, options: { readonly race: boolean; readonly ucontext?: boolean; readonly main?: string }): string[] {
  const { race, ucontext = false, main = here("main.cc") } = options;
  const sources = RUNTIME_SOURCES.filter((source) => !(race && source === "hooks.cc"));
  return [
    "-std=c++17",
    "-O2",
    "-g",
    "-pthread",
    "-rdynamic",
    ...(ucontext ? ["-DTOPKIT_EMULATE_UCONTEXT"] : []),
    // only linked with it: the scheduler's own accesses must not be seen
    ...(race ? ["-DTOPKIT_EMULATE_RACE"] : []),
    "-I",
    EMULATOR_FOLDER,
    ...[...sources, "job.cc"].map(here),
    main,
    "-o",
    output,
    ...(race ? ["-ltsan"] : []),
    "-ldl",
  ];
}

/** For the race program: little history, since every CUDA thread costs it, and status 66 after a race. */
export const RACE_ENVIRONMENT = { TSAN_OPTIONS: "history_size=0 report_thread_leaks=0 halt_on_error=0 exitcode=66" } as const;
