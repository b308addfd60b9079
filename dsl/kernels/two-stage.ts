/** What the stages of a two-stage plan agree on. */

/** The shipped list capacities, and which of them an untuned device takes for k: the least that covers it. */
const KEPT = [64, 256, 1024] as const;

export const keptFor = (k: number): number => KEPT.find((kept) => kept >= k) ?? 1024;

/** Stage 2 takes 8 warps from 512 candidates a row, 4 below. */
export const mergeWarps = ({ chunks, k }: { readonly chunks: number; readonly k: number }): 4 | 8 => (chunks * k >= 512 ? 8 : 4);
