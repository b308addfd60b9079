/** Reading parts of files and writing whole ones. */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { TopkitError } from "../runtime/errors.ts";

/** One read asks for at most this: the system refuses 2 GiB and more. */
const READ_BYTES = 2 ** 30;

export interface Source {
  readonly path: string;
  readonly bytes: number;
  /** Exactly `length` bytes from `position`. Errors: TK501; the caller has checked that the file is long enough. */
  read(position: number, length: number): Promise<ArrayBuffer>;
}

/** Opens a regular file for the time of `use`. Errors: TK501. */
export async function withSource<T>(path: string, use: (source: Source) => Promise<T>): Promise<T> {
  let file: FileHandle;
  try {
    // without O_NONBLOCK a named pipe is waited for
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new TopkitError("TK501", `${path} is not a regular file; give a .npy or .safetensors file`, { path });
    return await use({ path, bytes: stat.size, read: (position, length) => readExactly(file, path, position, length) });
  } finally {
    await file.close();
  }
}

async function readExactly(file: FileHandle, path: string, position: number, length: number): Promise<ArrayBuffer> {
  let buffer: ArrayBuffer;
  try {
    buffer = new ArrayBuffer(length);
  } catch (cause) {
    throw new TopkitError("TK501", `${path}: ${length} bytes do not fit memory; split the file`, { path, length }, { cause });
  }
  for (let done = 0; done < length; ) {
    const wanted = Math.min(READ_BYTES, length - done);
    const { bytesRead } = await file.read(new Uint8Array(buffer, done, wanted), 0, wanted, position + done).catch((cause) => {
      throw unreadable(path, cause);
    });
    if (bytesRead === 0) throw new TopkitError("TK501", `${path} became shorter while it was read; run again when nothing writes it`, { path });
    done += bytesRead;
  }
  return buffer;
}

const unreadable = (path: string, cause: unknown): TopkitError =>
  new TopkitError("TK501", `${path} cannot be read: ${(cause as Error).message}; check the path and its permissions`, { path }, { cause });

/** Writes to a temporary name beside it, then renames: the file is whole or not there. Errors: TK506. */
export async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, "wx");
    try {
      for (const part of parts) await file.writeFile(part);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new TopkitError(
      "TK506",
      `${path} cannot be written: ${(cause as Error).message}; check the folder, its permissions and the disk's free space`,
      { path },
      { cause },
    );
  }
}
