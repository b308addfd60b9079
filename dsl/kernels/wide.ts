/** What the two kernels of wide_select agree on: how a row is sampled, and how many blocks share it. */
import { oneOf, type ValuesOf } from "../domain.ts";
import { DTYPE_BYTES, VECTOR_BYTES } from "../element.ts";
import type { Shape } from "../kernel.ts";
import { ceilDiv, nextPow2 } from "../math.ts";
import type { Request } from "../request.ts";
import { spanOf } from "../request.ts";

/** Threads of a block that samples. */
export const SAMPLER_THREADS = 256;
const SAMPLER_WARPS = SAMPLER_THREADS / 32;

/** Most that k may be: a half of the most delegates, so that about 1.4 times k elements of the sample reach the bar. */
export const MOST_K = 2048;
export const MOST_GROUPS = 4096;

/** Blocks that sample, of all rows together, at most: a power of two, about two a multiprocessor. */
const SAMPLERS = 256;

/** Another block samples for each of these of a row: with less to read it does not pay for its start. */
const SAMPLER_BYTES = 16384;

/** Slots that a thread samples at most: beyond 16 MiB of a row, reading more costs more than it saves. */
const MOST_SLOTS = 16;

/** Below this a block has too little to read to pay for its list. */
const LEAST_PART = 4096;

export const MOST_PARTS = 528;

export const wideTune = {
  /** Blocks that stream, of all rows together: as many as a device runs at once, or an even part of it. */
  streamers: oneOf(132, 66, 264, 396, MOST_PARTS),
  /** Elements of a sample, as a multiple of the square root of cols x k (see `wideShape`). */
  sample: oneOf(64, 1, 4, 16, 32, 128),
};

export const wideUntuned = { streamers: 132, sample: 64 } as const;

/**
 * - `groups` delegates a row, each the best of a group of the sample: eight times k, where there may be so many, so that few groups hold two of the k best, and
 *   one a warp that samples at least;
 * - `samplers` blocks a row sample, no more than have a slot a thread to read and pay for their start; a group is a power of two of a warp's threads;
 * - `sampleSlots`: 16-byte slots a thread samples. Where s of n elements are sampled, about k n / s pass the bar: reading s and selecting among those cost least in
 *   sum at s in proportion to sqrt(n k);
 * - `parts` blocks a row stream it.
 */
export function wideShape(
  { rows, cols, k, dtype }: Request,
  { streamers, sample }: ValuesOf<typeof wideTune>,
): Shape<"samplers" | "groups" | "sampleSlots" | "parts"> {
  const least = Math.min(Math.max(SAMPLER_THREADS, nextPow2(8 * k)), MOST_GROUPS);
  const wanted = (sample * Math.sqrt(cols * k) * DTYPE_BYTES[dtype]) / (SAMPLER_THREADS * VECTOR_BYTES);
  const worthwhile = nextPow2(Math.floor((cols * DTYPE_BYTES[dtype]) / SAMPLER_BYTES / 2) + 1);
  const samplers = Math.max(least / SAMPLER_THREADS, Math.min(nearestPow2(wanted), worthwhile, SAMPLERS / nextPow2(rows)));
  return {
    samplers,
    groups: Math.max(least, samplers * SAMPLER_WARPS),
    sampleSlots: Math.min(nearestPow2(wanted / samplers), MOST_SLOTS),
    parts: Math.max(1, Math.min(Math.floor(streamers / Math.max(1, rows)), ceilDiv(cols, LEAST_PART))),
  };
}

/** By ratio; 1 at least. */
const nearestPow2 = (value: number): number => nextPow2(Math.ceil(value / Math.SQRT2));

type Wide = Shape<"rows" | "cols" | "k" | "rowStride" | "samplers" | "groups" | "parts">;

/** Elements of the buffers that both kernels see. */
export const sharedExtents = (shape: Pick<Wide, "rows" | "cols" | "rowStride" | "groups">) => ({
  x: spanOf(shape),
  lengths: shape.rows,
  delegates: shape.rows * shape.groups,
});
