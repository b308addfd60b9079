/** Suites: named lists of shapes, dtypes and distributions, read from bench/suites.csv. */
import type { Dtype } from "../dsl/index.ts";
import { DISTRIBUTIONS, type Distribution } from "./distributions.ts";

export interface Workload {
  readonly suite: string;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly dist: Distribution;
  /** A token is drawn from each row's answer: what the tuner tunes with --sample. */
  readonly sample?: true;
}

export const shapeText = ({ rows, cols, k, dtype, sample }: Pick<Workload, "rows" | "cols" | "k" | "sample"> & { readonly dtype: string }): string =>
  `${sample === true ? "sample " : ""}${rows} x ${cols} k ${k} ${dtype}`;

const HEADER = "suite,rows,cols,k,dtype,dist";
const DTYPES: readonly string[] = ["f32", "f16", "bf16"] satisfies readonly Dtype[];

/** Every line of a suites file, in its order. Throws RangeError that names the line. */
export function readSuites(csvText: string): Workload[] {
  const [header, ...lines] = csvText.split(/\r?\n/);
  if (header !== HEADER) throw new RangeError(`suites: line 1 is "${header}"; it must be "${HEADER}"`);
  return lines.flatMap((line, at) => (line.trim() === "" ? [] : [readLine(line, at + 2)]));
}

function readLine(line: string, number: number): Workload {
  const bad = (why: string): RangeError => new RangeError(`suites: line ${number}, "${line}": ${why}`);
  const fields = line.split(",").map((field) => field.trim());
  if (fields.length !== 6) throw bad(`${fields.length} fields; there must be 6: ${HEADER}`);
  const [suite, rows, cols, k, dtype, dist] = fields as [string, string, string, string, string, string];
  if (suite === "") throw bad("the suite has no name");
  if (!DTYPES.includes(dtype)) throw bad(`dtype is "${dtype}"; allowed: ${DTYPES.join(", ")}`);
  if (!(DISTRIBUTIONS as readonly string[]).includes(dist)) throw bad(`dist is "${dist}"; allowed: ${DISTRIBUTIONS.join(", ")}`);
  const count = (name: string, text: string, greatest: number): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1 || value > greatest) throw bad(`${name} is "${text}"; allowed: 1..${greatest}`);
    return value;
  };
  const size = count("cols", cols, 2 ** 31 - 1);
  return { suite, rows: count("rows", rows, 2 ** 31 - 1), cols: size, k: count("k", k, size), dtype: dtype as Dtype, dist: dist as Distribution };
}

/**
 * Where a suite has a shape on other data only, the shape on normal data, ahead of it: what the data costs is told from two times of one run.
 */
export function withNormal(workloads: readonly Workload[]): Workload[] {
  const keyOf = ({ suite, rows, cols, k, dtype }: Workload): string => [suite, rows, cols, k, dtype].join();
  const normal = new Set(workloads.filter(({ dist }) => dist === "normal").map(keyOf));
  return workloads.flatMap((workload) => {
    const key = keyOf(workload);
    if (normal.has(key)) return [workload];
    normal.add(key);
    return [{ ...workload, dist: "normal" as const }, workload];
  });
}
