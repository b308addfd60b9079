/**
 * How topkit measures (docs/benchmarking.md says why): a sample is the time of one go of many calls, between two device events, divided by the calls.
 * All implementations of a shape take turns, so that a change of the machine's state touches all of them alike.
 */
import type { Gpu } from "./gpu.ts";
import type { Mode } from "./results.ts";

/** What a go should last: long against the events' resolution (0.5 us) and a graph's start (some us). */
export const GO_MILLISECONDS = 4;
/** Nodes of a graph, and calls of an eager go. */
const MOST_CALLS = 4096;

/** Something that can be timed again and again. */
export interface Timed {
  /** Calls of one go. */
  readonly calls: number;
  /** Microseconds a call, of one go. */
  sample(): Promise<number>;
  close(): void;
}

/** Enqueues one call on the i-th of `inputs` inputs. */
export interface Calls {
  readonly inputs: number;
  /** Whether all inputs together outgrow the L2 so far that using them again in one go finds nothing of them in it. */
  readonly outgrowL2: boolean;
  enqueue(input: number): void;
}

/** Calls of a go: whole turns of the inputs, as many as make it long enough. `once`: what one turn takes, in microseconds. */
export function callsOfGo(inputs: number, repeatable: boolean, once: number, goMilliseconds = GO_MILLISECONDS): number {
  const turns = repeatable ? Math.max(1, Math.round((1000 * goMilliseconds) / once)) : 1;
  return inputs * Math.max(1, Math.min(turns, Math.floor(MOST_CALLS / inputs)));
}

/** Warmed up, and ready to be sampled. */
export async function timed(gpu: Gpu, mode: Mode, calls: Calls, goMilliseconds = GO_MILLISECONDS): Promise<Timed> {
  if (mode === "eager") return eager(gpu, calls);
  return graph(gpu, mode === "graph-hot" ? { ...calls, inputs: 1, outgrowL2: true } : calls, goMilliseconds);
}

/** Calls captured in one graph. */
async function graph(gpu: Gpu, { inputs, outgrowL2, enqueue }: Calls, goMilliseconds: number): Promise<Timed> {
  const capture = (count: number) =>
    gpu.capture(() => {
      for (let call = 0; call < count; call++) enqueue(call % inputs);
    });
  const time = async (captured: ReturnType<typeof capture>): Promise<number> => gpu.time(() => gpu.launch(captured), true);

  // one call has no time of its own to be measured by
  const least = Math.max(inputs, outgrowL2 ? 16 : 1);
  let captured = capture(least);
  try {
    await time(captured);
    const turn = ((await time(captured)) * inputs) / least;
    const count = callsOfGo(inputs, outgrowL2, turn, goMilliseconds);
    if (count !== least) {
      captured.close();
      captured = capture(count);
      await time(captured);
    }
    return { calls: count, sample: async () => (await time(captured)) / count, close: () => captured.close() };
  } catch (error) {
    captured.close();
    throw error;
  }
}

/** Calls enqueued one by one: nothing runs before them, so that the slower of the two sides, host or device, is what is seen. */
async function eager(gpu: Gpu, { inputs, outgrowL2, enqueue }: Calls): Promise<Timed> {
  const go = (count: number): Promise<number> =>
    gpu.time(() => {
      for (let call = 0; call < count; call++) enqueue(call % inputs);
    }, false);
  await go(inputs);
  const count = callsOfGo(inputs, outgrowL2, await go(inputs));
  return { calls: count, sample: async () => (await go(count)) / count, close: () => {} };
}

export interface Turns {
  readonly rounds: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether the device ran slowed down since it was asked last; such samples are dropped. */
  readonly throttled?: (() => boolean) | undefined;
}

export interface Samples {
  /** Microseconds a call, a round each. */
  readonly us: readonly number[];
  /** Rounds dropped because the device was slowed down; where that leaves too few, all are kept, and this is 0. */
  readonly dropped: number;
}

/** In each round each of them once, in turn, first to last and back. Throws the signal's reason where it is given. */
export async function measureInTurns(contenders: readonly Pick<Timed, "sample">[], { rounds, signal, throttled }: Turns): Promise<Samples[]> {
  const all = contenders.map(() => [] as { us: number; slow: boolean }[]);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [...contenders.keys()] : [...contenders.keys()].reverse();
    for (const at of order) {
      signal?.throwIfAborted();
      throttled?.();
      const us = await contenders[at]!.sample();
      all[at]!.push({ us, slow: throttled?.() ?? false });
    }
  }
  return all.map((samples) => {
    const clean = samples.filter(({ slow }) => !slow);
    const kept = 2 * clean.length >= samples.length ? clean : samples;
    return { us: kept.map(({ us }) => us), dropped: samples.length - kept.length };
  });
}
