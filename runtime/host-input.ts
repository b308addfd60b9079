/** What topk() was given, as one checked job. */
import type { Dtype, Request } from "../dsl/index.ts";
import { spanOf } from "../dsl/index.ts";
import { checkOneOf, checkOptions, checkRequest, DTYPES, isFloat16, unshared, viewOf } from "./check.ts";
import { messageOf, shown, TopkitError } from "./errors.ts";
import type { HostArray } from "./types.ts";

export const BACKENDS = ["auto", "cuda", "cpu", "emulate"] as const;
const OPTIONS = ["k", "dtype", "rows", "cols", "rowStride", "order", "lengths", "indices", "backend"] as const;
export type Options = { readonly [N in (typeof OPTIONS)[number]]?: unknown };

export interface HostInput {
  readonly request: Request;
  readonly data: HostArray;
  readonly lengths: Int32Array | null;
  /** The result's dims. */
  readonly dims: readonly number[];
  readonly backend: (typeof BACKENDS)[number] | undefined;
}

/** Errors: TK101 to TK109. */
export function checkHostInput(x: unknown, given: unknown): HostInput {
  checkOptions(given, OPTIONS, "topk()");
  return readHostInput(x, given);
}

/** Of options whose names are known to be right. Errors: TK101 to TK109. */
export function readHostInput(x: unknown, options: Options): HostInput {
  const { backend } = options;
  if (backend !== undefined) checkOneOf("TK101", "backend", backend, BACKENDS);
  const source = readSource(x);
  const dtype = dtypeOf(source, options.dtype);
  const shape = source.dims === undefined ? bareShape(source.data, options) : tensorShape(source.dims, options);
  const request = checkRequest({ ...options, ...shape, dtype });
  checkLength(source, request, options.rowStride !== undefined);
  return {
    request,
    data: unshared(source.data.subarray(0, spanOf(request))),
    lengths: checkLengths(options.lengths, request.rows),
    dims: source.dims === undefined ? [request.rows, request.k] : [...source.dims.slice(0, -1), request.k],
    backend,
  };
}

interface Source {
  readonly data: HostArray;
  readonly float16: boolean;
  /** Absent for a bare array. */
  readonly dims?: readonly number[];
  readonly type?: unknown;
}

const WANTED = "give a Float32Array, a Uint16Array with its dtype, or a tensor {data, dims}";

function readSource(x: unknown): Source {
  if (typeof x !== "object" || x === null) throw new TopkitError("TK102", `x is ${shown(x)}; ${WANTED}`);
  if (ArrayBuffer.isView(x)) return { data: checkData("x", x), float16: isFloat16(x) };
  const tensor = x as { data?: unknown; dims?: unknown; type?: unknown };
  let data: unknown;
  try {
    data = tensor.data;
  } catch (cause) {
    throw new TopkitError("TK102", `x.data cannot be read (${messageOf(cause)}); bring the tensor to the CPU first`, {}, { cause });
  }
  if (data === undefined || tensor.dims === undefined) throw new TopkitError("TK102", `x is ${shown(x)} without data and dims; ${WANTED}`);
  return { data: checkData("x.data", data), float16: isFloat16(data), dims: checkDims(tensor.dims), type: tensor.type };
}

function checkData(name: string, given: unknown): HostArray {
  const data = viewOf(name, given, Float32Array) ?? viewOf(name, given, Uint16Array);
  if (data === undefined) throw new TopkitError("TK102", `${name} is ${shown(given)}; ${WANTED}`);
  return data;
}

/** As many as NumPy knows. */
const MAX_DIMS = 64;

