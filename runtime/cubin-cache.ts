/**
 * Compiled kernels on disk. An entry is a file named by the hash of everything that went into it, so it never goes stale; it is written to
 * a temporary name and renamed, so that two processes, or a kill in the middle, leave whole entries only. What is malformed is a miss.
 * Without a usable folder everything works, slower: one warning a process says so.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

/** Raised when the entries' format or the meaning of their key changes. */
const CACHE_VERSION = 1;
const MAGIC = Buffer.from("TOPKCUB1", "latin1");
const DIGEST_BYTES = 32;
/** Magic, payload length (u64, little-endian), SHA-256 of the payload. */
const HEADER_BYTES = MAGIC.length + 8 + DIGEST_BYTES;
const STALE_TEMPORARY_MS = 60 * 60 * 1000;

export interface CacheKey {
  readonly source: string;
  readonly symbol: string;
  readonly options: readonly string[];
  /** As given to NVRTC: sm_90, compute_90. */
  readonly arch: string;
  readonly nvrtc: readonly [major: number, minor: number];
  /** Version of the addon, which adds options of its own. */
  readonly addon: string;
}

export const keyHash = (key: CacheKey): string =>
  createHash("sha256")
    .update(JSON.stringify([CACHE_VERSION, key.source, key.symbol, key.options, key.arch, key.nvrtc, key.addon]))
    .digest("hex");

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

/** Why a folder cannot hold the cache, or undefined. Code runs on the GPU from it, so nobody else may own or write it. */
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

const entryFile = (folder: string, hash: string): string => path.join(folder, `${hash}.cubin`);

/** The image, or undefined where there is none or it is damaged. */
export async function readEntry(key: CacheKey): Promise<Uint8Array | undefined> {
  const folder = cacheFolder();
  if (folder === undefined || (await folderProblem(folder)) !== undefined) return undefined;
  try {
    return payloadOf(await readFile(entryFile(folder, keyHash(key))));
  } catch {
    return undefined;
  }
}

function payloadOf(entry: Buffer): Uint8Array | undefined {
  if (entry.length <= HEADER_BYTES || !entry.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const payload = entry.subarray(HEADER_BYTES);
  if (entry.readBigUInt64LE(MAGIC.length) !== BigInt(payload.length)) return undefined;
  return digest(payload).equals(entry.subarray(MAGIC.length + 8, HEADER_BYTES)) ? payload : undefined;
}

const digest = (payload: Uint8Array): Buffer => createHash("sha256").update(payload).digest();

/** Stores an image, replacing whatever stands there. Never fails: what cannot be stored is compiled again next time. */
export async function writeEntry(key: CacheKey, image: Uint8Array): Promise<void> {
  const folder = cacheFolder();
  if (folder === undefined) return warnOnce("there is no home folder for it; set TOPKIT_CACHE");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    return warnOnce((error as Error).message);
  }
  const problem = await folderProblem(folder);
  if (problem !== undefined) return warnOnce(problem);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(image.length));
  const temporary = path.join(folder, `${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(Buffer.concat([MAGIC, length, digest(image), image]));
    } finally {
      await file.close();
    }
    await rename(temporary, entryFile(folder, keyHash(key)));
    await sweepOnce(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    warnOnce((error as Error).message);
  }
}

let warned = false;
function warnOnce(reason: string): void {
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
    if (left && Date.now() - left.mtimeMs > STALE_TEMPORARY_MS) await rm(file, { force: true });
  }
}
