/** Images that NVRTC made, in the folder of compiled kernels. */
import { createHash } from "node:crypto";
import { readSealed, writeSealed } from "./cache-folder.ts";

/** Raised when the entries' format or the meaning of their key changes. */
const CACHE_VERSION = 2;

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

const entryName = (key: CacheKey): string => `${keyHash(key)}.cubin`;

/** The image, or undefined where there is none or it is damaged. */
export async function readEntry(key: CacheKey): Promise<Uint8Array | undefined> {
  return (await readSealed(entryName(key)))?.content;
}

/** Stores an image, replacing whatever stands there. Never fails: what cannot be stored is compiled again next time. */
export async function writeEntry(key: CacheKey, image: Uint8Array): Promise<void> {
  await writeSealed(entryName(key), image);
}
