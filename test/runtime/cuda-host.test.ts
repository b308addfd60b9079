import { afterEach, beforeEach, expect, it } from "vitest";
import { topk } from "../../runtime/index.ts";
import { useNative } from "../../runtime/native-access.ts";
import { failsWith } from "./fails-with.ts";
import { FakeNative, nativeError } from "./fake-native.ts";
import "./private-cache.ts";

let native: FakeNative;
beforeEach(() => {
  native = new FakeNative();
  useNative(native);
});
afterEach(() => useNative(undefined));

/** Beyond what the one-kernel plans of few long rows answer: two stages, and so a workspace. */
const LONG = 270_000;
const MANY = 300;

const row = (cols: number): Float32Array => Float32Array.from({ length: cols }, (_, col) => (col * 7919) % cols);

it("keeps device and plan between calls, and frees the buffers of each", async () => {
  await topk(row(LONG), { k: MANY });
  const workspace = native.liveAllocations;
  expect({ workspace, open: native.openDevices }).toEqual({ workspace: 1, open: 1 });
  await topk(row(LONG), { k: MANY });
  expect({ live: native.liveAllocations, open: native.openDevices }).toEqual({ live: 1, open: 1 });
});

it("frees the buffers where a call fails on the way", async () => {
  await topk(row(60), { k: 3 });
  for (const name of ["upload", "run"] as const) {
    native.failing.set(name, nativeError("TK_DRIVER", `${name} failed`));
    await failsWith("TK302", () => topk(row(60), { k: 3 }), new RegExp(name));
    native.failing.clear();
    expect(native.liveAllocations).toBe(0);
  }
  expect((await topk(row(60), { k: 1 })).indices).toEqual(Int32Array.of(row(60).indexOf(59)));
});

it("keeps a few plans only: the least recently used go, with their workspace", async () => {
  for (let k = MANY; k < MANY + 20; k += 1) await topk(row(LONG), { k });
  expect(native.liveAllocations).toBe(16);
});

it("answers many calls at once, of more shapes than are kept", async () => {
  const calls = Array.from({ length: 60 }, (_, call) => ({ data: row(40 + call).map((value) => value + call), k: 1 + (call % 20) }));
  const results = await Promise.all(calls.map(({ data, k }) => topk(data, { k, backend: "cuda" })));
  for (const [call, { values }] of results.entries()) expect([...values]).toEqual([...calls[call]!.data].sort((a, b) => b - a).slice(0, calls[call]!.k));
  expect(native.liveAllocations).toBe(0);
});

it("tries a plan again that could not be made", async () => {
  native.failing.set("compile", nativeError("TK_COMPILE", "refused"));
  await failsWith("TK301", () => topk(row(3000), { k: 2 }));
  native.failing.clear();
  expect((await topk(row(3000), { k: 2 })).values).toEqual(Float32Array.of(2999, 2998));
});

it("reports that no plan answers, where the GPU is asked for by name", async () => {
  native.arch = 75;
  await failsWith("TK112", () => topk(row(5000), { k: 2000, backend: "cuda" }));
});
