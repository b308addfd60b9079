import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeFolder } from "../../runtime/make-folder.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "topkit-make-folder-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

it("makes what is missing, with its mode, and is content with what is there", async () => {
  const folder = path.join(root, "a", "b", "c");
  await makeFolder(folder, 0o700);
  await makeFolder(folder, 0o755);
  expect([folder, path.dirname(folder)].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o700]);
});

it("is done by several at once", async () => {
  const folder = path.join(root, "many", "at", "once");
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(folder)));
  expect(statSync(folder).isDirectory()).toBe(true);
});

it("says what is in the way", async () => {
  const file = path.join(root, "file");
  writeFileSync(file, "");
  await expect(makeFolder(file)).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(path.join(file, "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

// Linux says ENOENT there of a folder whose parent exists
it("returns where nothing can be made", { timeout: 10_000 }, async () => {
  await expect(makeFolder("/proc/topkit/below")).rejects.toMatchObject({ syscall: "mkdir" });
});
