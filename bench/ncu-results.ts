/** What Nsight Compute saw (bench/ncu.ts), on disk beside the results: a line for each kernel of a shape's plan, and for the floor. */
import { existsSync, readFileSync } from "node:fs";
import { DTYPE_BYTES, type Dtype } from "../dsl/index.ts";
import { TopkitError } from "../runtime/errors.ts";

export interface NcuRow {
  readonly dtype: Dtype;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  /** The plan that the shape's kernels are of. */
  readonly plan: string;
  readonly kernel: string;
  readonly us: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Of the peak that DRAM could give. */
  readonly peakPercent: number;
  /** Warps that were active, of those that a multiprocessor holds. */
  readonly warpsPercent: number;
  readonly registers: number;
  readonly device: string;
  /** The input's: rows x cols elements. */
  readonly inputBytes: number;
}

export const NCU_HEADER = "dtype,rows,cols,k,plan,kernel,us,dram_read_bytes,dram_written_bytes,dram_peak_percent,active_warps_percent,registers,device";

/** What is asked of Nsight Compute, in the order of NcuMeasures. */
export const NCU_METRICS = [
  "gpu__time_duration.sum",
  "dram__bytes_read.sum",
  "dram__bytes_write.sum",
  "dram__throughput.avg.pct_of_peak_sustained_elapsed",
  "sm__warps_active.avg.pct_of_peak_sustained_active",
  "launch__registers_per_thread",
] as const;

export interface NcuMeasures {
  readonly kernel: string;
  /** In base units: nanoseconds, bytes, percent. */
  readonly values: readonly number[];
}

/** results.csv has results-ncu.csv. */
export const ncuFile = (csv: string): string => csv.replace(/(\.csv)?$/, "-ncu.csv");

/** Of `ncu --csv --page raw --print-units base`: a line a kernel, below one of names and one of units. Throws RangeError where it is something else. */
export function parseNcuOutput(text: string): NcuMeasures[] {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith('"'));
  const [header, , ...launches] = lines.map(quotedCells);
  const columns = ["Kernel Name", ...NCU_METRICS].map((name) => header?.indexOf(name) ?? -1);
  if (columns.includes(-1)) throw new RangeError(`ncu gave no table of its metrics: ${text.slice(0, 2000)}`);
  return launches.map((cells) => {
    const [kernel, ...figures] = columns.map((column) => cells[column] ?? "");
    const values = figures.map((figure) => Number(figure.replaceAll(",", "")));
    if (values.some((value) => !Number.isFinite(value)) || figures.includes("")) throw new RangeError(`ncu gave no figures for ${kernel}: ${cells.join(" ")}`);
    return { kernel: kernel!, values };
  });
}

const quotedCells = (line: string): string[] => [...line.matchAll(/"((?:[^"]|"")*)"/g)].map((cell) => cell[1]!.replaceAll('""', '"'));

export function formatNcuRow({
  dtype,
  rows,
  cols,
  k,
  plan,
  kernel,
  us,
  readBytes,
  writtenBytes,
  peakPercent,
  warpsPercent,
  registers,
  device,
}: NcuRow): string {
  return [
    dtype,
    rows,
    cols,
    k,
    plan,
    kernel,
    us.toFixed(3),
    readBytes,
    writtenBytes,
    peakPercent.toFixed(2),
    warpsPercent.toFixed(2),
    registers,
    device,
  ].join();
}

/** None where there is no file. Errors: TK507. */
export function readNcu(file: string): NcuRow[] {
  if (!existsSync(file)) return [];
  const [header, ...lines] = readFileSync(file, "utf8").trim().split(/\r?\n/);
  const bad = (line: number): TopkitError =>
    new TopkitError("TK507", `${file}, line ${line}: it is not one of "${NCU_HEADER}"; delete the file, and profile again`, { file, line });
  if (header !== NCU_HEADER) throw bad(1);
  return lines.map((line, at) => {
    const [dtype, rows, cols, k, plan, kernel, us, readBytes, writtenBytes, peakPercent, warpsPercent, registers, device] = line.split(",");
    const numbers = [rows, cols, k, us, readBytes, writtenBytes, peakPercent, warpsPercent, registers].map(Number);
    if (device === undefined || !(dtype! in DTYPE_BYTES) || numbers.some((number) => !(number >= 0))) throw bad(at + 2);
    const [rowCount, colCount, count, time, read, written, peak, warps, used] = numbers as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return {
      ...{ dtype: dtype as Dtype, rows: rowCount, cols: colCount, k: count, plan: plan!, kernel: kernel!, device },
      ...{ us: time, readBytes: read, writtenBytes: written, peakPercent: peak, warpsPercent: warps, registers: used },
      inputBytes: rowCount * colCount * DTYPE_BYTES[dtype as Dtype],
    };
  });
}
