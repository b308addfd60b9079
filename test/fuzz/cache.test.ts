/** The cubin cache and the shipped kernels, damaged in every way: a damaged cache entry is a miss, a damaged kernel is TK207; neither is ever used. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { heapMerge, variantSymbol } from "../../dsl/index.ts";
import { packageRoot } from "../../native/index.ts";
import { node } from "./child.ts";
import { fuzz, outcomeOf } from "./fuzz.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-fuzz-cache-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ORDINARY = 65534;
let count = 0;
let cache: string;
beforeEach(() => {
  count += 1;
  cache = path.join(folder, `cache${count}`);
  process.env.TOPKIT_CACHE = cache;
  vi.resetModules();
});
const fresh = () => import("../../runtime/cubin-cache.ts");
const key = { source: "s", symbol: "s", options: [], arch: "sm_90", nvrtc: [13, 0], addon: "1" } as const;
const image = new Uint8Array(300).map((_, place) => place);
const files = () => readdirSync(cache).sort();
const entry = () => path.join(cache, `${readdirSync(cache).find((name) => name.endsWith(".cubin"))}`);

describe("a cache entry", () => {
  it("is the image or a miss, whatever is done to its bytes", async () => {
    const { readEntry, writeEntry } = await fresh();
    await writeEntry(key, image);
    const name = entry();
    const whole = readFileSync(name);
    const edits = fc.record({
      flips: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 3 }),
      length: fc.oneof({ weight: 2, arbitrary: fc.constant(whole.length) }, fc.nat(whole.length)),
      tail: fc.oneof({ weight: 2, arbitrary: fc.constant(new Uint8Array(0)) }, fc.uint8Array({ maxLength: 40 })),
    });
    await fuzz("cache entries", 400, edits, async ({ flips, length, tail }) => {
      const edited = Buffer.concat([whole.subarray(0, length), tail]);
      for (const [place, bits] of flips) if (place < edited.length) edited[place] = (edited[place] ?? 0) ^ bits;
      writeFileSync(name, edited);
      const found = await readEntry(key);
      expect(found === undefined ? undefined : Buffer.from(found)).toEqual(edited.equals(whole) ? Buffer.from(image) : undefined);
    });
  });

  it.each([
    ["a folder", (name: string) => mkdirSync(name)],
    ["a folder with something in it", (name: string) => mkdirSync(path.join(name, "x"), { recursive: true })],
  ])("is a miss where %s stands in its place, warned of once, with nothing left behind", async (_, put) => {
    const { readEntry, writeEntry } = await fresh();
    await writeEntry(key, image);
    const name = entry();
    rmSync(name);
    put(name);
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    expect(await readEntry(key)).toBeUndefined();
    await writeEntry(key, image);
    await writeEntry(key, image);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(files()).toEqual([path.basename(name)]);
    vi.restoreAllMocks();
  });

  it("is replaced where a dangling link or a named pipe stands in its place, and neither is waited for", async () => {
    const { readEntry, writeEntry } = await fresh();
    await writeEntry(key, image);
    const name = entry();
    for (const put of [() => symlinkSync("/nowhere/at/all", name), () => void execFileSync("mkfifo", [name])]) {
      rmSync(name);
      put();
      expect(await readEntry(key)).toBeUndefined();
      await writeEntry(key, image);
      expect(await readEntry(key)).toEqual(Buffer.from(image));
    }
  });
});

describe("a cache folder that cannot be used", () => {
  it.each([
    ["lies under a file", () => path.join(packageRoot, "package.json", "cache")],
    ["lies under a device that is always full", () => "/dev/full/cache"],
    ["has a name that is too long", () => path.join(folder, "x".repeat(300))],
    [
      "is a link to itself",
      () => {
        const loop = path.join(folder, "loop");
        symlinkSync(loop, loop);
        return loop;
      },
    ],
  ])("and %s: a miss and one warning", async (_, where) => {
    process.env.TOPKIT_CACHE = where();
    const { readEntry, writeEntry } = await fresh();
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    for (let time = 0; time < 2; time += 1) {
      await writeEntry(key, image);
      expect(await readEntry(key)).toBeUndefined();
      expect(warn).toHaveBeenCalledTimes(1);
    }
    vi.restoreAllMocks();
  });

  it("is read-only for an ordinary user: nothing is kept, all else works", async () => {
    mkdirSync(cache, { mode: 0o700 });
    // root may write everywhere
    const root = process.getuid?.() === 0;
    chmodSync(cache, 0o555);
    chmodSync(folder, 0o755);
    const { readEntry, writeEntry } = await fresh();
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    if (root) process.seteuid?.(ORDINARY);
    try {
      await writeEntry(key, image);
      expect(await readEntry(key)).toBeUndefined();
    } finally {
      if (root) process.seteuid?.(0);
    }
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("EACCES"), "TopkitWarning");
    expect(files()).toEqual([]);
    vi.restoreAllMocks();
  });
});

it("several processes write one entry at once, one is killed in the middle: every read is whole", { timeout: 90_000 }, async () => {
  const writers = [0, 1, 2].map(() => node(["test/fuzz/cache-child.ts", "40"], { flags: ["--import", "tsx"] }));
  const killed = node(["test/fuzz/cache-child.ts", "100000"], { flags: ["--import", "tsx"], killAfter: 777 });
  expect((await killed).signal).toBe("SIGKILL");
  for (const ended of await Promise.all(writers)) expect(ended).toEqual({ status: 0, signal: null, stderr: "", stdout: "writing\nmisses: 0\n" });
  expect((await killed).stdout).toBe("writing\n");
  // one entry, and at most what the killed one was writing
  expect(files().filter((name) => name.endsWith(".cubin"))).toHaveLength(1);
  expect(files().filter((name) => !name.endsWith(".cubin")).length).toBeLessThanOrEqual(1);
  const { readEntry } = await fresh();
  const found = await readEntry({ source: "the same source", symbol: "same", options: [], arch: "sm_90", nvrtc: [13, 0], addon: "1" });
  expect(
    createHash("sha256")
      .update(found ?? "")
      .digest("hex"),
  ).toBe(
    createHash("sha256")
      .update(new Uint8Array(1 << 20).map((_, place) => (place * 31) % 251))
      .digest("hex"),
  );
});

describe("a shipped kernel", () => {
  const tune = heapMerge.ships[0]!;
  const spec = { dtype: "f32", order: "largest" } as const;
  const symbol = variantSymbol(heapMerge, spec, tune);
  const source = path.join("generated", "kernels", `${symbol}.cu`);
  const copy = path.join(folder, "package");
  const file = path.join(copy, source);
  const read = async () => {
    vi.doMock("../../native/index.ts", () => ({ packageRoot: copy }));
    const { kernelSource } = await import("../../runtime/kernel-source.ts");
    return kernelSource({ kernel: heapMerge, spec, tune });
  };
  beforeEach(() => {
    mkdirSync(path.dirname(file), { recursive: true });
    rmSync(file, { recursive: true, force: true });
    cpSync(path.join(packageRoot, source), file);
  });

  it("is taken as it is, and only as it is", async () => {
    const whole = readFileSync(file);
    expect((await read()).text).toBe(whole.toString("utf8"));
    const edits = fc.record({ place: fc.nat(whole.length - 1), byte: fc.nat(255), length: fc.oneof(fc.constant(whole.length), fc.nat(whole.length)) });
    await fuzz("kernel sources", 200, edits, async ({ place, byte, length }) => {
      const edited = Buffer.from(whole);
      edited[place] = byte;
      writeFileSync(file, edited.subarray(0, length));
      const outcome = await outcomeOf(read, /^TK\d+$/).catch((error: unknown) => ({ error }));
      expect("value" in outcome).toBe(edited.subarray(0, length).equals(whole));
      if ("error" in outcome) expect(outcome.error).toMatchObject({ code: "TK207" });
    });
  });

  it.each([
    ["gone", () => rmSync(file)],
    ["a folder", () => [rmSync(file), mkdirSync(file)]],
    ["a link to itself", () => [rmSync(file), symlinkSync(file, file)]],
    ["empty", () => writeFileSync(file, "")],
    ["of another encoding", () => writeFileSync(file, readFileSync(file, "utf8"), "utf16le")],
    ["with other line ends", () => writeFileSync(file, readFileSync(file, "utf8").replaceAll("\n", "\r\n"))],
  ])("that is %s is refused", async (_, damage) => {
    damage();
    const error = await read().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "TK207", message: expect.stringContaining("install topkit again") });
    expect(existsSync(path.join(packageRoot, source))).toBe(true);
  });
});
