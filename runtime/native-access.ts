/** The one door to the native addon: loads it, lets tests replace it, and turns its errors into TopkitErrors. */
import { addon } from "../native/index.ts";
import type { NativeAddon, NativeError } from "../native/types.ts";
import type { ErrorCode } from "./error-codes.ts";
import { TopkitError } from "./errors.ts";

let replacement: NativeAddon | undefined;

/** Errors: TK201 where the addon cannot be loaded. */
export function native(): NativeAddon {
  if (replacement !== undefined) return replacement;
  try {
    return addon();
  } catch (cause) {
    throw new TopkitError("TK201", cause instanceof Error ? cause.message : String(cause), {}, { cause });
  }
}

/** Puts another implementation in the addon's place, for tests; undefined brings the addon back. */
export function useNative(other: NativeAddon | undefined): void {
  replacement = other;
}

const CODES: Readonly<Record<NativeError["code"], ErrorCode>> = {
  TK_NO_DRIVER: "TK202",
  TK_NO_DEVICE: "TK203",
  TK_DRIVER: "TK302",
  TK_NO_NVRTC: "TK204",
  TK_COMPILE: "TK301",
  TK_HANDLE: "TK404",
  TK_ARGUMENT: "TK115",
  TK_MEMORY: "TK303",
  TK_EMULATOR: "TK208",
  TK_FAULT: "TK306",
};

const isNativeError = (error: unknown): error is NativeError => error instanceof Error && "code" in error && Object.hasOwn(CODES, String(error.code));

/** A native error as a TopkitError; anything else as it is. */
export function fromNative(error: unknown): unknown {
  if (!isNativeError(error)) return error;
  const { call, status, statusName, log } = error;
  const known = Object.entries({ call, status, statusName, log }).filter(([, value]) => value !== undefined);
  const code = statusName === "CUDA_ERROR_OUT_OF_MEMORY" ? "TK303" : CODES[error.code];
  return new TopkitError(code, error.message, Object.fromEntries(known), { cause: error });
}

/** Calls native code; its errors come out as TopkitErrors. */
export function calling<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}

export async function awaiting<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fromNative(error);
  }
}
