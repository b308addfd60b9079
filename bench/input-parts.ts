/**
 * Inputs and their exact answers, made in parts on several threads: a batch of rows each, so that 4096 x 50304 takes a second and not a minute.
 * Parts come in any order; their bits depend on the seed alone.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { referenceTopk } from "./reference.ts";
import { makeInput, type Workload } from "./workloads.ts";

/** Some rows of one input. */
export interface PartJob {
  readonly workload: Workload;
  readonly seed: number;
  readonly firstRow: number;
  readonly rows: number;
}

export interface Part extends PartJob {
  /** Which of the workload's inputs; its seed is the first one's plus this. */
  readonly input: number;
  readonly data: Float32Array | Uint16Array;
  /** rows x k, by the reference. */
  readonly values: Float32Array | Uint16Array;
  readonly indices: Int32Array;
}

/** Few enough messages, and enough parts to keep all threads busy. */
const PART_ELEMENTS = 2 ** 21;

export function makePart({ workload, seed, firstRow, rows }: PartJob): Pick<Part, "data" | "values" | "indices"> {
  const { cols, k, dtype, dist } = workload;
  const data = makeInput({ rows, cols, dtype, dist, seed, firstRow, k });
  return { data, ...referenceTopk({ data, rows, cols, k, dtype }) };
}

/** Where and how many rows each part of `inputs` inputs has. */
export function partsOf(workload: Workload, inputs: number, seed: number): (PartJob & { input: number })[] {
  const rows = Math.max(1, Math.min(workload.rows, Math.floor(PART_ELEMENTS / workload.cols)));
  const starts = Array.from({ length: Math.ceil(workload.rows / rows) }, (_, part) => part * rows);
  return Array.from({ length: inputs }, (_, input) =>
    starts.map((firstRow) => ({ workload, input, seed: seed + input, firstRow, rows: Math.min(rows, workload.rows - firstRow) })),
  ).flat();
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

/** Compiled code runs beside compiled workers, TypeScript under a loader that workers inherit. */
function startWorker(): Worker {
  const worker = new Worker(new URL(`./input-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url));
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
