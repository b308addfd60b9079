/** What the kernels of radix_select agree on: how a row is cut, and what lies in the workspace. */
import { oneOf } from "../domain.ts";
import type { Dtype } from "../element.ts";
import type { Shape } from "../kernel.ts";
import { ceilDiv, roundUp } from "../math.ts";
import type { Request } from "../request.ts";

/** The k-th key is found digit by digit, from the top: bits of each digit. */
export const SELECT_DIGITS: Readonly<Record<Dtype, readonly number[]>> = { f32: [11, 11, 10], f16: [11, 5], bf16: [11, 5] };

/** Counters of a row, enough for every digit. */
export const SELECT_BINS = 2048;

/** The selected words are sorted digit by digit, from the bottom, 8 bits each: counters of a row. */
export const SORT_BINS = 256;

export const sortDigits = (dtype: Dtype): number => (dtype === "f32" ? 4 : 2);

/** Of what is known of a row's k-th element (templates/device/radix_found.cuh). */
export const FOUND_WORDS = 4;

/** Shared memory that a block may ask for on every device of compute capability 8.0 and above. */
export const OPT_IN_SHARED_BYTES = 99 * 1024;

export const radixTune = {
  /** Blocks that a launch should have: rows are cut until there are so many, or chunks are short. Four for each of 132 multiprocessors. */
  blocks: oneOf(528, 132, 264, 1056, 2112),
  /** The greatest k of which one block sorts a row; above, all blocks sort together through the workspace. */
  sortLimit: oneOf(10240, 1024, 2048, 4096, 8192),
  /** Columns up to which one block does all of a row, if it can sort the answer; also where there are rows for all multiprocessors. */
  rowLimit: oneOf(32768, 0, 8192, 16384, 65536),
};

/** Below this a block has too little to do to pay for its start: 8192 gains 7 % for 8 x 131072, but costs full sorts 10 %. */
const MIN_CHUNK = 4096;
/** Rows for all multiprocessors. */
const MANY_ROWS = 132;

export type RadixShape = "chunks" | "chunkSize" | "parts" | "partSize";

/** Chunks are of a row's columns, none where one block does all of a row; parts of its k selected words, none where one block sorts them. */
export function radixShape(
  { rows, cols, k }: Pick<Request, "rows" | "cols" | "k">,
  { blocks, sortLimit, rowLimit }: { readonly blocks: number; readonly sortLimit: number; readonly rowLimit: number },
): Shape<RadixShape> {
  const cut = (length: number): number => {
    const pieces = Math.min(ceilDiv(blocks, Math.max(1, rows)), ceilDiv(length, MIN_CHUNK));
    // whole 128-byte lines
    return roundUp(ceilDiv(length, pieces), 64);
  };
  const chunkSize = cut(cols);
  const partSize = cut(k);
  const alone = k <= sortLimit && (cols <= rowLimit || (rowLimit > 0 && rows >= MANY_ROWS));
  return { chunkSize, chunks: alone ? 0 : ceilDiv(cols, chunkSize), partSize, parts: k > sortLimit ? ceilDiv(k, partSize) : 0 };
}
