import path from "node:path";
import { expect, it } from "vitest";
import { greatestDifference, PeerFailure, TorchPeer } from "../../bench/torch-peer.ts";
import { failsWith } from "../runtime/fails-with.ts";

const script = (...how: string[]): string[] => [path.join(import.meta.dirname, "fake_peer.py"), ...how];
const start = (...how: string[]): Promise<TorchPeer> => TorchPeer.start({ python: "python3", script: script(...how) });

const WORKLOAD = { suite: "", rows: 2, cols: 4, k: 2, dtype: "f32", dist: "desc" } as const;
/** Falling rows, so that the answer is how each begins. */
const DATA = Float32Array.of(9, 8, 7, 6, 5, 4, 3, 2);
const ANSWERS = Float32Array.of(9, 8, 5, 4);
const PLAN = { copies: 2, distinct: 1, outgrowL2: true, strideBytes: 256 };

async function loaded(peer: TorchPeer): Promise<void> {
  const file = await peer.inputFile(WORKLOAD);
  // parts in any order
  await file.write(DATA.subarray(4), 0, 4);
  await file.write(DATA.subarray(0, 4), 0, 0);
  await file.close();
  await peer.load(WORKLOAD, PLAN, file, 1024);
}

it("measures, and is compared with the reference", async () => {
  using peer = await start();
  expect(peer.torch).toBe("9.9");
  await loaded(peer);
  for (const mode of ["graph-cold", "graph-hot", "eager"] as const) {
    const go = await peer.timed(mode, PLAN, "topk");
    expect({ calls: go.calls, us: await go.sample() }).toEqual({ calls: 3, us: 12.5 });
    expect(await peer.check(ANSWERS, WORKLOAD, PLAN)).toEqual({ wrongRows: 0, maxDifference: 0 });
  }
  await peer.unload();
});

it("is told from the reference by the greatest difference", async () => {
  using peer = await start("wrong");
  await loaded(peer);
  await peer.timed("graph-cold", PLAN, "topk");
  expect(await peer.check(ANSWERS, WORKLOAD, PLAN)).toEqual({ wrongRows: 0, maxDifference: 9 });
  await peer.timed("graph-cold", PLAN, "sample");
  expect(await peer.wrongTokens()).toBe(5);
});

it("fails for one shape, and where it ends in the middle", async () => {
  using full = await start("no-memory");
  await expect(loaded(full)).rejects.toThrow(new PeerFailure("torch: load: OutOfMemoryError"));
  using dying = await start("dies");
  await loaded(dying);
  const go = await dying.timed("graph-cold", PLAN, "topk");
  await expect(go.sample()).rejects.toThrow(new PeerFailure("torch's process ended while it was asked to sample"));
  await dying.unload();
});

it("cannot be used without Python, without torch, or where it says nothing", async () => {
  await failsWith("TK209", () => TorchPeer.start({ python: "/no/python", script: script() }), /\/no\/python cannot be started .*TOPKIT_PYTHON/);
  await failsWith("TK209", () => start("no-torch"), /no torch here/);
  await failsWith("TK209", () => start("silent"), /ended before it answered/);
});

it("takes NaNs as equal, and the zeros", () => {
  expect(greatestDifference(Float32Array.of(Number.NaN, 0), Float32Array.of(Number.NaN, -0), "f32")).toBe(0);
  expect(greatestDifference(Uint16Array.of(0x7fc1, 0x8000), Uint16Array.of(0xffff, 0), "bf16")).toBe(0);
  expect(greatestDifference(Float32Array.of(Number.POSITIVE_INFINITY), Float32Array.of(Number.POSITIVE_INFINITY), "f32")).toBe(0);
  expect(greatestDifference(Float32Array.of(Number.NaN), Float32Array.of(1), "f32")).toBe(Number.POSITIVE_INFINITY);
  expect(greatestDifference(Uint16Array.of(0x3c00), Uint16Array.of(0x4000), "f16")).toBe(1);
});
