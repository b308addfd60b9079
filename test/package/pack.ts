/** Before the tests of the package, once: packs it, as npm does for publishing. They are given the archive's path as `inject("tarball")`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { packageRoot } from "../../native/index.ts";
import { run } from "./run.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly tarball: string;
  }
}

export default function pack(project: TestProject): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), "topkit-tarball-"));
  run("npm", ["run", "--silent", "build"], packageRoot);
  run("node", ["scripts/prebuild.mjs"], packageRoot);
  // the two steps above are what npm's own hooks would do, less a second compilation of the addon
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], packageRoot)) as { filename: string }[];
  project.provide("tarball", path.join(folder, packed!.filename));
  return () => rmSync(folder, { recursive: true, force: true });
}
