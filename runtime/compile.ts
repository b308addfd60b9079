/** A kernel's text to an image for a device: from the cache, else from NVRTC; one compilation where several ask for the same. */
import type { NvrtcInfo } from "../native/types.ts";
import { type CacheKey, keyHash, readEntry, writeEntry } from "./cubin-cache.ts";
import { TopkitError } from "./errors.ts";
import type { KernelSource } from "./kernel-source.ts";
import { awaiting, calling, native } from "./native-access.ts";
import { Once } from "./once.ts";

type Nvrtc = Extract<NvrtcInfo, { ok: true }>;

/** Errors: TK204. */
export function requireNvrtc(): Nvrtc {
  const info = calling(() => native().nvrtcInfo());
  if (info.ok) return info;
  throw new TopkitError("TK204", `NVRTC, which compiles the kernels, cannot be used: ${info.reason}`, {
    trail: info.trail,
  });
}

/**
 * What to ask NVRTC for: a cubin for the device itself, or, where NVRTC is older than the device, PTX of the newest architecture below it,
 * which the driver compiles. Errors: TK206 where NVRTC knows none.
 */
export function targetArch(arch: number, { arches, version, path }: Pick<Nvrtc, "arches" | "version" | "path">): string {
  if (arches.includes(arch)) return `sm_${arch}`;
  const newest = Math.max(...arches.filter((each) => each < arch));
  if (newest > 0) return `compute_${newest}`;
  throw new TopkitError(
    "TK206",
    `NVRTC ${version.join(".")} (${path}) compiles for ${arches.join(", ")}, the device is ${arch}; set TOPKIT_NVRTC to one that knows it`,
    { arch, arches },
  );
}

/** The PTX ISA version that an NVRTC gives. Source: the release table of the PTX ISA manual; from 12.9 and 13.0 on it is regular. */
export function ptxOf([major, minor]: readonly [major: number, minor: number]): string {
  if (major < 12) return `7.${minor}`;
  if (major === 12) return `8.${minor <= 5 ? minor : minor - 1}`;
  return `${major - 4}.${minor}`;
}

/** The addon gives the language and the arithmetic (C++17, no contraction); kernels need nothing more. */
const OPTIONS: readonly string[] = [];

const underWay = new Once<Uint8Array>();

/** Errors: TK301 with the compiler's log in its details. */
export function compileKernel({ symbol, text }: KernelSource, arch: string, nvrtc: Pick<Nvrtc, "version">): Promise<Uint8Array> {
  const key: CacheKey = { source: text, symbol, options: OPTIONS, arch, nvrtc: nvrtc.version, addon: native().version };
  return underWay.run(keyHash(key), () => compileAnew(key));
}

async function compileAnew(key: CacheKey): Promise<Uint8Array> {
  const cached = await readEntry(key);
  if (cached !== undefined) return cached;
  const { image } = await awaiting(() => native().compile(key.source, key.symbol, key.arch, key.options));
  await writeEntry(key, image);
  return image;
}
