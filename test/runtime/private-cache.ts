/** Import for its effect: each test file compiles into a cache folder of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-test-cache-"));
process.env.TOPKIT_CACHE = folder;
afterAll(() => rmSync(folder, { recursive: true, force: true }));