function checkDims(dims: unknown): readonly number[] {
  const length = Array.isArray(dims) ? dims.length : 0;
  const list = Array.from({ length: Math.min(length, MAX_DIMS) }, (_, place): unknown => (dims as unknown[])[place]);
  const isDim = (dim: unknown): dim is number => typeof dim === "number" && Number.isSafeInteger(dim) && dim >= 0;
  if (length > 0 && length <= MAX_DIMS && list.every(isDim)) return list;
  const given = Array.isArray(dims) ? `[${list.slice(0, 8).map(shown).join(", ")}${length > 8 ? `, ...], ${length} of them` : "]"}` : shown(dims);
  throw new TopkitError("TK104", `x.dims is ${given}; give 1 to ${MAX_DIMS} non-negative integers, the last is cols`);
}

const TENSOR_TYPES: Readonly<Record<string, Dtype>> = { float32: "f32", float16: "f16" };

function dtypeOf({ data, float16, type }: Source, asked: unknown): Dtype {
  if (asked !== undefined) checkOneOf("TK103", "dtype", asked, DTYPES);
  if (type !== undefined) checkOneOf("TK103", "x.type", type, Object.keys(TENSOR_TYPES));
  const named = float16 ? "f16" : type === undefined ? undefined : TENSOR_TYPES[type as string];
  const dtype = asked ?? named ?? (data instanceof Float32Array ? "f32" : undefined);
  if (dtype === undefined) {
    throw new TopkitError("TK103", 'x is a Uint16Array, which may hold f16 or bf16; give dtype: "f16" or dtype: "bf16"');
  }
  const clash =
    named !== undefined && named !== dtype
      ? `x is ${named}`
      : (dtype === "f32") !== data instanceof Float32Array
        ? `x's data is a ${data.constructor.name}`
        : "";
  if (clash !== "")
    throw new TopkitError("TK103", `${clash}, the dtype is "${dtype}"; a Float32Array is f32, a Uint16Array is f16 or bf16: name the one it holds`);
  return dtype;
}

function bareShape(data: HostArray, { rows = 1, cols, rowStride }: Options): { rows: unknown; cols: unknown } {
  if (cols !== undefined || typeof rows !== "number" || !Number.isInteger(rows) || rows < 0) return { rows, cols: cols ?? data.length };
  if (rows === 0 || (rowStride !== undefined && rows > 1)) {
    throw new TopkitError("TK104", `cols is not given; with ${rows === 0 ? "rows 0" : "a rowStride"} it does not follow from the data's length: give cols`);
  }
  if (data.length % rows !== 0) {
    throw new TopkitError("TK104", `${data.length} elements do not divide into ${rows} rows; give cols, or another number of rows`, {
      length: data.length,
      rows,
    });
  }
  return { rows, cols: data.length / rows };
}

function tensorShape(dims: readonly number[], options: Options): { rows: number; cols: number } {
  for (const name of ["rows", "cols"] as const) {
    if (options[name] !== undefined) throw new TopkitError("TK104", `${name} is given, but x has dims [${dims.join(", ")}], which say it; leave ${name} out`);
  }
  return { rows: dims.slice(0, -1).reduce((product, dim) => product * dim, 1), cols: dims[dims.length - 1] ?? 0 };
}

/** A bare array, or one with a stride, may be longer than its rows; a tensor's dims say its length. */
function checkLength({ data, dims }: Source, request: Request, strided: boolean): void {
  const span = spanOf(request);
  const exact = dims !== undefined && !strided;
  if (exact ? data.length === span : data.length >= span) return;
  const shape = `${request.rows} rows of ${request.cols}${request.rowStride === request.cols ? "" : `, ${request.rowStride} apart,`}`;
  throw new TopkitError("TK107", `x has ${data.length} elements; ${shape} need ${span}${exact ? "" : " or more"}`, { length: data.length, needed: span });
}

function checkLengths(lengths: unknown, rows: number): Int32Array | null {
  if (lengths === undefined) return null;
  const ends = viewOf("lengths", lengths, Int32Array);
  if (ends === undefined) throw new TopkitError("TK108", `lengths is ${shown(lengths)}; give an Int32Array of ${rows} entries, one a row`);
  if (ends.length !== rows) throw new TopkitError("TK108", `lengths has ${ends.length} entries, there are ${rows} rows; give one a row`);
  return unshared(ends);
}
