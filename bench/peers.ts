/** Other libraries' times, recorded once with their own harness (bench/peers/README.md): what the report shows beside what it measured. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Dtype } from "../dsl/index.ts";
import { packageRoot } from "../native/index.ts";

interface Recorded {
  readonly impl: string;
  readonly dtype: Dtype;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly us: number;
}

/** Graph-cold, on normal data. */
export interface PeerTime extends Recorded {
  /** Whether it gives its result sorted. */
  readonly sorted: string;
}

/** Graph-hot, on other data and, to compare with, on normal data. */
export interface AdversarialPeerTime extends Recorded {
  readonly dist: string;
}

const FOLDER = path.join(packageRoot, "bench", "peers");
const HEADER = "impl,dtype,rows,cols,k,us_graph_cold,sorted";
const ADVERSARIAL_HEADER = "impl,dtype,rows,cols,k,dist,us_graph_hot";
/** Measured again in each run, so not shown from the record. */
const MEASURED_HERE = /^(floor|torch)/;

/** Recorded peers of a device, by its name: "NVIDIA H200" has peers-h200.csv. Empty where there is no record. Throws RangeError that names the line. */
export const readPeers = (device: string): PeerTime[] => parsePeers(recordOf(device, "") ?? HEADER);
export const readAdversarialPeers = (device: string): AdversarialPeerTime[] => parseAdversarialPeers(recordOf(device, "-adversarial") ?? ADVERSARIAL_HEADER);

function recordOf(device: string, suffix: string): string | undefined {
  const name = device.toLowerCase().split(/\s+/).at(-1) ?? "";
  const file = path.join(FOLDER, `peers-${name}${suffix}.csv`);
  return /^\w+$/.test(name) && existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

export const parsePeers = (text: string): PeerTime[] =>
  parseLines(text, HEADER).flatMap(([impl, dtype, rows, cols, k, us, sorted]) =>
    MEASURED_HERE.test(impl!) ? [] : [{ ...recorded(impl!, dtype!, rows!, cols!, k!, us!), sorted: sorted! }],
  );

export const parseAdversarialPeers = (text: string): AdversarialPeerTime[] =>
  parseLines(text, ADVERSARIAL_HEADER).map(([impl, dtype, rows, cols, k, dist, us]) => ({ ...recorded(impl!, dtype!, rows!, cols!, k!, us!), dist: dist! }));

const recorded = (impl: string, dtype: string, rows: string, cols: string, k: string, us: string): Recorded => ({
  ...{ impl, dtype: dtype as Dtype, rows: Number(rows), cols: Number(cols), k: Number(k), us: Number(us) },
});

function parseLines(text: string, expected: string): string[][] {
  const [header, ...lines] = text.trim().split(/\r?\n/);
  if (header !== expected) throw new RangeError(`peers: line 1 is "${header}"; it must be "${expected}"`);
  const time = expected.split(",").findIndex((column) => column.startsWith("us_"));
  return lines.map((line, at) => {
    const cells = line.split(",");
    if (cells.length !== 7 || !(Number(cells[time]) > 0)) throw new RangeError(`peers: line ${at + 2}, "${line}", is not "${expected}"`);
    return cells;
  });
}
