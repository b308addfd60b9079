/** Checks of arguments, each with one clear error: what was given, what is allowed, what to do. */
import type { Dtype, Order, Request } from "../dsl/index.ts";
import type { ErrorCode } from "./error-codes.ts";
import { shown, TopkitError } from "./errors.ts";
import { bufferOf, plainView, typeOf } from "./typed-array.ts";
import type { HostArray, IndexArray, TensorDtype } from "./types.ts";

export const MAX_ROWS = 2 ** 31 - 1;
export const MAX_COLS = 2 ** 31 - 1;
export const DTYPES = ["f32", "f16", "bf16"] as const satisfies readonly Dtype[];
export const TENSOR_DTYPES = [...DTYPES, "i32", "i64"] as const satisfies readonly TensorDtype[];
const ORDERS = ["largest", "smallest"] as const satisfies readonly Order[];
const INDEX_DTYPES = ["i32", "i64"] as const;

/** Errors: TK101 where `given` is no plain object of options, or has a name that is not among `names`. */
export function checkOptions(given: unknown, names: readonly string[], what: string): asserts given is Readonly<Record<string, unknown>> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TopkitError("TK101", `the options of ${what} are ${shown(given)}; give an object with ${names.join(", ")}`);
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new TopkitError("TK101", `${what} has no option ${shown(unknown)}; it has ${names.join(", ")}`, { option: unknown, allowed: names });
  }
}

export function checkInteger(code: ErrorCode, name: string, value: unknown, low: number, high: number, hint: string): asserts value is number {
  if (typeof value === "number" && Number.isInteger(value) && value >= low && value <= high) return;
  throw new TopkitError(code, `${name} is ${shown(value)}; it is an integer from ${low} to ${high}: ${hint}`, { [name]: value, low, high });
}

export function checkOneOf<T extends string>(code: ErrorCode, name: string, value: unknown, allowed: readonly T[]): asserts value is T {
  if ((allowed as readonly unknown[]).includes(value)) return;
  throw new TopkitError(code, `${name} is ${shown(value)}; give one of ${allowed.map((each) => `"${each}"`).join(", ")}`, { [name]: value, allowed });
}

export interface RequestFields {
  readonly rows?: unknown;
  readonly cols?: unknown;
  readonly k?: unknown;
  readonly dtype?: unknown;
  readonly order?: unknown;
  readonly rowStride?: unknown;
  readonly indices?: unknown;
}

/** Errors: TK101, TK103, TK104, TK105, TK106. */
export function checkRequest(given: RequestFields): Request {
  const { rows, cols, k, dtype, order = "largest", indices = "i32", rowStride = cols } = given;
  checkOneOf("TK103", "dtype", dtype, DTYPES);
  checkInteger("TK104", "rows", rows, 0, MAX_ROWS, "the number of rows");
  checkInteger("TK104", "cols", cols, 1, MAX_COLS, "the elements of a row");
  checkInteger("TK105", "k", k, 1, cols, "at most as many as a row has elements (cols)");
  checkInteger("TK106", "rowStride", rowStride, cols, Number.MAX_SAFE_INTEGER, "elements from one row's start to the next one's, at least cols");
  if (!Number.isSafeInteger(rows * rowStride * 8)) {
    throw new TopkitError("TK106", `rows ${rows} x rowStride ${rowStride} is beyond what can be addressed; make the stride smaller`, { rows, rowStride });
  }
  checkOneOf("TK101", "order", order, ORDERS);
  checkOneOf("TK101", "indices", indices, INDEX_DTYPES);
  return { rows, cols, k, rowStride, dtype, order, indexBytes: indices === "i64" ? 8 : 4 };
}

const isDetached = (buffer: ArrayBufferLike): boolean => {
  if (buffer.byteLength > 0 || buffer instanceof SharedArrayBuffer) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
};

/** Present from Node 24 on; its elements' bits are those of a Uint16Array. */
export const isFloat16 = (value: unknown): boolean => typeOf(value) === "Float16Array";

/**
 * A plain view of a typed array of the type, or, as a Uint16Array, of the bits of a Float16Array; undefined where it is something else.
 * Errors: TK109 where it is detached.
 */
export function viewOf<T>(name: string, given: unknown, type: new (memory: ArrayBufferLike, offset: number, elements: number) => T): T | undefined {
  const bits = isFloat16(given) && (type as unknown) === Uint16Array;
  if (!bits && typeOf(given) !== type.name) return undefined;
  if (isDetached(bufferOf(given))) {
    throw new TopkitError("TK109", `the buffer of ${name} was detached (transferred to a worker, say); give an array that still has its memory`, { name });
  }
  return plainView(given, type);
}

const ARRAYS = { f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i32: Int32Array, i64: BigInt64Array } as const;

export const newArray = (dtype: TensorDtype, length: number): HostArray | IndexArray => new ARRAYS[dtype](length);

/** The array whose elements are the dtype's bits. Errors: TK103 for another type, TK107 for another length, TK109 where it is detached. */
export function checkArray(name: string, given: unknown, dtype: TensorDtype, length: number): HostArray | IndexArray {
  if (isFloat16(given) && dtype !== "f16") throw new TopkitError("TK103", `${name} is a Float16Array, the dtype is "${dtype}"; a Float16Array is f16`);
  const type = ARRAYS[dtype];
  const array = viewOf<HostArray | IndexArray>(name, given, type);
  if (array === undefined) {
    throw new TopkitError("TK103", `${name} is ${shown(given)}; for dtype "${dtype}" give a ${type.name}`, { name, dtype });
  }
  if (array.length !== length)
    throw new TopkitError("TK107", `${name} has ${array.length} elements; its shape needs ${length}`, { name, length: array.length, needed: length });
  return array;
}

/** The array itself, or a copy where its memory is shared between threads: native code takes ArrayBuffers only. */
export function unshared<T extends HostArray | IndexArray>(array: T): T {
  if (!(array.buffer instanceof SharedArrayBuffer)) return array;
  const bytes = new Uint8Array(array.byteLength);
  bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return new (array.constructor as new (buffer: ArrayBuffer) => T)(bytes.buffer);
}
