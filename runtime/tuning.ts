/**
 * The tuning tables of a device: the user's, from the folder of compiled kernels, and the one that topkit ships. A table that cannot be used is a
 * warning and a miss: without any, plans are chosen by the untuned rules.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Variant } from "../dsl/index.ts";
import { packageRoot } from "../native/index.ts";
import { cacheFolder, folderProblem } from "./cache-folder.ts";
import { tuningWanted } from "./environment.ts";
import { TopkitError } from "./errors.ts";
import { parseTable, type TableChoice, type TunedEntry, tableName } from "./tuning-table.ts";

/** Entries of a table that was read, and where its sources lie that generated/ does not have. */
export interface LoadedTable {
  readonly file: string;
  readonly origin: "user" | "shipped";
  readonly choices: readonly TableChoice[];
  readonly entries: readonly TunedEntry[];
  readonly sourceFile: (hash: string) => string;
}

export interface Tuning {
  /** The user's first. */
  readonly tables: readonly LoadedTable[];
  /** SHA-256 of each text in generated/, by its symbol. */
  readonly rendered: ReadonlyMap<string, string>;
  /** What a kernel's declaration and template are now, by its name. */
  readonly basis: (kernel: string) => string;
}

export const NO_TUNING: Tuning = { tables: [], rendered: new Map(), basis: () => "" };

/** Where a user's tables lie, or undefined where there is no folder for them. */
export function userTuningFolder(): string | undefined {
  const folder = cacheFolder();
  return folder === undefined ? undefined : path.join(folder, "tuning");
}

export const shippedTable = (device: string): string => path.join(packageRoot, "generated", "tuning", tableName(device));

/** Beside a table: the texts that generated/ does not have, by content. */
export const sourceFileBeside = (table: string, hash: string): string => path.join(path.dirname(table), "sources", `${hash}.cu`);

/** As TOPKIT_TUNING says. Errors: TK114 where that names a file that cannot be read. */
export async function loadTuning(device: string): Promise<Tuning> {
  const wanted = tuningWanted();
  if (wanted === "off") return NO_TUNING;
  const { variants }: { variants: readonly Variant[] } = await import("../generated/variants.ts");
  const tables: LoadedTable[] = [];
  if (wanted === "shipped" || wanted === "all") {
    const own = wanted === "all" ? await userTable(device) : undefined;
    for (const table of [own, await readTable(shippedTable(device), device, "shipped")]) if (table !== undefined) tables.push(table);
  } else {
    if (!existsSync(wanted.file)) throw new TopkitError("TK114", `TOPKIT_TUNING is ${JSON.stringify(wanted.file)}, which is not there; correct or unset it`);
    const named = await readTable(wanted.file, device, "user");
    if (named !== undefined) tables.push(named);
  }
  return tuningOf(tables, variants);
}

/** `variants`: what generated/ has. */
export const tuningOf = (tables: readonly LoadedTable[], variants: readonly Variant[]): Tuning => ({
  tables,
  rendered: new Map(variants.map(({ symbol, sourceHash }) => [symbol, sourceHash])),
  basis: (kernel) => basisOf(variants, kernel),
});

/** Of a folder that others may write nothing is taken: kernels are code. */
async function userTable(device: string): Promise<LoadedTable | undefined> {
  const folder = userTuningFolder();
  if (folder === undefined || !existsSync(path.join(folder, tableName(device)))) return undefined;
  const problem = (await folderProblem(path.dirname(folder))) ?? (await folderProblem(folder));
  if (problem === undefined) return readTable(path.join(folder, tableName(device)), device, "user");
  warn(`your tuning table is not used: ${problem}`);
  return undefined;
}

async function readTable(file: string, device: string, origin: LoadedTable["origin"]): Promise<LoadedTable | undefined> {
  if (!existsSync(file)) return undefined;
  const parsed = await readFile(file, "utf8").then(
    (text) => parseTable(text, device),
    (error: Error) => ({ ok: false, reason: error.message }) as const,
  );
  if (parsed.ok) {
    const { choices, entries } = parsed.table;
    return { file, origin, choices, entries, sourceFile: (hash) => sourceFileBeside(file, hash) };
  }
  warn(`the tuning table ${file} is not used: ${parsed.reason}; tune again, or remove it`);
  return undefined;
}

const warned = new Set<string>();
function warn(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  process.emitWarning(message, "TopkitWarning");
}

/** Changes where any text of the kernel that generated/ has does: a text of another time has other parameters, perhaps. */
export function basisOf(variants: readonly Variant[], kernel: string): string {
  const own = variants.filter((variant) => variant.kernel === kernel).map(({ symbol, sourceHash }) => `${symbol} ${sourceHash}`);
  return createHash("sha256").update(own.sort().join("\n")).digest("hex");
}
