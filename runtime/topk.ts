/** topk(): host in, host out. */
import type { HostJob } from "./backend.ts";
import { onFirst } from "./backends.ts";
import { newArray } from "./check.ts";
import { TopkitError } from "./errors.ts";
import { checkHostInput, type HostInput } from "./host-input.ts";
import type { HostArray, HostTensor, IndexArray, TopkOptions, TopkResult } from "./types.ts";

/**
 * The k greatest (or least) elements of each row, best first, ties to the smaller index; the same bits on every backend.
 * x is rows x cols and must stay as it is until the promise settles. Rejects with TopkitError: TK1xx for arguments, nothing computed;
 * TK2xx where the backend cannot be used; TK3xx where it failed. Never blocks the event loop for the computation.
 */
export async function topk(x: HostArray | HostTensor, options: TopkOptions): Promise<TopkResult> {
  const input = checkHostInput(x, options);
  const job = makeJob(input);
  const backend = await onFirst(input.backend, (device) => device.hostTopk(job));
  return { values: job.values, indices: job.indices, dims: input.dims, dtype: input.request.dtype, backend };
}

/** Errors: TK303 where the results do not fit memory. */
export function makeJob({ request, data, lengths }: HostInput): HostJob {
  const { rows, k, dtype, indexBytes } = request;
  try {
    const values = newArray(dtype, rows * k) as HostArray;
    const indices = newArray(indexBytes === 8 ? "i64" : "i32", rows * k) as IndexArray;
    return { request, data, lengths, values, indices };
  } catch (cause) {
    throw new TopkitError(
      "TK303",
      `results of ${rows} rows x k ${k} do not fit memory (${(cause as Error).message}); give fewer rows at a time`,
      { rows, k },
      { cause },
    );
  }
}
