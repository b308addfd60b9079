/** What a buffer holds, and how many bytes one element of it takes. */

export type Dtype = "f32" | "f16" | "bf16";
export type Order = "largest" | "smallest";

/**
 * - `value`: an element of the input's dtype, as raw bits; of a kernel with a prologue, a score
 * - `index`: a column number, i32 or i64 as the request says
 * - `i32`: a signed 32-bit integer (row lengths)
 * - `u16`: raw bits of a 16-bit dtype that scores are made of
 * - `u32`, `u64`: an unsigned integer of 32 bits (tickets, counts) or 64 (seeds)
 * - `f32`: a number of the caller's, whatever the input's dtype (temperatures, probabilities)
 * - `word`: 64 bits, a key above the complement of its column: sorts by the whole order of docs/contract.md; 0 is "no element"
 */
export type Element = "value" | "index" | "i32" | "u16" | "u32" | "u64" | "f32" | "word";

export const DTYPE_BYTES: Readonly<Record<Dtype, number>> = { f32: 4, f16: 2, bf16: 2 };

export const WORD_BYTES = 8;

/** Vector loads are 16 bytes wide. */
export const VECTOR_BYTES = 16;

export function elementBytes(element: Element, dtype: Dtype, indexBytes: number): number {
  switch (element) {
    case "value":
      return DTYPE_BYTES[dtype];
    case "index":
      return indexBytes;
    case "u16":
      return 2;
    case "i32":
    case "u32":
    case "f32":
      return 4;
    case "u64":
      return 8;
    case "word":
      return WORD_BYTES;
  }
}
