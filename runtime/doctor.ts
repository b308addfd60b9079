/** What is on this machine for topkit: plain data, for `topkit doctor` and for bug reports. Never throws for what is missing. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { DriverInfo, NvrtcInfo } from "../native/types.ts";
import { cacheFolder, folderProblem } from "./cache-folder.ts";
import { compilerVersion, requireCompiler } from "./compiler.ts";
import { native } from "./native-access.ts";
import { topk } from "./topk.ts";

type Failed = { readonly ok: false; readonly reason: string };

export interface Diagnosis {
  readonly node: string;
  readonly platform: string;
  /** Absent where the C library is another one. */
  readonly glibc: string | undefined;
  readonly addon: { readonly ok: true; readonly version: string } | Failed;
  /** A small top-k was computed on the CPU and is right. */
  readonly cpu: { readonly ok: true } | Failed;
  readonly driver: DriverInfo | Failed;
  readonly nvrtc: NvrtcInfo | Failed;
  readonly cache: { readonly ok: boolean; readonly folder: string | undefined; readonly state: string };
  /** For the emulator only. */
  readonly compiler: { readonly ok: true; readonly path: string; readonly version: string } | Failed;
}

export async function diagnose(): Promise<Diagnosis> {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    glibc: glibcVersion(),
    addon: attempt(() => ({ ok: true as const, version: native().version })),
    cpu: await cpuState(),
    driver: attempt(() => native().driverInfo()),
    nvrtc: attempt(() => native().nvrtcInfo(true)),
    cache: await cacheState(),
    compiler: await compilerState(),
  };
}

function attempt<T>(look: () => T): T | Failed {
  try {
    return look();
  } catch (error) {
    return { ok: false, reason: (error as Error).message };
  }
}

function glibcVersion(): string | undefined {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  // looking up the names of open sockets can take seconds
  report.excludeNetwork = true;
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime;
}

async function cpuState(): Promise<Diagnosis["cpu"]> {
  try {
    const { indices } = await topk(Float32Array.of(1, 3, -2, 3, 0), { k: 3, backend: "cpu" });
    const found = [...indices].join(", ");
    return found === "1, 3, 0" ? { ok: true } : { ok: false, reason: `the top 3 of 1, 3, -2, 3, 0 are at 1, 3, 0; found ${found}` };
  } catch (error) {
    return { ok: false, reason: (error as Error).message };
  }
}

async function cacheState(): Promise<Diagnosis["cache"]> {
  const folder = cacheFolder();
  if (folder === undefined) return { ok: false, folder, state: "there is no home folder; set TOPKIT_CACHE" };
  try {
    await access(folder);
  } catch {
    return { ok: true, folder, state: "not there yet; made when a kernel is compiled" };
  }
  const problem = await folderProblem(folder);
  if (problem !== undefined) return { ok: false, folder, state: problem };
  try {
    await access(folder, constants.W_OK);
    return { ok: true, folder, state: "ready" };
  } catch {
    return { ok: false, folder, state: "cannot be written; set TOPKIT_CACHE to a folder that can" };
  }
}

async function compilerState(): Promise<Diagnosis["compiler"]> {
  try {
    const compiler = requireCompiler();
    const [version = ""] = (await compilerVersion(compiler)).split("\n", 1);
    return { ok: true, path: compiler.path, version };
  } catch (error) {
    return { ok: false, reason: (error as Error).message };
  }
}
