/** Plans: the chain of kernels that answers a request, and the tunables that belong to the chain. */
import type { Buffer, Buffers } from "./buffer.ts";
import { type Domains, oneOf, type ValuesOf } from "./domain.ts";
import { DTYPE_BYTES, VECTOR_BYTES } from "./element.ts";
import type { AnyConfig, AnyKernel, Shape, ShapeOf } from "./kernel.ts";
import { ceilDiv, roundUp } from "./math.ts";
import { type CallerBuffer, type Request, type RequestShape, requestShape } from "./request.ts";

/** What the surroundings decide: an environment override, in numbers. */
export interface Surroundings {
  /** TOPKIT_CANDIDATE_TARGET */
  readonly candidateTarget?: number | undefined;
}

export interface Plan {
  readonly name: string;
  /** In the order of their launches. One that has no blocks for a request is not launched. */
  readonly stages: readonly AnyKernel[];
  /** Shape values that a stage has for itself, beside those of `shape`; one entry a stage. */
  readonly passes: readonly Shape<string>[];
  readonly tune: Domains;
  /** Where the plans behind it are faster, if one of them answers: it is tried after them. */
  readonly yields?: ((request: Request) => boolean) | undefined;
  readonly untuned: (surroundings: Surroundings, request: Request) => AnyConfig;
  /** Everything that all stages may see, from the request and the plan's own config. */
  readonly shape: (request: Request, config: AnyConfig) => Shape<string>;
  /** The plan with another last kernel, which draws from the answer in place of storing it (dsl/sampling.ts). */
  readonly draws?: Plan | undefined;
}

/** A kernel of which the shape names and buffers are still known. */
type Staged<S extends string, B extends Buffers> = AnyKernel & { readonly shape: readonly S[]; readonly buffers: B };

/** A kernel in a chain, with shape values of its own: one that is launched in several passes. */
export interface Pass<K extends AnyKernel = AnyKernel, Own extends Shape<string> = Shape<string>> {
  readonly kernel: K;
  readonly own: Own;
}

export const pass = <K extends AnyKernel, N extends keyof ShapeOf<K> & string>(kernel: K, own: Shape<N>): Pass<K, Shape<N>> => ({ kernel, own });

type Link = AnyKernel | Pass;
type KernelIn<L> = L extends { readonly kernel: infer K extends AnyKernel } ? K : L;
type OwnIn<L> = L extends { readonly own: infer Own } ? keyof Own : never;
type ShapeNames<K> = K extends { readonly shape: readonly (infer S extends string)[] } ? S : never;
type Named<K, Dir> = K extends { readonly buffers: infer B extends Buffers }
  ? { [N in keyof B]: B[N] extends Buffer<infer D> ? (D extends Dir ? N : never) : never }[keyof B]
  : never;

/** The first link at fault becomes a sentence, which no kernel is assignable to. */
type Checked<Links extends readonly unknown[], Given extends string, Written = never> = Links extends readonly [infer First, ...infer Rest]
  ? [
      [Exclude<ShapeNames<KernelIn<First>>, Given | OwnIn<First>>] extends [never]
        ? [Exclude<Named<KernelIn<First>, "in">, CallerBuffer | Written>] extends [never]
          ? First
          : { error: "reads a buffer that no kernel before it writes"; buffer: Exclude<Named<KernelIn<First>, "in">, CallerBuffer | Written> }
        : { error: "takes a shape value that the plan does not give"; value: Exclude<ShapeNames<KernelIn<First>>, Given | OwnIn<First>> },
      ...Checked<Rest, Given, Written | Named<KernelIn<First>, "out" | "scratch">>,
    ]
  : [];

export interface ChainBody<Tune extends Domains, Extra extends Shape<string>> {
  readonly tune: Tune;
  readonly untuned: (surroundings: Surroundings) => ValuesOf<Tune>;
  readonly yields?: Plan["yields"];
  /** What the stages may see beside the request's own values. */
  readonly shape: (request: Request, config: ValuesOf<Tune>) => Extra;
}

/**
 * Kernels launched one after another. Each reads what the caller gave and what kernels before it wrote; buffers of one name are one region of the
 * workspace, with one extent. A kernel that is launched several times stands there several times, as `pass(kernel, {...})` where the passes differ.
 */
export function chain<const Links extends readonly Link[], Tune extends Domains, Extra extends Shape<string>>(
  name: string,
  links: Links & Checked<Links, RequestShape | (keyof Extra & string)>,
  { tune, untuned, yields, shape }: ChainBody<Tune, Extra>,
): Plan {
  const passes = (links as readonly Link[]).map((link): Pass => ("kernel" in link ? link : { kernel: link, own: {} }));
  return {
    name,
    stages: passes.map(({ kernel }) => kernel),
    passes: passes.map(({ own }) => own),
    tune,
    yields,
    untuned,
    // resolve() takes the config from `tune`'s own domains
    shape: (request, config) => ({ ...requestShape(request), ...shape(request, config as ValuesOf<Tune>) }),
  };
}

