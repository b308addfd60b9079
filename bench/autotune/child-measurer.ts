/**
 * A measurer in a process of its own, which can be killed: a candidate that crashes it, hangs, or leaves the device unusable gets that as its
 * outcome, and the others of its batch are measured by the next process.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { Outcome } from "./outcome.ts";
import type { Measurer } from "./session.ts";
import type { Candidate, Choice } from "./space.ts";

/** To the child: what it is to measure on from then on, which only the child's own code understands. */
export interface MeasureJobMessage {
  readonly job: unknown;
}

/** To the child. */
export interface MeasureRequest {
  readonly choices: readonly Choice[];
  readonly rounds: number;
}

/** From the child. `begin`: the device is about to run that candidate. After `failed` the child is of no more use. */
export type MeasureReply = { readonly ready: true } | { readonly begin: number } | { readonly outcomes: readonly Outcome[] } | { readonly failed: string };

export interface ChildMeasurerOptions {
  /** The child's module. */
  readonly module: string | URL;
  /** Options of its Node; default those of this process. */
  readonly execArgv?: readonly string[];
  /** How long one candidate may run, in milliseconds: the longest go takes far less. */
  readonly hangMilliseconds: number;
  /** How long making inputs and compiling a batch may take, in milliseconds. */
  readonly prepareMilliseconds: number;
}

/** How a batch ended: with its outcomes, or with what went wrong, at a candidate if one had begun. */
type End = { readonly outcomes: readonly Outcome[] } | { readonly at: number | undefined; readonly hung: boolean; readonly reason: string };

export class ChildMeasurer implements Disposable {
  readonly #options: ChildMeasurerOptions;
  #child: ChildProcess | undefined;
  /** What the child was told to measure on. */
  #job: unknown;
  #closed = false;

  constructor(options: ChildMeasurerOptions) {
    this.#options = options;
  }

  /** A measurer of one job, which is plain data; only the last one given may be used. It throws where the child does not come up: no candidate is to blame for that. */
  on(job: unknown): Measurer {
    return { measure: (candidates, rounds) => this.#measure(job, candidates, rounds) };
  }

  async #measure(job: unknown, candidates: readonly Candidate[], rounds: number): Promise<readonly Outcome[]> {
    if (candidates.length === 0) return [];
    const child = await this.#ready(job);
    const end = await this.#batch(child, { choices: candidates.map(({ plan, config }) => ({ plan, config })), rounds });
    if ("outcomes" in end) return end.outcomes;
    // not the candidate's fault
    if (this.#closed) throw new Error("this measurer was closed");
    this.#end();
    const { hung, reason } = end;
    if (end.at === undefined && candidates.length > 1) {
      // it happened while the batch was compiled: whose fault it is, halves tell
      const half = Math.ceil(candidates.length / 2);
      return [...(await this.#measure(job, candidates.slice(0, half), rounds)), ...(await this.#measure(job, candidates.slice(half), rounds))];
    }
    const at = end.at ?? 0;
    const fault: Outcome = { invalidity: hung ? "timeout" : end.at === undefined ? "compile" : "runtime", reason };
    const others = await this.#measure(job, candidates.toSpliced(at, 1), rounds);
    return others.toSpliced(at, 0, fault);
  }

  /** The child that runs, or a new one, told what to measure on. */
  async #ready(job: unknown): Promise<ChildProcess> {
    if (this.#closed) throw new Error("this measurer was closed");
    if (this.#child !== undefined && this.#job === job) return this.#child;
    // what it prints is for people; results come by messages
    const { module, execArgv = process.execArgv } = this.#options;
    const child = this.#child ?? fork(module, { execArgv: [...execArgv], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child = child;
    this.#job = job;
    const end = await this.#conversation(child, { job } satisfies MeasureJobMessage, (reply) => "ready" in reply);
    if (end === undefined) return child;
    this.#end();
    throw new Error(`the process that measures did not start: ${end.reason}`);
  }

  async #batch(child: ChildProcess, request: MeasureRequest): Promise<End> {
    let outcomes: readonly Outcome[] = [];
    const end = await this.#conversation(child, request, (reply) => {
      if ("outcomes" in reply) outcomes = reply.outcomes;
      return "outcomes" in reply;
    });
    return end ?? { outcomes };
  }

  /** Sends a message and listens until a reply is `last`: undefined then, else why there is none. */
  #conversation(child: ChildProcess, message: unknown, last: (reply: MeasureReply) => boolean): Promise<Exclude<End, { outcomes: unknown }> | undefined> {
    const { hangMilliseconds, prepareMilliseconds } = this.#options;
    return new Promise((resolve) => {
      let at: number | undefined;
      let timer: NodeJS.Timeout | undefined;
      const finish = (end: Exclude<End, { outcomes: unknown }> | undefined): void => {
        clearTimeout(timer);
        child.off("message", onMessage).off("exit", onExit).off("error", onError);
        resolve(end);
      };
      const fault = (reason: string, hung = false): void => finish({ at, hung, reason });
      const allow = (milliseconds: number): void => {
        clearTimeout(timer);
        timer = setTimeout(() => fault(`no end after ${milliseconds / 1000} s`, true), milliseconds);
      };
      const onExit = (code: number | null, signal: string | null): void =>
        fault(signal === null ? `its process ended with status ${code}` : `${signal} ended its process`);
      const onError = (error: Error): void => fault(error.message);
      const onMessage = (reply: MeasureReply): void => {
        if ("failed" in reply) fault(reply.failed);
        else if (last(reply)) finish(undefined);
        else if ("begin" in reply) {
          at = reply.begin;
          allow(hangMilliseconds);
        }
      };
      child.on("message", onMessage).on("exit", onExit).on("error", onError);
      allow(prepareMilliseconds);
      child.send(message as object, (error) => error && fault(`it takes no message (${error.message})`));
    });
  }

  #end(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  /** What is under way is given up: its promise rejects. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#end();
  }
}
