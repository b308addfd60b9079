/** Cases as small data, which can be printed, drawn and shrunk; and what they stand for. */
import { rawBits } from "../../bench/reference.ts";
import { DTYPE_BYTES, type Dtype, type Order, type Request, type Scalar } from "../../dsl/index.ts";
import { addon } from "../../native/index.ts";
import { winner } from "../gpu/patterns.ts";
import { expectedOf, type PlanCase, type PlanOutcome } from "./plan-job.ts";
import { type DataName, makeData } from "./property-data.ts";

export interface Case {
  readonly plan: string;
  readonly force: Readonly<Record<string, Scalar>>;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly order: Order;
  readonly indexBytes: 4 | 8;
  /** rowStride - cols; gaps hold elements that would win. */
  readonly gap: number;
  /** Elements that x begins behind a 256-byte boundary. */
  readonly offset: number;
  /** Row r has lengths[r % lengths.length]; what lies beyond a length would win. Empty: no lengths. */
  readonly lengths: readonly number[];
  readonly data: DataName;
  readonly dataSeed: number;
  /** Of the scheduler. */
  readonly seed: number;
}

export const requestOf = ({ rows, cols, k, dtype, order, indexBytes, gap }: Omit<Case, "plan" | "force">): Request => ({
  rows,
  cols,
  k,
  rowStride: cols + gap,
  dtype,
  order,
  indexBytes,
});

export function planCase(given: Case): PlanCase {
  const { plan, force, rows, cols, dtype, order, gap, offset, seed } = given;
  const packed = makeData({ ...given, seed: given.dataSeed });
  const stride = cols + gap;
  const data = dtype === "f32" ? new Float32Array(rows * stride) : new Uint16Array(rows * stride);
  const [bits, from] = [rawBits(data).fill(winner(dtype, order)), rawBits(packed)];
  const lengths = Int32Array.from({ length: given.lengths.length && rows }, (_, row) => given.lengths[row % given.lengths.length]!);
  for (let row = 0; row < rows; row++) {
    const end = Math.min(Math.max(lengths[row] ?? cols, 0), cols);
    bits.set(from.subarray(row * cols, row * cols + end), row * stride);
  }
  return { plan, force, request: requestOf(given), data, seed, skew: offset * DTYPE_BYTES[dtype], ...(lengths.length > 0 && { lengths }) };
}

type Answer = Pick<PlanOutcome, "values" | "indices">;

/** How an outcome differs from the oracle's answer, in words; undefined where no bit does. */
export function differenceOf(given: PlanCase, outcome: PlanOutcome, expected: Answer = expectedOf(given)): string | undefined {
  if (outcome.status !== 0) return outcome.text || `ended with status ${outcome.status}`;
  if (outcome.stateLeft.length > 0) return `state is not zero after the run: ${outcome.stateLeft.join(", ")}`;
  return firstDifference("indices", outcome, expected) ?? firstDifference("values", outcome, expected);
}

function firstDifference(name: keyof Answer, given: Answer, expected: Answer): string | undefined {
  const [got, wanted]: ArrayLike<number | bigint>[] = [given[name], expected[name]];
  if (got!.length !== wanted!.length) return `${got!.length} ${name}, the oracle has ${wanted!.length}`;
  for (let at = 0; at < wanted!.length; at++) {
    if (got![at] !== wanted![at]) return `${name}[${at}] is ${got![at]}, the oracle has ${wanted![at]}`;
  }
  return undefined;
}

/** The CPU backend's answer to the same case, from a base as unaligned as the emulator's. */
export async function cpuOutcome({ request, data, lengths, skew = 0 }: PlanCase): Promise<PlanOutcome> {
  const { rows, k, dtype, indexBytes } = request;
  const moved = new Uint8Array(skew + data.byteLength);
  moved.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), skew);
  const input = dtype === "f32" ? new Float32Array(moved.buffer, skew) : new Uint16Array(moved.buffer, skew);
  const values = dtype === "f32" ? new Uint32Array(rows * k) : new Uint16Array(rows * k);
  const indices = indexBytes === 8 ? new BigInt64Array(rows * k) : new Int32Array(rows * k);
  await addon().cpuTopk({ ...request, input, values, indices, lengths: lengths ?? null, threads: 2 });
  return { status: 0, text: "", values, indices, stateLeft: [] };
}
