/** Rows for kernels that draw in the launch of their own top-k, for what no row of support/sample-rows.ts brings about. */
import type { Random } from "../../bench/random.ts";
import type { Dtype } from "../../dsl/index.ts";
import { MOST_DRAWN } from "../../dsl/kernels/draw.ts";
import { toBf16, toF16 } from "../../dsl/rounding.ts";
import type { DrawCase } from "./draw-job.ts";

type Given = DrawCase["given"];

/** What a parameter is where it is left out. */
export const usual = (rows: number): Pick<Given, "temperature" | "topP" | "minP"> => ({
  temperature: new Float32Array(rows).fill(1),
  topP: new Float32Array(rows).fill(1),
  minP: new Float32Array(rows),
});

/** All of them can be drawn from, and each one's bar is about that of the row before. */
export function rowsAlike(source: Random, shape: Pick<Given, "rows" | "cols" | "k" | "dtype">): Given {
  const words = (): BigUint64Array => BigUint64Array.from({ length: shape.rows }, () => (BigInt(source.bits()) << 32n) | BigInt(source.bits()));
  return { ...shape, data: filled(shape.dtype, shape.rows * shape.cols, () => source.normal()), ...usual(shape.rows), seeds: words(), offsets: words() };
}

/**
 * Of seed 0, at which a random number meets a running mass exactly in a row whose best candidate has a mass of 2^32 and whose 255 others have 1 each: 22 of the first 4e8
 * do. In two, that is the mass at the end of a lane's eight candidates; in two, one between.
 */
const MEETING = [80_860_892n, 281_667_144n, 7_113_731n, 316_005_308n];

export function rowsMetExactly(cols: number, dtype: Dtype): Given {
  const rows = MEETING.length;
  // e^-22 is 1.2 units of 2^-32
  const data = filled(dtype, rows * cols, (at) => (at % cols === 700 ? 0 : at % 8 === 0 ? -22 : -1000));
  return { rows, cols, k: MOST_DRAWN, dtype, data, ...usual(rows), seeds: new BigUint64Array(rows), offsets: BigUint64Array.from(MEETING) };
}

function filled(dtype: Dtype, length: number, element: (at: number) => number): Float32Array | Uint16Array {
  const round = { f32: Math.fround, f16: toF16, bf16: toBf16 }[dtype];
  const data = new (dtype === "f32" ? Float32Array : Uint16Array)(length);
  for (let at = 0; at < length; at++) data[at] = round(element(at));
  return data;
}
