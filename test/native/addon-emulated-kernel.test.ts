/** The addon's side of the emulator: handles, arguments and files that are not what they should be. */
import { beforeAll, expect, it } from "vitest";
import { addon } from "../../native/index.ts";
import type { EmulatedKernel, EmulatedLaunch } from "../../native/types.ts";
import { emulatedKernel, emulatorRuntime } from "../../runtime/emulate-build.ts";
import { calling } from "../../runtime/native-access.ts";
import { failsWith } from "../runtime/fails-with.ts";
import "../support/compiled-cache.ts";

const TEXT = `extern "C" __global__ void fill(unsigned* out, const long long value) { out[blockIdx.x * blockDim.x + threadIdx.x] = (unsigned)value; }
extern "C" __global__ void sums(unsigned* out) {
  __shared__ unsigned total[1];
  if (threadIdx.x == 0) total[0] = 0;
  __syncthreads();
  atomicAdd(&total[0], threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = total[0];
}`;

let runtime: string;
let object: string;
beforeAll(async () => {
  [runtime, object] = await Promise.all([emulatorRuntime(), emulatedKernel({ symbol: "fill", text: TEXT }, "checked")]);
});

const load = (symbol: string): EmulatedKernel => calling(() => addon().loadEmulatedKernel(runtime, object, symbol));

function launch(more: Partial<EmulatedLaunch> = {}): { readonly words: () => Uint32Array; readonly given: EmulatedLaunch } {
  const memory = addon().allocateHost(256);
  const given: EmulatedLaunch = {
    ...{ grid: 2, block: 32, cluster: 1, sharedBytes: 0, checked: true, seed: 0n, timeoutMilliseconds: 0 },
    parameters: [memory.pointer, 7n],
    buffers: [{ name: "out", pointer: memory.pointer, bytes: 256, writable: true }],
    ...more,
  };
  return { given, words: () => new Uint32Array(memory.bytesView.slice().buffer) };
}

it("runs, with static shared memory and several kernels of one object too", async () => {
  const { given, words } = launch();
  await load("fill").launch(given);
  expect(words()).toEqual(new Uint32Array(64).fill(7));
  const other = launch({ grid: 1, block: 64 });
  await load("sums").launch(other.given);
  expect(other.words()).toEqual(new Uint32Array(64).fill((63 * 64) / 2));
});

it("keeps the static memory of two objects apart", async () => {
  const text = TEXT.replace("unsigned total[1]", "unsigned long long pad[9], total[1]").replace(
    "atomicAdd(&total[0], threadIdx.x)",
    "atomicAdd(&total[0], 2ull)",
  );
  const file = await emulatedKernel({ symbol: "fill", text }, "checked");
  for (const [kernel, sum] of [
    [load("sums"), 63 * 32],
    [addon().loadEmulatedKernel(runtime, file, "sums"), 128],
  ] as const) {
    const { given, words } = launch({ grid: 1, block: 64 });
    await kernel.launch(given);
    expect(words()[5]).toBe(sum);
  }
});

it("refuses launches that are impossible, and files and symbols that are not there", async () => {
  await expect(load("fill").launch(launch({ block: 2000 }).given)).rejects.toMatchObject({
    code: "TK_EMULATOR",
    message: expect.stringContaining("2000 threads a block; 1 to 1024 are allowed"),
  });
  await failsWith("TK208", () => load("nothing"), /nothing cannot be loaded from .*undefined symbol: nothing/);
  await failsWith("TK208", () => calling(() => addon().loadEmulatedKernel(runtime, "/nowhere/kernel.so", "fill")), /No such file/);
});

it("reports a fault as its message", async () => {
  const { given } = launch({ grid: 3 });
  await expect(load("fill").launch(given)).rejects.toMatchObject({ code: "TK_FAULT", message: expect.stringMatching(/fill\.cu:1.*block 2/s) });
});

it("checks handles and arguments, and never crashes", async () => {
  const kernel = load("fill");
  const { given } = launch();
  // @ts-expect-error parameters are bigints
  await expect(kernel.launch({ ...given, parameters: [1] })).rejects.toMatchObject({ code: "TK_ARGUMENT" });
  // @ts-expect-error a launch is an object
  await expect(kernel.launch(null)).rejects.toMatchObject({ code: "TK_ARGUMENT" });
  await expect(kernel.launch({ ...given, seed: -1n })).rejects.toMatchObject({ code: "TK_ARGUMENT" });
  const running = kernel.launch(given);
  kernel.close();
  kernel.close();
  await running;
  await expect(kernel.launch(given)).rejects.toMatchObject({ code: "TK_HANDLE" });
});
