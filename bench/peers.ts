/** Other libraries' times, recorded once with their own harness (bench/peers): what the report shows beside what it measured. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Dtype } from "../dsl/index.ts";
import { packageRoot } from "../native/index.ts";

export interface PeerTime {
  readonly impl: string;
  readonly dtype: Dtype;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  /** Graph-cold. */
  readonly us: number;
  /** Whether it gives its result sorted; of the floor nobody asks. */
  readonly sorted: string;
}

const FOLDER = path.join(packageRoot, "bench", "peers");
const HEADER = "impl,dtype,rows,cols,k,us_graph_cold,sorted";
/** Measured again in each run, so not shown from the record. */
const MEASURED_HERE = /^(floor|torch)/;

/** Recorded peers of a device, by its name: "NVIDIA H200" has peers-h200.csv. Empty where there is no record. Throws RangeError that names the line. */
export function readPeers(device: string): PeerTime[] {
  const name = device.toLowerCase().split(/\s+/).at(-1) ?? "";
  const file = path.join(FOLDER, `peers-${name}.csv`);
  return /^\w+$/.test(name) && existsSync(file) ? parsePeers(readFileSync(file, "utf8")) : [];
}

export function parsePeers(text: string): PeerTime[] {
  const [header, ...lines] = text.trim().split(/\r?\n/);
  if (header !== HEADER) throw new RangeError(`peers: line 1 is "${header}"; it must be "${HEADER}"`);
  return lines.flatMap((line, at) => {
    const [impl, dtype, rows, cols, k, us, sorted] = line.split(",");
    if (sorted === undefined || !(Number(us) > 0)) throw new RangeError(`peers: line ${at + 2}, "${line}", is not "${HEADER}"`);
    if (MEASURED_HERE.test(impl!)) return [];
    return [{ impl: impl!, dtype: dtype as Dtype, rows: Number(rows), cols: Number(cols), k: Number(k), us: Number(us), sorted }];
  });
}
