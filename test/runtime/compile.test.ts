import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cacheFolder, folderProblem } from "../../runtime/cache-folder.ts";
import { compileKernel, ptxOf, targetArch } from "../../runtime/compile.ts";
import { useNative } from "../../runtime/native-access.ts";
import { failsWith } from "./fails-with.ts";
import { FakeNative, nativeError } from "./fake-native.ts";

const nvrtc = { version: [13, 0] as const, arches: [75, 80, 90, 100], path: "/fake/libnvrtc.so" };

describe("the target", () => {
  it("is the device's own architecture where NVRTC knows it, else PTX of the newest below", async () => {
    expect([targetArch(90, nvrtc), targetArch(89, nvrtc), targetArch(120, nvrtc)]).toEqual(["sm_90", "compute_80", "compute_100"]);
    await failsWith("TK206", () => targetArch(70, nvrtc), /compiles for 75, 80, 90, 100, the device is 70; set TOPKIT_NVRTC/);
  });

  it("has the PTX version of the compiler's release", () => {
    const table = { "11.8": "7.8", "12.0": "8.0", "12.5": "8.5", "12.6": "8.5", "12.8": "8.7", "12.9": "8.8", "13.0": "9.0", "13.1": "9.1" };
    for (const [version, ptx] of Object.entries(table)) expect(ptxOf(version.split(".").map(Number) as [number, number])).toBe(ptx);
  });
});

describe("the cache", () => {
  let native: FakeNative;
  let folder: string;
  beforeEach(() => {
    native = new FakeNative();
    useNative(native);
    folder = path.join(mkdtempSync(path.join(tmpdir(), "topkit-cubin-")), "cache");
    process.env.TOPKIT_CACHE = folder;
  });
  afterEach(() => {
    useNative(undefined);
    rmSync(path.dirname(folder), { recursive: true, force: true });
    vi.restoreAllMocks();
    vi.resetModules();
  });
  const kernel = { symbol: "sum", text: "extern ..." };
  const compile = (arch = "sm_90") => compileKernel(kernel, arch, nvrtc);
  const entry = () => path.join(folder, readdirSync(folder).find((name) => name.endsWith(".cubin"))!);

  it("keeps an image: compiled once, read afterwards", async () => {
    const image = await compile();
    expect(new TextDecoder().decode(image)).toBe("sm_90 sum");
    expect(await compile()).toEqual(Buffer.from(image));
    expect(native.compiled).toHaveLength(1);
  });

  it("compiles once where several ask at once", async () => {
    await Promise.all([compile(), compile(), compile()]);
    expect(native.compiled).toHaveLength(1);
  });

  it("keeps apart what differs in source, symbol, architecture, NVRTC or addon", async () => {
    await compile();
    await compile("compute_80");
    await compileKernel({ ...kernel, text: "other" }, "sm_90", nvrtc);
    await compileKernel({ ...kernel, symbol: "max" }, "sm_90", nvrtc);
    await compileKernel(kernel, "sm_90", { version: [13, 1] });
    useNative(Object.assign(new FakeNative(), { version: "fake-2", compile: native.compile.bind(native) }));
    await compile();
    expect(native.compiled).toHaveLength(6);
    expect(readdirSync(folder)).toHaveLength(6);
  });

  it("is private, whole, and leaves no temporary files", async () => {
    await compile();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(entry()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual([path.basename(entry())]);
  });

  it.each([
    ["truncated", (file: string) => truncateSync(file, 20)],
    ["cut in its payload", (file: string) => truncateSync(file, statSync(file).size - 1)],
    ["empty", (file: string) => truncateSync(file, 0)],
    [
      "flipped in a bit",
      (file: string) =>
        writeFileSync(
          file,
          readFileSync(file).map((byte, place, all) => (place === all.length - 1 ? byte ^ 1 : byte)),
        ),
    ],
    ["of another format", (file: string) => writeFileSync(file, "ELF")],
  ])("misses and replaces an entry that is %s", async (_, damage) => {
    await compile();
    const whole = readFileSync(entry());
    damage(entry());
    await compile();
    expect(native.compiled).toHaveLength(2);
    expect(readFileSync(entry())).toEqual(whole);
  });

  it("removes what a killed process left, not what another is writing", async () => {
    mkdirSync(folder, { mode: 0o700 });
    const [old, young] = [path.join(folder, "a.tmp"), path.join(folder, "b.tmp")];
    for (const file of [old, young]) writeFileSync(file, "");
    utimesSync(old, 1, 1);
    vi.resetModules();
    const fresh = await import("../../runtime/cubin-cache.ts");
    await fresh.writeEntry({ source: "s", symbol: "s", options: [], arch: "sm_90", nvrtc: [13, 0], addon: "1" }, Uint8Array.of(1));
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual(["b.tmp"]);
  });

  it("works without a folder, and warns once", async () => {
    writeFileSync(folder, "a file stands where the folder should be");
    vi.resetModules();
    const fresh = await import("../../runtime/cubin-cache.ts");
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const key = { source: "s", symbol: "s", options: [], arch: "sm_90", nvrtc: [13, 0], addon: "1" } as const;
    await fresh.writeEntry(key, Uint8Array.of(1));
    await fresh.writeEntry(key, Uint8Array.of(1));
    expect(await fresh.readEntry(key)).toBeUndefined();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(/not cached.*EEXIST|not cached.*ENOTDIR/);
  });

  it("does not trust a folder that others own or may write", async () => {
    mkdirSync(folder, { mode: 0o700 });
    expect(await folderProblem(folder)).toBeUndefined();
    chmodSync(folder, 0o777);
    expect(await folderProblem(folder)).toMatch(/can be written by other users; chmod 700/);
    chmodSync(folder, 0o700);
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    vi.spyOn(process as { getuid(): number }, "getuid").mockReturnValue(statSync(folder).uid + 1);
    expect(await folderProblem(folder)).toMatch(/belongs to user/);
    await compile();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("lies where the variables say", () => {
    vi.stubEnv("XDG_CACHE_HOME", "/xdg");
    expect(cacheFolder()).toBe(folder);
    vi.stubEnv("TOPKIT_CACHE", "");
    expect(cacheFolder()).toBe("/xdg/topkit");
    vi.stubEnv("XDG_CACHE_HOME", "relative");
    vi.stubEnv("HOME", "/home/someone");
    expect(cacheFolder()).toBe("/home/someone/.cache/topkit");
    vi.unstubAllEnvs();
  });

  it("keeps no failure", async () => {
    native.failing.set("compile", nativeError("TK_COMPILE", "refused"));
    await failsWith("TK301", () => compile());
    native.failing.clear();
    await compile();
    expect(native.compiled).toHaveLength(1);
  });
});
