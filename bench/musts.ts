/** Times to reach, graph-cold on normal data (bench/musts.csv): what is known to be feasible on an H200, with some room. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Dtype } from "../dsl/index.ts";
import { packageRoot } from "../native/index.ts";

export interface Must {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly us: number;
}

const HEADER = "rows,cols,k,dtype,must_us";

/** They are an H200's; empty for other devices. */
export const readMusts = (device: string): Must[] =>
  device.endsWith("H200") ? parseMusts(readFileSync(path.join(packageRoot, "bench", "musts.csv"), "utf8")) : [];

/** Throws RangeError that names the line. */
export function parseMusts(text: string): Must[] {
  const [header, ...lines] = text.trim().split(/\r?\n/);
  if (header !== HEADER) throw new RangeError(`musts: line 1 is "${header}"; it must be "${HEADER}"`);
  return lines.map((line, at) => {
    const [rows, cols, k, dtype, us, ...rest] = line.split(",");
    if (rest.length > 0 || ![rows, cols, k, us].every((cell) => Number(cell) > 0)) throw new RangeError(`musts: line ${at + 2}, "${line}", is not "${HEADER}"`);
    return { rows: Number(rows), cols: Number(cols), k: Number(k), dtype: dtype as Dtype, us: Number(us) };
  });
}
