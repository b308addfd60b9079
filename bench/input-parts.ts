/**
 * Inputs and their exact answers, made in parts on several threads: a batch of rows each, or a piece of a long row, so that 4096 x 50304 and
 * 1 x 2^28 take a second and not a minute. Parts come in any order; their bits depend on the seed alone.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { beside } from "./beside.ts";
import { segmentOf } from "./distributions.ts";
import { rawBits, referenceTopk } from "./reference.ts";
import { makeInput, type Workload } from "./workloads.ts";

/** Some rows of one input, or some columns of one row. */
export interface PartJob {
  readonly workload: Workload;
  readonly seed: number;
  readonly firstRow: number;
  readonly rows: number;
  readonly firstCol: number;
  readonly cols: number;
}

/** What is best in a part: rows x min(k, the part's cols), by the reference; the indices are the whole row's. */
export interface PartAnswer {
  readonly values: Float32Array | Uint16Array;
  readonly indices: Int32Array;
}

export interface Part extends PartJob, PartAnswer {
  /** Which of the workload's inputs; its seed is the first one's plus this. */
  readonly input: number;
  readonly data: Float32Array | Uint16Array;
}

/** Few enough messages, and enough parts to keep all threads busy. A whole number of segments. */
const PART_ELEMENTS = 2 ** 21;

export function makePart({ workload, seed, firstRow, rows, firstCol, cols }: PartJob): Pick<Part, "data" | "values" | "indices"> {
  const { k, dtype, dist } = workload;
  const data = makeInput({ rows, cols, dtype, dist, seed, firstRow, firstCol, k });
  const { values, indices } = referenceTopk({ data, rows, cols, k: Math.min(k, cols), dtype });
  return { data, values, indices: indices.map((col) => firstCol + col) };
}

/** Where each part of `inputs` inputs lies. */
export function partsOf(workload: Workload, inputs: number, seed: number): (PartJob & { input: number })[] {
  const cols = Math.min(workload.cols, Math.max(PART_ELEMENTS, segmentOf(workload.dist)));
  const rows = Math.max(1, Math.min(workload.rows, Math.floor(PART_ELEMENTS / cols)));
  const starts = (all: number, step: number): number[] => Array.from({ length: Math.ceil(all / step) }, (_, part) => part * step);
  return starts(inputs, 1).flatMap((input) =>
    starts(workload.rows, rows).flatMap((firstRow) =>
      starts(workload.cols, cols).map((firstCol) => ({
        ...{ workload, input, seed: seed + input },
        ...{ firstRow, rows: Math.min(rows, workload.rows - firstRow), firstCol, cols: Math.min(cols, workload.cols - firstCol) },
      })),
    ),
  );
}

/**
 * The answer of a row from those of its pieces. Among equal values of a piece the smaller column comes first, and so it
 * does among those of all pieces in the order of their columns: the reference's own rule for ties is right here too.
 */
export function mergeAnswers({ dtype, k }: Pick<Workload, "dtype" | "k">, pieces: readonly (PartAnswer & Pick<PartJob, "firstCol">)[]): PartAnswer {
  const inOrder = pieces.toSorted((a, b) => a.firstCol - b.firstCol);
  const cols = pieces.reduce((sum, { indices }) => sum + indices.length, 0);
  const data = dtype === "f32" ? new Float32Array(cols) : new Uint16Array(cols);
  const columns = new Int32Array(cols);
  let place = 0;
  for (const { values, indices } of inOrder) {
    rawBits(data).set(rawBits(values), place);
    columns.set(indices, place);
    place += indices.length;
  }
  const { values, indices } = referenceTopk({ data, rows: 1, cols, k, dtype });
  return { values, indices: indices.map((found) => columns[found]!) };
}

type Make = (job: PartJob) => Promise<Pick<Part, "data" | "values" | "indices">>;

/** Threads that make parts; made once, for all workloads of a run. */
export class PartMaker {
  readonly #workers: Worker[];
  readonly #makers: readonly Make[];

  /** 0 threads: on the caller's own (where workers cannot load TypeScript, as under a test runner). */
  constructor(threads = availableParallelism()) {
    this.#workers = Array.from({ length: threads }, startWorker);
    this.#makers = threads === 0 ? [async (job) => makePart(job)] : this.#workers.map(makerOn);
  }

  /** Hands every part to `use`, several at a time; resolves when all are used. */
  async forEach(workload: Workload, inputs: number, seed: number, use: (part: Part) => Promise<void>): Promise<void> {
    const jobs = partsOf(workload, inputs, seed).values();
    await Promise.all(
      this.#makers.map(async (make) => {
        for (const job of jobs) await use({ ...job, ...(await make(job)) });
      }),
    );
  }

  close(): void {
    for (const worker of this.#workers) void worker.terminate();
  }
}

function startWorker(): Worker {
  const worker = new Worker(beside(import.meta.url, "input-worker"));
  worker.unref();
  return worker;
}

const makerOn =
  (worker: Worker): Make =>
  (job) =>
    new Promise((resolve, reject) => {
      const settle = (how: () => void): void => {
        worker.off("message", done).off("error", fail);
        worker.unref();
        how();
      };
      const done = (made: Pick<Part, "data" | "values" | "indices">): void => settle(() => resolve(made));
      const fail = (error: Error): void => settle(() => reject(error));
      worker.on("message", done).on("error", fail);
      worker.ref();
      worker.postMessage(job);
    });
