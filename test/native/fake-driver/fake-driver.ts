/** Puts the fake CUDA driver (fake_cuda.cc) in the real one's place, for this process, and reads what it was asked to do. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { packageRoot } from "../../../native/index.ts";
import type { NativeDevice, NativeError, NativeFunction, NativeLaunchList } from "../../../native/types.ts";

export const builtFile = (name: string): string => join(packageRoot, "build", "Release", name);

// made by the first call of useFakeDriver(): where no test of a file runs, no hook of it does
let folder: string | undefined;
afterAll(() => folder !== undefined && rmSync(folder, { recursive: true, force: true }));
const logFile = (): string => {
  folder ??= mkdtempSync(join(tmpdir(), "topkit-fake-"));
  return join(folder, "log");
};

/** Call before the process's first GPU call. An old driver lacks what CUDA 11.8 and 12.4 added. */
export function useFakeDriver({ old = false, devices = 1 } = {}): void {
  process.env.TOPKIT_CUDA_DRIVER = builtFile(old ? "libfake_cuda_old.so" : "libfake_cuda.so");
  process.env.TOPKIT_FAKE_DEVICES = String(devices);
  process.env.TOPKIT_FAKE_LOG = logFile();
}

/** Lines of the driver's log since the process began. */
export function logged(): string[] {
  return readFileSync(logFile(), "utf8").trimEnd().split("\n");
}

/** The lines that `body` adds. */
export function loggedBy(body: () => void): string[] {
  const before = logged().length;
  body();
  return logged().slice(before);
}

const PAIRS = [
  [["cuDevicePrimaryCtxRetain"], "cuDevicePrimaryCtxRelease_v2"],
  [["cuMemAlloc_v2"], "cuMemFree_v2"],
  [["cuModuleLoadDataEx"], "cuModuleUnload"],
  [["cuStreamCreate"], "cuStreamDestroy_v2"],
  [["cuEventCreate"], "cuEventDestroy_v2"],
  [["cuStreamEndCapture", "cuGraphCreate"], "cuGraphDestroy"],
  [["cuGraphInstantiateWithFlags"], "cuGraphExecDestroy"],
] as const;

/** Things that were made and not freed, by the calls that make them. Failed calls are not to be among the lines. */
export function live(lines = logged()): Record<string, number> {
  const count = (call: string): number => lines.filter((line) => line === call).length;
  const alive = PAIRS.map(([makes, free]) => [makes.join(" or "), makes.map(count).reduce((a, b) => a + b) - count(free)] as const);
  return Object.fromEntries(alive.filter(([, left]) => left !== 0));
}

/** Runs `body` while the driver fails as `spec` says (fake_cuda.cc). */
export function failing<T>(spec: string, body: () => T): T {
  process.env.TOPKIT_FAKE_FAIL = spec;
  try {
    return body();
  } finally {
    delete process.env.TOPKIT_FAKE_FAIL;
  }
}

/** The NativeError that `body` throws. */
export function errorOf(body: () => unknown): NativeError {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return error as NativeError;
  }
  throw new Error("nothing was thrown");
}

export async function rejectionOf(promise: Promise<unknown>): Promise<NativeError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  return outcome as NativeError;
}

export const image = (text: string): Uint8Array => new TextEncoder().encode(text.padEnd(64, "\n"));

/** `store` writes its parameter 1 to the address in its parameter 0; `idle` does nothing; `trap` loses the context. */
export const KERNELS = image("kernel store 2\nkernel idle 0\nkernel trap 0\n");

/** A list of one `store` of `value`, its address to be given at each run. */
export function storeList(device: NativeDevice, store: NativeFunction, value: bigint): NativeLaunchList {
  return device.prepare(
    [{ function: store, grid: 1, block: 32, cluster: 1, sharedBytes: 0, parameters: [0n, value], slots: [{ parameter: 0, pointer: 0 }] }],
    1,
  );
}

export function loadKernels(device: NativeDevice) {
  const module = device.loadModule(KERNELS);
  return { module, store: module.getFunction("store"), idle: module.getFunction("idle"), trap: module.getFunction("trap") };
}