/** One kernel that gives the whole answer: it passes nothing on, so what it names is the caller's, or scratch, or state. */
export function single<S extends RequestShape, B extends Buffers>(
  name: string,
  only: Staged<S, B> &
    (Exclude<keyof B, CallerBuffer> extends Named<{ buffers: B }, "scratch" | "state">
      ? unknown
      : { error: "a single-kernel plan has no other kernel: its buffers are x, lengths, values, indices, scratch and state" }),
  yields?: Plan["yields"],
): Plan {
  return { name, stages: [only], passes: [{}], tune: {}, yields, untuned: () => ({}), shape: (request) => requestShape(request) };
}

/** A plan that can draw in its last launch. Errors: RangeError where `last` does not draw from the plan's last kernel. */
export function withDraw(plan: Plan, last: AnyKernel): Plan {
  const storing = plan.stages[plan.stages.length - 1];
  if (storing === undefined || last.drawsFrom !== storing)
    throw new RangeError(`plan "${plan.name}": "${last.name}" does not draw from "${storing?.name}", its last kernel; give the one that does`);
  return { ...plan, draws: { ...plan, stages: [...plan.stages.slice(0, -1), last] } };
}

/** A row is split into chunks; `chunks` lists of at most k candidates a row pass from the first kernel to the second. */
export type TwoStageShape = RequestShape | "chunkSize" | "chunks";

/** The first that the tuner tries; an untuned device takes `untunedTarget`. */
export const DEFAULT_CANDIDATE_TARGET = 500;

/** Below this a block has too little to read to pay for its start. */
export const MIN_CHUNK = 4096;

const twoStageTune = {
  /** How many stage-2 candidates a row should have. */
  candidateTarget: oneOf(DEFAULT_CANDIDATE_TARGET, 125, 250, 1000, 2000, 4000, 8000),
  /** Columns a block of stage 1 reads; 0 lets it follow from candidateTarget. */
  chunkSize: oneOf(0, 4096, 8192, 16384, 32768, 65536, 131072),
};

/**
 * The first kernel reduces each chunk of a row to its k best, the second makes the answer of a row's chunks.
 * `chunks = max(1, round(candidateTarget / k))`, and the chunk size follows, unless the config pins `chunkSize`.
 * A chunk is a whole number of vectors, holds at least k columns, and unless pinned at least MIN_CHUNK.
 */
export function twoStage<S1 extends TwoStageShape, B1 extends Buffers, S2 extends TwoStageShape, B2 extends Buffers>(
  name: string,
  first: Staged<S1, B1>,
  second: Staged<S2, B2> &
    ([Exclude<Named<{ buffers: B2 }, "in">, CallerBuffer | Named<{ buffers: B1 }, "out" | "scratch">>] extends [never]
      ? unknown
      : { error: "the second kernel reads a buffer that the first does not write" }),
  yields?: Plan["yields"],
): Plan {
  return {
    name,
    stages: [first, second],
    passes: [{}, {}],
    tune: twoStageTune,
    yields,
    untuned: ({ candidateTarget }, request) => ({ candidateTarget: candidateTarget ?? untunedTarget(request), chunkSize: 0 }),
    shape: (request, config) => ({ ...requestShape(request), ...chunking(request, config as ValuesOf<typeof twoStageTune>) }),
  };
}

/** Four blocks for each multiprocessor of an H100 or H200 (docs/log/twostage.md): that many chunks in all keep the device busy. */
const WANTED_CHUNKS = 528;

/** More lists a row are dearer in stage 2 than longer chunks are in stage 1; the lists of either second stage for k > 256 are of 1024 words. */
const mostChunks = (k: number): number => (k <= 256 ? Math.floor(4000 / k) : 6);

/** As many candidates as chunks that fill the device leave: few rows are cut into many chunks, many rows into one. */
export const untunedTarget = ({ rows, k }: Pick<Request, "rows" | "k">): number =>
  k * Math.min(mostChunks(k), Math.max(1, Math.round(WANTED_CHUNKS / Math.max(1, rows))));

/** The formula above; exported for the docs' table and the tests. */
export function chunking(
  { cols, k, dtype }: Pick<Request, "cols" | "k" | "dtype">,
  { candidateTarget, chunkSize: pinned }: { readonly candidateTarget: number; readonly chunkSize: number },
): Shape<"chunkSize" | "chunks"> {
  const wanted = Math.max(1, Math.round(candidateTarget / k));
  const least = pinned > 0 ? k : Math.max(k, MIN_CHUNK);
  const vector = VECTOR_BYTES / DTYPE_BYTES[dtype];
  const chunkSize = roundUp(Math.max(least, pinned > 0 ? pinned : ceilDiv(cols, wanted)), vector);
  return { chunkSize, chunks: ceilDiv(cols, chunkSize) };
}
