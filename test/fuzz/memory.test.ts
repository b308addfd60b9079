/** Memory stays flat over thousands of calls, and the measure would see it if it did not. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { node } from "./child.ts";
import { setting } from "./fuzz.ts";

const cache = mkdtempSync(path.join(tmpdir(), "topkit-fuzz-memory-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** Each round makes 64 KiB or more, so that a leak of 1 round in 4 is beyond these. */
const LIMITS = { rss: 40 * 2 ** 20, heapUsed: 2 ** 20, external: 2 ** 18, arrayBuffers: 2 ** 18 };
type Grown = Record<keyof typeof LIMITS, number>;

async function grown(work: string, rounds: number, env: NodeJS.ProcessEnv = {}): Promise<Grown> {
  const ended = await node(["test/fuzz/memory-child.ts", work, String(rounds)], {
    flags: ["--expose-gc", "--import", "tsx"],
    env: { TOPKIT_CACHE: cache, ...env },
  });
  expect(ended).toMatchObject({ status: 0, signal: null, stderr: "" });
  return JSON.parse(ended.stdout) as Grown;
}

const beyond = (memory: Grown): string[] =>
  Object.entries(LIMITS).flatMap(([name, limit]) => (memory[name as keyof Grown] > limit ? [`${name} grew by ${memory[name as keyof Grown]} bytes`] : []));

it.each([
  ["topk() on the CPU", "topk", 3000],
  ["topk() of shared memory", "shared", 3000],
  ["calls that are refused", "refusals", 3000],
  ["devices, tensors, streams, plans and captured runs of the CPU", "cpu", 2500],
  ["the same, of CUDA", "cuda", 1500],
  ["devices and tensors that nobody disposes of", "forgotten", 3000],
  ["topk() on CUDA", "cudaTopk", 3000],
] as const)("%s", { timeout: 90_000 }, async (_, work, usual) => {
  expect(beyond(await grown(work, setting("TOPKIT_FUZZ_RUNS", usual)))).toEqual([]);
});

it.each([
  ["what a host array holds", "topk", "external"],
  ["what only the process knows of", "cuda", "rss"],
] as const)("a leak of %s would be seen", { timeout: 90_000 }, async (_, work, measure) => {
  expect(beyond(await grown(work, 1000, { LEAK: "1" }))).toContainEqual(expect.stringMatching(`^${measure} grew`));
});
