/** Rows of results as text. */

import type { Dtype } from "../dsl/index.ts";
import { toNumber } from "../dsl/rounding.ts";
import type { HostArray, IndexArray } from "../runtime/types.ts";

const BAR_CELLS = 24;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

export interface Rows {
  readonly values: HostArray;
  readonly indices: IndexArray;
  readonly dtype: Dtype;
  readonly rows: number;
  readonly k: number;
}

/** The first `places` of the first `shown` rows, each value with a bar from the least to the greatest finite one shown. */
export function picture({ values, indices, dtype, rows, k }: Rows, shown = 4, places = 5): string[] {
  const lines: string[] = [];
  for (let row = 0; row < Math.min(rows, shown); row += 1) {
    const numbers = Array.from({ length: Math.min(k, places) }, (_, place) => toNumber(dtype, values[row * k + place]!));
    lines.push(`row ${row}`);
    for (const [place, value] of numbers.entries()) {
      const index = String(indices[row * k + place]);
      lines.push(`  ${String(place + 1).padStart(3)}  ${index.padStart(10)}  ${formatted(value).padStart(12)}  ${bar(value, numbers)}`.trimEnd());
    }
    if (k > places) lines.push(`  ... ${k - places} more`);
  }
  if (rows > shown) lines.push(`... ${rows - shown} more rows`);
  return lines;
}

const formatted = (value: number): string => (Object.is(value, -0) ? "-0" : Number.isFinite(value) ? String(Number(value.toPrecision(7))) : String(value));

function bar(value: number, all: readonly number[]): string {
  const finite = all.filter(Number.isFinite);
  const [least, greatest] = [Math.min(...finite), Math.max(...finite)];
  if (!Number.isFinite(value)) return "";
  // the least one shown keeps a little: it is one of the best of its row
  const share = greatest === least ? 1 : 0.1 + (0.9 * (value - least)) / (greatest - least);
  const eighths = Math.round(share * BAR_CELLS * 8);
  return "█".repeat(eighths >> 3) + EIGHTHS[eighths & 7];
}
