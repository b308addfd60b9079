/** Plans: the chain of kernels that answers a request, and the tunables that belong to the chain. */
import type { Buffer, Buffers } from "./buffer.ts";
import { type Domains, oneOf, type ValuesOf } from "./domain.ts";
import { DTYPE_BYTES, VECTOR_BYTES } from "./element.ts";
import type { AnyConfig, AnyKernel, Shape } from "./kernel.ts";
import { ceilDiv, roundUp } from "./math.ts";
import { type CallerBuffer, type Request, type RequestShape, requestShape } from "./request.ts";

/** What the surroundings decide: an environment override, in numbers. */
export interface Surroundings {
  /** TOPKIT_CANDIDATE_TARGET */
  readonly candidateTarget?: number | undefined;
}

export interface Plan {
  readonly name: string;
  /** In the order of their launches. */
  readonly stages: readonly AnyKernel[];
  readonly tune: Domains;
  /** Where the plans behind it are faster, if one of them answers: it is tried after them. */
  readonly yields?: ((request: Request) => boolean) | undefined;
  readonly untuned: (surroundings: Surroundings, request: Request) => AnyConfig;
  /** Everything that the stages may see, from the request and the plan's own config. */
  readonly shape: (request: Request, config: AnyConfig) => Shape<string>;
}

/** A kernel of which the shape names and buffers are still known. */
type Staged<S extends string, B extends Buffers> = AnyKernel & { readonly shape: readonly S[]; readonly buffers: B };

type Written<B extends Buffers> = { [N in keyof B]: B[N] extends Buffer<"out", boolean> ? N : never }[keyof B];
type Read<B extends Buffers> = { [N in keyof B]: B[N] extends Buffer<"in", boolean> ? N : never }[keyof B];

/** One kernel that gives the whole answer: it may name the caller's buffers only. */
export function single<S extends RequestShape, B extends Buffers>(
  name: string,
  only: Staged<S, B> & (keyof B extends CallerBuffer ? unknown : { error: "a single-kernel plan has no workspace: buffers are x, lengths, values, indices" }),
  yields?: Plan["yields"],
): Plan {
  return { name, stages: [only], tune: {}, yields, untuned: () => ({}), shape: (request) => requestShape(request) };
}

/** A row is split into chunks; `chunks` lists of at most k candidates a row pass from the first kernel to the second. */
export type TwoStageShape = RequestShape | "chunkSize" | "chunks";

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
    ([Exclude<Read<B2>, CallerBuffer | Written<B1>>] extends [never] ? unknown : { error: "the second kernel reads a buffer that the first does not write" }),
): Plan {
  return {
    name,
    stages: [first, second],
    tune: twoStageTune,
    untuned: ({ candidateTarget }, request) => ({ candidateTarget: candidateTarget ?? untunedTarget(request), chunkSize: 0 }),
    shape: (request, config) => ({ ...requestShape(request), ...chunking(request, config as ValuesOf<typeof twoStageTune>) }),
  };
}

/** Four blocks for each multiprocessor of an H100 or H200: that many chunks in all keep the device busy. */
const WANTED_CHUNKS = 528;
/** More candidates a row are dearer in stage 2 than what longer chunks cost in stage 1. */
const MAX_CANDIDATES = 4000;

/** As many candidates as chunks that fill the device leave: few rows are cut into many chunks, many rows into one. */
export const untunedTarget = ({ rows, k }: Pick<Request, "rows" | "k">): number =>
  Math.min(MAX_CANDIDATES, k * Math.max(1, Math.round(WANTED_CHUNKS / Math.max(1, rows))));

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
