/** Compiles every generated kernel with NVRTC for each architecture that matters and says what each takes: registers, spills, stack, shared memory. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { kernels } from "../dsl/catalog.ts";
import { combinations } from "../dsl/domain.ts";
import { type Variant, variantSymbol } from "../dsl/variant.ts";
import { variants } from "../generated/variants.ts";
import { addon, packageRoot } from "../native/index.ts";
import type { NativeError } from "../native/types.ts";

export interface CompiledKernel {
  readonly symbol: string;
  readonly kernel: string;
  /** Compute capability, as 90 for 9.0. */
  readonly arch: number;
  readonly milliseconds: number;
  /** A thread's. */
  readonly registers: number;
  readonly spillBytes: number;
  readonly stackBytes: number;
  /** A block's. */
  readonly staticSharedBytes: number;
  /** A block's: bytes, or the formula over the shape. */
  readonly dynamicShared: string;
}

export interface CompileReport {
  readonly nvrtc: string;
  readonly compiled: readonly CompiledKernel[];
  /** Compile errors, and spills of declared configs (more than a few bytes), in words; empty where all is well. */
  readonly failures: readonly string[];
}

export interface CompileReportOptions {
  readonly variants?: (variant: Variant) => boolean;
  /** Default: 80, 90 and the newest that NVRTC knows, kernels that need more than one of these leaving it out; of what only a tuning table names, 90. */
  readonly arches?: readonly number[];
  /** Folder for compile-report.md and compile-report.csv. */
  readonly out: string;
  readonly log: (line: string) => void;
}

