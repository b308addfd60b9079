/** A case's host side: its input as it lies in memory, and its answer by the reference. Both are kept for the cases that follow. */
import { type ReferenceResult, rawBits, referenceTopk } from "../../bench/reference.ts";
import { nameOf, type TopkCase, unforced } from "./case.ts";
import { emptyOf, makePattern, winner } from "./patterns.ts";

/** Elements before and behind x, values and indices, which nobody may touch. A multiple of 256 bytes for every element. */
export const GUARD = 128;

export interface Job {
  /** GUARD elements, `offset` more, x (rows rowStride apart), GUARD more: all but x are elements that would win. */
  readonly memory: Float32Array | Uint16Array;
  /** Elements from the memory's start to x. */
  readonly base: number;
  readonly lengths: Int32Array | undefined;
  /** rows x kept columns; the answer for any k <= kept is each row's first k. */
  readonly expected: ReferenceResult;
  readonly kept: number;
}

/** Lengths about every boundary: of the row, of k, of the integers. */
function lengthsFor({ rows, cols, k }: TopkCase): Int32Array {
  const some = [0, 1, k - 1, k, k + 1, cols - 1, cols, -5, cols + 7, 2 ** 31 - 1, -(2 ** 31), Math.floor(cols / 2), Math.min(cols, 4096), 2];
  return Int32Array.from({ length: rows }, (_, row) => some[(row * 5) % some.length]!);
}

function makeJob(c: TopkCase, kept: number): Job {
  const { rows, cols, dtype, order, gap = 0, offset = 0 } = c;
  const rowStride = cols + gap;
  const base = GUARD + offset;
  const span = rows === 0 ? 0 : (rows - 1) * rowStride + cols;
  const memory = emptyOf(dtype, base + span + GUARD);
  const bits = rawBits(memory).fill(winner(dtype, order));
  const packed = rawBits(makePattern({ ...c, seed: 1 }));
  const lengths = c.lengths ? lengthsFor(c) : undefined;
  for (let row = 0; row < rows; row++) {
    const length = Math.min(Math.max(lengths?.[row] ?? cols, 0), cols);
    bits.set(packed.subarray(row * cols, row * cols + length), base + row * rowStride);
  }
  const data = memory.subarray(base, base + span);
  const expected = referenceTopk({ data, rows, cols, k: kept, rowStride, dtype, order, ...(lengths && { lengths }) });
  return { memory, base, lengths, expected, kept };
}

/** What two cases of one job share: all but k and how the answer is computed. Lengths follow k, and so does spike. */
function jobKey(c: TopkCase): string {
  const { indices: _, ...shared } = unforced(c);
  return nameOf({ ...shared, group: "", k: c.lengths || c.pattern === "spike" ? c.k : 0 });
}

/** Bytes of inputs and answers that are kept; the oldest go first. */
const KEPT_BYTES = 512 * 2 ** 20;

export class Jobs {
  readonly #greatestK = new Map<string, number>();
  readonly #jobs = new Map<string, Job>();
  #bytes = 0;

  /** `cases`: all that will be asked for, so that each answer is computed once, for the greatest k. */
  constructor(cases: readonly TopkCase[]) {
    for (const c of cases) this.#greatestK.set(jobKey(c), Math.max(c.k, this.#greatestK.get(jobKey(c)) ?? 0));
  }

  of(c: TopkCase): Job {
    const key = jobKey(c);
    const known = this.#jobs.get(key);
    if (known !== undefined) return known;
    const job = makeJob(c, this.#greatestK.get(key) ?? c.k);
    this.#jobs.set(key, job);
    this.#bytes += bytesOf(job);
    for (const [oldest, old] of this.#jobs) {
      if (this.#bytes <= KEPT_BYTES || oldest === key) break;
      this.#jobs.delete(oldest);
      this.#bytes -= bytesOf(old);
    }
    return job;
  }
}

const bytesOf = ({ memory, expected }: Job): number => memory.byteLength + expected.values.byteLength + expected.indices.byteLength;
