/** sample(): logits on the host in, tokens out. */
import type { HostSampleJob } from "./backend.ts";
import { onFirst } from "./backends.ts";
import { newArray } from "./check.ts";
import { TopkitError } from "./errors.ts";
import { checkSampleInput, type SampleInput } from "./sample-input.ts";
import type { Dtype, HostArray, HostTensor, SampleOptions, SampleResult } from "./types.ts";

/**
 * Draws a token from each row: of its k greatest elements as logits, divided by a temperature, cut by top-p and min-p. docs/contract.md says each step
 * ("Sampling"); every backend draws the same, bit for bit, and a row draws the same whatever stands beside it. x is rows x cols and must stay as it is until
 * the promise settles. Rejects with TopkitError: TK1xx for arguments, nothing computed; TK2xx where the backend cannot be used; TK3xx where it failed.
 */
export async function sample(x: HostArray | HostTensor, options: SampleOptions): Promise<SampleResult> {
  const given = checkSampleInput(x, options);
  const job = makeSampleJob(given, given.input.request.dtype);
  const backend = await onFirst(given.input.backend, (device) => device.hostSample(job));
  return resultOf(job, given, backend);
}

export const resultOf = (
  { tokens, logprobs, kept, indices, candidateLogprobs }: HostSampleJob,
  { input }: SampleInput,
  backend: SampleResult["backend"],
): SampleResult => ({
  tokens,
  ...(logprobs && { logprobs }),
  ...(kept && candidateLogprobs && { candidates: { kept, indices, logprobs: candidateLogprobs } }),
  dims: input.dims.slice(0, -1),
  backend,
});

/** `dtype` is that of the top-k's values. Errors: TK303 where the results do not fit memory. */
export function makeSampleJob({ input, parameters, logprobs, candidates }: SampleInput, dtype: Dtype): HostSampleJob {
  const { request, data, lengths } = input;
  const { rows, k } = request;
  try {
    return {
      ...{ request, data, lengths, ...parameters },
      values: newArray(dtype, rows * k) as HostArray,
      indices: new Int32Array(rows * k),
      tokens: new Int32Array(rows),
      logprobs: logprobs ? new Float32Array(rows) : null,
      kept: candidates ? new Int32Array(rows) : null,
      candidateLogprobs: candidates ? new Float32Array(rows * k) : null,
    };
  } catch (cause) {
    throw new TopkitError(
      "TK303",
      `the candidates of ${rows} rows, k ${k}, do not fit memory (${(cause as Error).message}); give fewer rows at a time`,
      { rows, k },
      { cause },
    );
  }
}
