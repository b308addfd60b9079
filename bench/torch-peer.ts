/** torch.topk in a Python process of its own (torch_peer.py), taking turns with topkit: JSON lines, one answer for each request. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { DTYPE_BYTES, type Dtype } from "../dsl/index.ts";
import { toNumber } from "../dsl/rounding.ts";
import { packageRoot } from "../native/index.ts";
import { TopkitError } from "../runtime/errors.ts";
import type { InputPlan, InputSink } from "./device-inputs.ts";
import type { Timed } from "./measure.ts";
import type { Mode } from "./results.ts";
import type { Workload } from "./workloads.ts";

type Answer = Readonly<Record<string, unknown>>;

export interface TorchPeerOptions {
  /** Default: TOPKIT_PYTHON, or python3. */
  readonly python?: string;
  /** Script and its arguments; default bench/torch_peer.py. */
  readonly script?: readonly string[];
}

/** The peer could not do what it was asked to, for one shape. */
export class PeerFailure extends Error {
  override readonly name = "PeerFailure";
}

const unusable = (why: string): TopkitError =>
  new TopkitError("TK209", `--peers torch: ${why}; install torch for the GPU, name a Python that has it in TOPKIT_PYTHON, or leave out --peers`);

export class TorchPeer implements Disposable {
  /** Its version. */
  readonly torch: string;
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #folder = mkdtempSync(path.join(tmpdir(), "topkit-peer-"));

  private constructor(torch: string, child: ChildProcess, answers: AsyncIterator<string>) {
    this.torch = torch;
    this.#process = child;
    this.#answers = answers;
  }

  /** Errors: TK209 where there is no Python, no torch, or no GPU for it. */
  static async start({
    python = process.env.TOPKIT_PYTHON ?? "python3",
    script = [path.join(packageRoot, "bench", "torch_peer.py")],
  }: TorchPeerOptions = {}): Promise<TorchPeer> {
    const child = spawn(python, [...script], { stdio: ["pipe", "pipe", "inherit"] });
    const failed = new Promise<never>((_, reject) => child.once("error", (error) => reject(unusable(`${python} cannot be started (${error.message})`))));
    // told by the race below, or too late to matter
    failed.catch(() => {});
    // written to after its end: the next answer tells
    child.stdin?.on("error", () => {});
    const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    try {
      const hello = await Promise.race([next(answers), failed]);
      if (hello === undefined) throw unusable(`${python} ended before it answered`);
      if (typeof hello.torch !== "string") throw unusable(String(hello.error ?? "it gave no version"));
      return new TorchPeer(hello.torch, child, answers);
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** The file that a workload's distinct inputs are written to. */
  async inputFile(workload: Workload): Promise<InputFile> {
    return InputFile.create(path.join(this.#folder, "input"), workload);
  }

  async load({ rows, cols, k, dtype }: Workload, { copies, distinct, strideBytes }: InputPlan, file: InputFile, scratchBytes: number): Promise<void> {
    await this.#ask({ do: "load", file: file.path, rows, cols, k, dtype, copies, distinct, strideBytes, scratchBytes });
    rmSync(file.path, { force: true });
  }

  async timed(mode: Mode, { outgrowL2 }: InputPlan, work: "topk" | "sample"): Promise<Timed> {
    const { calls } = await this.#ask({ do: "prepare", mode, outgrowL2, work });
    return {
      calls: Number(calls),
      sample: async () => Number((await this.#ask({ do: "sample" })).us),
      close: () => {},
    };
  }

  /** Compares every row that was prepared last. `answers` hold `distinct` inputs' values; result i is of input i % distinct. */
  async check(
    answers: Float32Array | Uint16Array,
    { rows, k, dtype }: Workload,
    { distinct }: InputPlan,
  ): Promise<{ wrongRows: number; maxDifference: number }> {
    const file = path.join(this.#folder, "results");
    const { wrongRows, results } = await this.#ask({ do: "finish", file });
    const bytes = readFileSync(file);
    rmSync(file);
    const elements = rows * k;
    if (bytes.length !== Number(results) * elements * DTYPE_BYTES[dtype])
      throw new PeerFailure(`torch gave ${bytes.length} bytes of values for ${results} results`);
    const memory = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const found = dtype === "f32" ? new Float32Array(memory) : new Uint16Array(memory);
    let maxDifference = 0;
    for (let result = 0; result < Number(results); result++) {
      const first = (result % distinct) * elements;
      const ours = answers.subarray(first, first + elements);
      maxDifference = Math.max(maxDifference, greatestDifference(found.subarray(result * elements, (result + 1) * elements), ours, dtype));
    }
    return { wrongRows: Number(wrongRows), maxDifference };
  }

  /** In how many rows of the draws that were prepared last the token is none of the top-k's. */
  async wrongTokens(): Promise<number> {
    return Number((await this.#ask({ do: "finish_sample" })).wrongRows);
  }

  /** Frees the device's memory; a peer that has ended has freed it. */
  async unload(): Promise<void> {
    await this.#ask({ do: "unload" }).catch(() => {});
  }

  /** Errors: PeerFailure with what the peer says of a request that it could not answer. */
  async #ask(request: Answer): Promise<Answer> {
    this.#process.stdin?.write(`${JSON.stringify(request)}\n`);
    const answer = await next(this.#answers);
    if (answer === undefined) throw new PeerFailure(`torch's process ended while it was asked to ${String(request.do)}`);
    if (answer.error !== undefined) throw new PeerFailure(`torch: ${String(answer.error)}`);
    return answer;
  }

  [Symbol.dispose](): void {
    this.#process.stdin?.end();
    this.#process.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function next(answers: AsyncIterator<string>): Promise<Answer | undefined> {
  const { value, done } = await answers.next();
  if (done) return undefined;
  try {
    return JSON.parse(value) as Answer;
  } catch {
    throw new PeerFailure(`torch's process said what is no JSON: ${value}`);
  }
}

/** Distinct inputs, packed one behind another. */
export class InputFile implements InputSink {
  readonly path: string;
  readonly #workload: Workload;
  readonly #file: FileHandle;

  private constructor(file: string, workload: Workload, handle: FileHandle) {
    this.path = file;
    this.#workload = workload;
    this.#file = handle;
  }

  static async create(file: string, workload: Workload): Promise<InputFile> {
    return new InputFile(file, workload, await open(file, "w"));
  }

  async write(data: Float32Array | Uint16Array, input: number, element: number): Promise<void> {
    const { rows, cols } = this.#workload;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const start = (input * rows * cols + element) * data.BYTES_PER_ELEMENT;
    for (let done = 0; done < bytes.length; ) done += (await this.#file.write(bytes, done, bytes.length - done, start + done)).bytesWritten;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Between values place by place, as numbers: NaNs are equal to each other, and the zeros. Infinity where only one is a NaN, or they differ by one. */
export function greatestDifference(found: Float32Array | Uint16Array, expected: Float32Array | Uint16Array, dtype: Dtype): number {
  let greatest = 0;
  for (let place = 0; place < expected.length; place++) {
    if (found[place] === expected[place]) continue;
    const a = toNumber(dtype, found[place]!);
    const b = toNumber(dtype, expected[place]!);
    if (Object.is(a, b) || a === b) continue; // NaNs; zeros of 16 bits
    const difference = Math.abs(a - b);
    greatest = Math.max(greatest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return greatest;
}
