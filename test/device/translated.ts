/** Device functions of a text, and of those that ship, for tests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDeviceFunctions, type TranslatedFunction } from "../../generator/device/program.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The functions of modules, given by file name. Errors: as readDeviceFunctions(), with positions relative to their folder. */
export function translated(modules: Readonly<Record<string, string>>): ReadonlyMap<string, TranslatedFunction> {
  const folder = mkdtempSync(join(tmpdir(), "topkit-device-"));
  try {
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, name), text);
    return readDeviceFunctions([`${folder}/*.ts`], folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const shipped = (): ReadonlyMap<string, TranslatedFunction> => readDeviceFunctions([`${ROOT}/dsl/device/*.ts`], ROOT);
