/** The command line's options. */
import { parseArgs } from "node:util";
import type { Generation } from "./generate.ts";
import { encode } from "./text.ts";

export interface Options {
  readonly prompt: string;
  readonly logits: "float32" | "float16";
  readonly generation: Generation;
}

/** Errors: TypeError for an option that there is not, RangeError for a value that it cannot have; ranges of k, temperature and top-p are sample()'s to say. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      prompt: { type: "string", default: "the " },
      batch: { type: "string", default: "4" },
      steps: { type: "string", default: "60" },
      k: { type: "string", default: "10" },
      temperature: { type: "string", default: "0.8" },
      "top-p": { type: "string", default: "0.95" },
      seed: { type: "string", default: "1" },
      half: { type: "boolean", default: false },
    },
  });
  const whole = (name: "batch" | "steps" | "k" | "seed"): string => {
    if (/^[0-9]{1,20}$/.test(values[name])) return values[name];
    throw new RangeError(`--${name} is "${values[name]}"; give a whole number`);
  };
  return {
    prompt: values.prompt,
    logits: values.half ? "float16" : "float32",
    generation: {
      prompt: encode(values.prompt),
      batch: Number(whole("batch")),
      steps: Number(whole("steps")),
      k: Number(whole("k")),
      temperature: Number(values.temperature),
      topP: Number(values["top-p"]),
      seed: BigInt(whole("seed")),
    },
  };
}