/** Writes the report also where there are failures. Errors: where there is no NVRTC, or nothing is left to compile. */
export async function compileReport(options: CompileReportOptions): Promise<CompileReport> {
  const info = addon().nvrtcInfo();
  if (!info.ok) throw new Error(`no kernel can be compiled: ${info.reason}`);
  const newest = Math.max(...info.arches);
  const arches = options.arches ?? [...new Set([80, 90, newest])];
  const minArch = new Map(kernels.map((kernel) => [kernel.name, kernel.minArch]));
  const shared = await dynamicShared();
  const declared = declaredSymbols();
  const jobs = (variants as readonly Variant[])
    .filter(options.variants ?? (() => true))
    .flatMap((variant) =>
      arches
        .filter((arch) => arch >= (minArch.get(variant.kernel) ?? 0) && (declared.has(variant.symbol) || arch === TUNED_ARCH))
        .map((arch) => ({ variant, arch })),
    );
  if (jobs.length === 0) throw new Error("no kernel is left to compile: widen the filter or the architectures");

  const compiled: CompiledKernel[] = [];
  const failures: string[] = [];
  const next = jobs.entries();
  const work = async (): Promise<void> => {
    for (const [i, { variant, arch }] of next) {
      try {
        const kernel = { ...(await compileOne(variant, arch)), dynamicShared: shared.get(variant.symbol) ?? "" };
        compiled.push(kernel);
        // a table's winner was measured with what it spills
        if (declared.has(variant.symbol) && kernel.spillBytes > mostSpilled(variant.kernel, arch))
          failures.push(`${variant.symbol} for sm_${arch} spills ${kernel.spillBytes} bytes`);
      } catch (cause) {
        failures.push(`${variant.symbol} for sm_${arch}: ${(cause as NativeError).log ?? String(cause)}`);
      }
      if ((i + 1) % 25 === 0 || i + 1 === jobs.length) options.log(`${i + 1} of ${jobs.length} compiled, ${failures.length} failed`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));

  compiled.sort((a, b) => (a.symbol === b.symbol ? a.arch - b.arch : a.symbol < b.symbol ? -1 : 1));
  const report = { nvrtc: info.version.join("."), compiled, failures };
  await mkdir(options.out, { recursive: true });
  await writeFile(join(options.out, "compile-report.csv"), csv(report));
  await writeFile(join(options.out, "compile-report.md"), markdown(report));
  return report;
}

async function compileOne({ symbol, kernel }: Variant, arch: number): Promise<Omit<CompiledKernel, "dynamicShared">> {
  const source = await readFile(join(packageRoot, "generated", "kernels", `${symbol}.cu`), "utf8");
  const { log, milliseconds } = await addon().compile(source, `${symbol}.cu`, `sm_${arch}`, ["--ptxas-options=-v"]);
  return { symbol, kernel, arch, milliseconds, ...readPtxasLog(log) };
}

/** What kernels declare to ship; the other variants are those that tuning tables name. */
export const declaredSymbols = (): ReadonlySet<string> =>
  new Set(kernels.flatMap((kernel) => [...combinations(kernel.spec)].flatMap((spec) => kernel.ships.map((tune) => variantSymbol(kernel, spec, tune)))));

/** The architecture that shipped configs were measured on, and that the tables which ship are of. */
const TUNED_ARCH = 90;
/** Bytes a thread, stores and loads, where configs were measured: those that are the fastest there all the same may lack a few registers. */
const SPILLED_WHERE_MEASURED = 32;
/** And elsewhere: what a block of 1024 threads, with 64 registers each, may lack there while it fits where it was measured. */
const SPILLED_ELSEWHERE = 96;

/** And a draw, that as many blocks share a multiprocessor as without one: 32 rows are two waves otherwise, which takes longer (docs/log/sampling.md). */
const SPILLED_TO_DRAW = 168;

const drawing: ReadonlySet<string> = new Set(kernels.flatMap(({ name, drawsFrom }) => (drawsFrom === undefined ? [] : [name])));
const mostSpilled = (kernel: string, arch: number): number =>
  drawing.has(kernel) ? SPILLED_TO_DRAW : arch === TUNED_ARCH ? SPILLED_WHERE_MEASURED : SPILLED_ELSEWHERE;

/** Reads what `ptxas -v` says of one entry function. Errors: where it says nothing, so that a silent compiler does not pass for a clean one. */
export function readPtxasLog(log: string): Pick<CompiledKernel, "registers" | "spillBytes" | "stackBytes" | "staticSharedBytes"> {
  const number = (pattern: RegExp): number | undefined => {
    const found = pattern.exec(log)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const registers = number(/Used (\d+) registers/);
  const stackBytes = number(/(\d+) bytes stack frame/);
  const stores = number(/(\d+) bytes spill stores/);
  const loads = number(/(\d+) bytes spill loads/);
  if (registers === undefined || stackBytes === undefined || stores === undefined || loads === undefined) {
    throw new Error(`the compiler's log names no registers or spills: ${JSON.stringify(log)}`);
  }
  return { registers, stackBytes, spillBytes: stores + loads, staticSharedBytes: number(/(\d+) bytes smem/) ?? 0 };
}

/** From the manifest: a number, or a formula where the shape decides. */
async function dynamicShared(): Promise<ReadonlyMap<string, string>> {
  interface Manifest {
    readonly kernels: readonly { readonly variants: readonly { readonly symbol: string; readonly sharedBytes: number | { readonly formula: string } }[] }[];
  }
  const manifest = JSON.parse(await readFile(join(packageRoot, "generated", "manifest.json"), "utf8")) as Manifest;
  const entries = manifest.kernels.flatMap((kernel) => kernel.variants);
  return new Map(entries.map(({ symbol, sharedBytes }) => [symbol, typeof sharedBytes === "number" ? `${sharedBytes}` : sharedBytes.formula]));
}

const COLUMNS = ["symbol", "arch", "registers", "spillBytes", "stackBytes", "staticSharedBytes", "dynamicShared", "milliseconds"] as const;

const cells = (kernel: CompiledKernel): string[] => COLUMNS.map((column) => (column === "milliseconds" ? kernel[column].toFixed(0) : `${kernel[column]}`));

function csv({ compiled }: CompileReport): string {
  const quote = (cell: string): string => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return [COLUMNS.join(), ...compiled.map((kernel) => cells(kernel).map(quote).join())].map((line) => `${line}\n`).join("");
}

/** A line of compile-report.csv, as text. */
export type CompiledRow = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** What an earlier compileReport() wrote. Throws RangeError where the text is something else. */
export function parseCompileReport(text: string): CompiledRow[] {
  const [header, ...lines] = text.trim().split(/\r?\n/);
  if (header !== COLUMNS.join()) throw new RangeError(`compile report: the header is "${header}"; it must be "${COLUMNS.join()}"`);
  // only the formula of the shared memory may hold commas, and then stands in quotes
  const shape = /^([^,]*),([^,]*),([^,]*),([^,]*),([^,]*),([^,]*),(.*),([^,]*)$/;
  return lines.map((line) => {
    const cells = (shape.exec(line)?.slice(1) ?? []).map((cell) => cell.replace(/^"(.*)"$/, "$1").replaceAll('""', '"'));
    return Object.fromEntries(COLUMNS.map((column, at) => [column, cells[at] ?? ""])) as CompiledRow;
  });
}

function markdown({ nvrtc, compiled, failures }: CompileReport): string {
  const most = (pick: (kernel: CompiledKernel) => number): number => Math.max(0, ...compiled.map(pick));
  return [
    `# Every generated kernel, compiled by NVRTC ${nvrtc}`,
    "",
    `${compiled.length} compiled, ${failures.length} failures; at most ${most((kernel) => kernel.registers)} registers and ${most((kernel) => kernel.spillBytes)} bytes spilled a thread.`,
    "",
    ...failures.map((failure) => `- ${failure}`),
    ...(failures.length > 0 ? [""] : []),
    `| ${COLUMNS.join(" | ")} |`,
    `|${COLUMNS.map(() => "---").join("|")}|`,
    ...compiled.map((kernel) => `| ${cells(kernel).join(" | ")} |`),
    "",
  ].join("\n");
}
