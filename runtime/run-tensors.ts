/** What a run is given, against what its plan takes. */
import type { Request } from "../dsl/index.ts";
import type { DeviceHandle } from "./device.ts";
import { TopkitError } from "./errors.ts";
import { checkHandle } from "./handle.ts";
import { StreamHandle } from "./stream.ts";
import { TensorHandle } from "./tensor.ts";
import type { DeviceTensor, Stream, TensorDtype } from "./types.ts";

export function streamOf(device: DeviceHandle, given: Stream | undefined): StreamHandle {
  if (given === undefined) return device.defaultStream;
  checkHandle(given, StreamHandle, device, "stream");
  return given;
}

/** Errors: TK401, TK402, TK403, TK110. */
export function checkInput(device: DeviceHandle, x: unknown, { rows, cols, rowStride, dtype }: Request): TensorHandle {
  return checkMatrix(device, "x", x, [rows, cols], dtype, rowStride);
}

/** Errors: TK401, TK402, TK403, TK110. */
export function checkMatrix(
  device: DeviceHandle,
  role: string,
  given: unknown,
  [rows, cols]: readonly [number, number],
  dtype: TensorDtype,
  rowStride = cols,
): TensorHandle {
  checkHandle(given, TensorHandle, device, role);
  const { shape } = given;
  // the stride of a single row says nothing
  if (shape[0] === rows && shape[1] === cols && given.dtype === dtype && (given.rowStride === rowStride || rows <= 1)) return given;
  const wanted = described({ shape: [rows, cols], rowStride, dtype });
  throw new TopkitError("TK110", `${role} is ${described(given)}; the plan takes ${wanted}`, {
    role,
    shape,
    dtype: given.dtype,
    rowStride: given.rowStride,
  });
}

/** One entry a row, in one row or one column. Errors: TK401, TK402, TK403, TK110. */
export function checkPerRow(device: DeviceHandle, role: string, given: unknown, rows: number, dtype: TensorDtype): TensorHandle {
  checkHandle(given, TensorHandle, device, role);
  if (isPerRow(given, rows, dtype)) return given;
  throw new TopkitError("TK110", `${role} is ${described(given)}; the plan takes ${rows} x 1 ${dtype}, packed`, { role, rows });
}

/** Errors: TK401, TK402, TK403, TK108. */
export function checkLengths(device: DeviceHandle, given: unknown, planned: boolean, rows: number): TensorHandle | undefined {
  if (!planned) {
    if (given === undefined) return undefined;
    throw new TopkitError("TK108", "lengths are given, but the plan has none; make the plan with lengths: true");
  }
  if (given === undefined) throw new TopkitError("TK108", "the plan takes lengths, none are given; give an i32 tensor with one entry a row, or plan without");
  checkHandle(given, TensorHandle, device, "lengths");
  if (!isPerRow(given, rows, "i32")) throw new TopkitError("TK108", `lengths is ${described(given)}; give an i32 tensor of ${rows} x 1, packed`, { rows });
  return given;
}

/** Errors: TK110 where an output shares memory with anything else. */
export function checkApart(reads: readonly TensorHandle[], writes: readonly TensorHandle[], remedy: string): void {
  for (let at = 0; at < writes.length; at += 1) {
    const output = writes[at]!;
    for (const other of reads) if (overlaps(output, other)) throw shares(remedy);
    for (let before = 0; before < at; before += 1) if (overlaps(output, writes[before]!)) throw shares(remedy);
  }
}

const shares = (remedy: string): TopkitError => new TopkitError("TK110", `an output shares memory with another tensor of the run; ${remedy}`);

const overlaps = (a: TensorHandle, b: TensorHandle): boolean => a.start < b.end && b.start < a.end;

function isPerRow(tensor: TensorHandle, rows: number, dtype: TensorDtype): boolean {
  const packed = tensor.rowStride === tensor.shape[1] || tensor.shape[0] <= 1;
  return tensor.dtype === dtype && tensor.elements === rows && packed;
}

const described = ({ shape, rowStride, dtype }: Pick<DeviceTensor, "shape" | "rowStride" | "dtype">): string =>
  `${shape[0]} x ${shape[1]} ${dtype}${rowStride === shape[1] ? "" : ` with rowStride ${rowStride}`}`;
