/** Finds and loads the addon's file: a checkout builds build/Release/topkit.node, the published package carries prebuilds/. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { NativeAddon } from "./types.ts";

/** The least glibc that the prebuilt addon runs on. */
const LEAST_GLIBC = "2.28";

/**
 * The folder of topkit's package.json, from the source tree as from dist/. Without one above (the code was bundled into another file)
 * the folder above this file's.
 */
export function findPackageRoot(start: string): string {
  for (let folder = start; ; folder = path.dirname(folder)) {
    if (packageName(folder) === "topkit") return folder;
    if (path.dirname(folder) === folder) return path.dirname(start);
  }
}

function packageName(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}

export const packageRoot = findPackageRoot(path.dirname(fileURLToPath(import.meta.url)));

/** Where the addon may be, in the order of the search. */
export function addonFiles(root: string): string[] {
  return [path.join(root, "build", "Release", "topkit.node"), path.join(root, "prebuilds", `${process.platform}-${process.arch}`, "topkit.node")];
}

/** Errors: code TK_NO_ADDON, with the platform, what was looked for and what came of it, and what to do. */
export function loadAddon(root: string): NativeAddon {
  const require = createRequire(import.meta.url);
  const outcomes: string[] = [];
  for (const file of addonFiles(root)) {
    if (!existsSync(file)) {
      outcomes.push(`${file}: not there`);
      continue;
    }
    try {
      return require(file) as NativeAddon;
    } catch (error) {
      outcomes.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const message = [
    `topkit's native addon cannot be loaded on ${process.platform}-${process.arch} (${libc()}, Node ${process.versions.node}).`,
    ...outcomes.map((outcome) => `  ${outcome}`),
    `The package brings an addon for linux-x64 with glibc ${LEAST_GLIBC} or newer. In a checkout, \`npm ci\` builds it (a C++17 compiler and cmake are needed); ` +
      "on linux-arm64 and macOS build from source in the same way.",
  ].join("\n");
  throw Object.assign(new Error(message), { code: "TK_NO_ADDON" as const });
}

/** What the C library is, as far as Node tells. */
function libc(): string {
  if (process.platform !== "linux") return "no glibc";
  const { header } = process.report.getReport() as unknown as { readonly header: { readonly glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? "no glibc, perhaps musl" : `glibc ${header.glibcVersionRuntime}`;
}
