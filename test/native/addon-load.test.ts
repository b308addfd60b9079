import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { addon, packageRoot } from "../../native/index.ts";
import { addonFiles, findPackageRoot, loadAddon } from "../../native/load.ts";
import { builtFile } from "./fake-driver/fake-driver.ts";

const root = mkdtempSync(join(tmpdir(), "topkit-load-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("the addon is of the package's version, and loaded once", () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };
  expect(addon().version).toBe(version);
  expect(addon()).toBe(addon());
});

test("the package's folder is found from the source tree and from dist/, past other packages", () => {
  writeFileSync(join(root, "package.json"), '{ "name": "topkit" }');
  mkdirSync(join(root, "dist", "native"), { recursive: true });
  writeFileSync(join(root, "dist", "package.json"), '{ "type": "module" }');
  expect(findPackageRoot(join(root, "dist", "native"))).toBe(root);
  expect(findPackageRoot(join(root, "native"))).toBe(root);
  expect(findPackageRoot("/nowhere/at/all/native")).toBe("/nowhere/at/all");
});

test("a checkout's build comes before the package's prebuilt addon, and either is enough", () => {
  const [built, prebuilt] = addonFiles(root);
  expect(built).toBe(join(root, "build", "Release", "topkit.node"));
  expect(prebuilt).toBe(join(root, "prebuilds", `${process.platform}-${process.arch}`, "topkit.node"));
  mkdirSync(join(prebuilt!, ".."), { recursive: true });
  cpSync(builtFile("topkit.node"), prebuilt!);
  expect(loadAddon(root).version).toBe(addon().version);
  mkdirSync(join(built!, ".."), { recursive: true });
  writeFileSync(built!, "cut short");
  expect(loadAddon(root).version).toBe(addon().version);
});

test("without one that loads, the error says where it looked, on what, and what to do", () => {
  const empty = mkdtempSync(join(root, "empty-"));
  mkdirSync(join(empty, "build", "Release"), { recursive: true });
  writeFileSync(join(empty, "build", "Release", "topkit.node"), "no library");
  let error: unknown;
  try {
    loadAddon(empty);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: "TK_NO_ADDON" });
  const { message } = error as Error;
  expect(message).toContain(`on ${process.platform}-${process.arch} (`);
  expect(message).toMatch(/topkit\.node: .*(file too short|invalid ELF header|not a mach-o)/);
  expect(message).toMatch(/prebuilds\/.*topkit\.node: not there/);
  expect(message).toContain("`npm ci` builds it");
});
