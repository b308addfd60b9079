/**
 * Processes that compile kernels ahead of the one that measures them. NVRTC compiles one kernel at a time in a process, however many threads ask, so
 * that threads are of no use; the folder of compiled kernels is how an image gets from one process to another.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { KernelSource } from "../../runtime/kernel-source.ts";
import { beside } from "../beside.ts";

export interface CompileJob extends KernelSource {
  /** As given to NVRTC. */
  readonly arch: string;
}

export interface CompilePoolOptions {
  /** The module of a process that compiles: default the one beside this file. */
  readonly module?: URL;
  /** Options of its Node; default those of this process. */
  readonly execArgv?: readonly string[];
  /** How many processes; they are started when there is work for them. */
  readonly processes: number;
  /** How long one kernel may take before its process is ended. */
  readonly milliseconds: number;
}

export class CompilePool implements Disposable {
  readonly #options: CompilePoolOptions;
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();
  readonly #compiled = new Set<string>();
  #closed = false;

  constructor(options: CompilePoolOptions) {
    this.#options = options;
  }

  /** Resolves when each of them has been compiled, or has failed to be, which whoever compiles it next will see, or when the pool is closed. Never rejects. */
  async compile(jobs: Iterable<CompileJob>): Promise<void> {
    const waiting = [...new Map([...jobs].map((job) => [job.symbol, job])).values()].filter(({ symbol }) => !this.#compiled.has(symbol));
    for (const { symbol } of waiting) this.#compiled.add(symbol);
    const queue = waiting.values();
    const workers = Math.min(this.#options.processes, waiting.length);
    await Promise.all(
      Array.from({ length: workers }, async () => {
        for (const job of queue) if (!this.#closed) await this.#compileOne(job);
      }),
    );
  }

  async #compileOne(job: CompileJob): Promise<void> {
    const child = this.#idle.pop() ?? this.#start();
    const alive = await new Promise<boolean>((resolve) => {
      const settle = (lives: boolean): void => {
        clearTimeout(timer);
        child.off("message", onMessage).off("exit", onEnd).off("error", onEnd);
        resolve(lives);
      };
      const onMessage = (): void => settle(true);
      const onEnd = (): void => settle(false);
      const timer = setTimeout(onEnd, this.#options.milliseconds);
      child.on("message", onMessage).on("exit", onEnd).on("error", onEnd);
      child.send(job, (error) => error && settle(false));
    });
    if (alive) this.#idle.push(child);
    else this.#end(child);
  }

  #start(): ChildProcess {
    const { module = beside(import.meta.url, "compile-child"), execArgv = process.execArgv } = this.#options;
    const child = fork(module, { execArgv: [...execArgv], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#all.add(child);
    return child;
  }

  #end(child: ChildProcess): void {
    this.#all.delete(child);
    child.kill("SIGKILL");
  }

  /** What is under way is given up. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const child of this.#all) this.#end(child);
  }
}
