/** Running jobs on the addon's CPU top-k and comparing them with the oracle, bit for bit. */
import { expect } from "vitest";
import { addon } from "../../native/index.ts";
import type { CpuTopkJob } from "../../native/types.ts";
import { type OracleDtype, oracleTopk, rawBits } from "../support/oracle.ts";

export type Elements = Float32Array | Uint16Array;

export interface Request {
  readonly data: Elements;
  readonly dtype: OracleDtype;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly order?: "largest" | "smallest";
  readonly rowStride?: number;
  readonly lengths?: Int32Array;
  readonly indexBytes?: 4 | 8;
  /** The thread counts to compute with, one after another; default all cores. */
  readonly threads?: readonly number[];
}

/** Elements from their bits: an f32 is never made from a number, which could lose a NaN's payload. */
export function elements(dtype: OracleDtype, bits: ArrayLike<number>): Elements {
  if (dtype !== "f32") return Uint16Array.from(bits);
  return new Float32Array(Uint32Array.from(bits).buffer);
}

/** A job with outputs of its own, for the first of the thread counts. */
export function jobOf({ data, dtype, rows, cols, k, order = "largest", rowStride = cols, lengths, indexBytes = 4, threads = [0] }: Request): CpuTopkJob {
  return {
    input: data,
    values: dtype === "f32" ? new Float32Array(rows * k) : new Uint16Array(rows * k),
    indices: indexBytes === 8 ? new BigInt64Array(rows * k) : new Int32Array(rows * k),
    lengths: lengths ?? null,
    rows,
    cols,
    k,
    rowStride,
    dtype,
    order,
    indexBytes,
    threads: threads[0]!,
  };
}

/** Computes, and expects the oracle's bits and an unchanged input. */
export async function expectExact(request: Request): Promise<void> {
  const { data, dtype, rows, cols, k, order = "largest", rowStride = cols, lengths, threads = [0] } = request;
  const before = rawBits(data).slice();
  const expected = oracleTopk({ data, dtype, rows, cols, k, order, rowStride, ...(lengths && { lengths }) });
  for (const count of threads) {
    const job = jobOf({ ...request, threads: [count] });
    await addon().cpuTopk(job);
    const indices = job.indices instanceof BigInt64Array ? Int32Array.from(job.indices, Number) : (job.indices as Int32Array);
    expectSame(indices, expected.indices, "indices");
    expectSame(rawBits(job.values as Elements), rawBits(expected.values), "values");
    expectSame(rawBits(data), before, "input");
  }
}

type Integers = Int32Array | Uint32Array | Uint16Array;

/** Names the first place that differs, where a diff of 65,536 numbers would say nothing. */
export function expectSame(given: Integers, expected: Integers, name: string): void {
  expect(given.length).toBe(expected.length);
  const place = given.findIndex((value, at) => value !== expected[at]);
  expect(place === -1 ? "same" : `${name}[${place}] is ${given[place]}, the oracle has ${expected[place]}`).toBe("same");
}
