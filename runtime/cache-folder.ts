/**
 * The folder of compiled kernels. A file in it is named by the hash of everything that went into it, so it never goes stale; it is written to a
 * temporary name and renamed, so that two processes, or a kill in the middle, leave whole files only; and it ends in a seal, without which
 * it is a miss. Without a usable folder everything works, slower: one warning a process says so.
 */
import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { makeFolder } from "./make-folder.ts";

const MAGIC = Buffer.from("TOPKSEA1", "latin1");
const DIGEST_BYTES = 32;
/** SHA-256 of the content, its length (u64, little-endian), magic. Behind the content, where a loader of shared objects does not look. */
const SEAL_BYTES = DIGEST_BYTES + 8 + MAGIC.length;
const STALE_TEMPORARY_MS = 60 * 60 * 1000;

/** TOPKIT_CACHE, or topkit in XDG_CACHE_HOME or ~/.cache; undefined where there is no home either. */
export function cacheFolder(): string | undefined {
  const { TOPKIT_CACHE, XDG_CACHE_HOME } = process.env;
  if (TOPKIT_CACHE) return path.resolve(TOPKIT_CACHE);
  // the XDG specification: a relative path is to be ignored
  if (XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME)) return path.join(XDG_CACHE_HOME, "topkit");
  try {
    return path.join(homedir(), ".cache", "topkit");
  } catch {
    return undefined;
  }
}

/** Why a folder cannot hold the cache, or undefined. Code runs from it, so nobody else may own or write it. */
export async function folderProblem(folder: string): Promise<string | undefined> {
  try {
    const { uid, mode } = await stat(folder);
    const self = process.getuid?.();
    if (self !== undefined && uid !== self) return `${folder} belongs to user ${uid}, not to this one (${self})`;
    if (self !== undefined && (mode & 0o022) !== 0) return `${folder} can be written by other users; chmod 700 it`;
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The folder, made where it is not there yet; undefined, with a warning, where it cannot be used. */
export async function usableFolder(): Promise<string | undefined> {
  const folder = cacheFolder();
  if (folder === undefined) return warnOnce("there is no home folder for it; set TOPKIT_CACHE");
  try {
    await makeFolder(folder, 0o700);
  } catch (error) {
    return warnOnce((error as Error).message);
  }
  const problem = await folderProblem(folder);
  return problem === undefined ? folder : warnOnce(problem);
}

/** A name for a file or folder that is being made; what is left of it by a kill is swept later. */
export const temporaryIn = (folder: string): string => path.join(folder, `${randomUUID()}.tmp`);

export interface Sealed {
  readonly file: string;
  readonly content: Uint8Array;
}

/** The file of that name and its content, or undefined where there is none or it is damaged. */
export async function readSealed(name: string): Promise<Sealed | undefined> {
  const folder = cacheFolder();
  if (folder === undefined || (await folderProblem(folder)) !== undefined) return undefined;
  const file = path.join(folder, name);
  try {
    // without O_NONBLOCK a named pipe that stands there is waited for
    const content = unsealed(await readFile(file, { flag: constants.O_RDONLY | constants.O_NONBLOCK }));
    return content === undefined ? undefined : { file, content };
  } catch {
    return undefined;
  }
}

function unsealed(bytes: Buffer): Uint8Array | undefined {
  const end = bytes.length - SEAL_BYTES;
  if (end <= 0 || !bytes.subarray(end).equals(sealOf(bytes.subarray(0, end)))) return undefined;
  return bytes.subarray(0, end);
}

function sealOf(content: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(content.length));
  return Buffer.concat([createHash("sha256").update(content).digest(), length, MAGIC]);
}

/** Stores content under a name, replacing whatever stands there. Gives the file, or undefined where nothing could be stored. Never fails. */
export async function writeSealed(name: string, content: Uint8Array): Promise<string | undefined> {
  const folder = await usableFolder();
  if (folder === undefined) return undefined;
  const file = path.join(folder, name);
  const temporary = temporaryIn(folder);
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(Buffer.concat([content, sealOf(content)]));
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await sweepOnce(folder);
    return file;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    return warnOnce((error as Error).message);
  }
}

let warned = false;
function warnOnce(reason: string): undefined {
  if (warned) return;
  warned = true;
  process.emitWarning(`compiled kernels are not cached, each process compiles them again: ${reason}`, "TopkitWarning");
}

let swept = false;
/** Removes what processes that were killed while writing left behind. */
async function sweepOnce(folder: string): Promise<void> {
  if (swept) return;
  swept = true;
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    const left = name.endsWith(".tmp") && (await stat(file).catch(() => undefined));
    if (left && Date.now() - left.mtimeMs > STALE_TEMPORARY_MS) await rm(file, { recursive: true, force: true });
  }
}
