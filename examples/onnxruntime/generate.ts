/** The decoding loop: ask the model, draw a token for each row, append it, again. */
import { type InferenceSession, Tensor } from "onnxruntime-node";
import { type SampleOptions, sample } from "topkit";
import { lastLogits } from "./last-logits.ts";

export interface Generation extends Pick<SampleOptions, "k" | "temperature" | "topP" | "minP" | "backend"> {
  /** At least one token; every row begins with it. */
  readonly prompt: readonly number[];
  readonly batch: number;
  /** How many tokens each row gets. */
  readonly steps: number;
  /** The same seed draws the same tokens from the same logits, on every machine and backend. */
  readonly seed: bigint;
}

/** `batch` rows of `steps` tokens. Errors: TopkitError for settings that sample() refuses, RangeError for an empty prompt, and for logits that nothing can be drawn from. */
export async function generate(session: InferenceSession, { prompt, batch, steps, ...settings }: Generation): Promise<number[][]> {
  if (prompt.length === 0) throw new RangeError("the prompt is empty; give one token or more");
  const rows = Array.from({ length: batch }, () => [...prompt]);
  for (let step = 0; step < steps; step++) {
    const ids = new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [batch, prompt.length + step]);
    const { logits } = await session.run({ ids });
    const { data, layout } = lastLogits(logits);
    // each draw has an offset of its own: row r of a step has this one + r
    const offset = BigInt(step) * BigInt(batch);
    const { tokens } = await sample(data, { ...settings, ...layout, offset });
    tokens.forEach((token, row) => {
      if (token < 0) throw new RangeError(`step ${step}: row ${row} of the logits has a NaN, or nothing above -inf; look at the model`);
      rows[row]!.push(token);
    });
  }
  return rows.map((row) => row.slice(prompt.length));
}
