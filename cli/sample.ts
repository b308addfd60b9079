/** `topkit sample`: draws a token from each row of a file of logits. */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Dtype } from "../dsl/index.ts";
import { TopkitError } from "../runtime/errors.ts";
import { BACKENDS } from "../runtime/host-input.ts";
import { sample } from "../runtime/index.ts";
import { makeFolder } from "../runtime/make-folder.ts";
import { FRACTION, type Range, UNBOUNDED } from "../runtime/sample-input.ts";
import type { Backend, SampleResult } from "../runtime/types.ts";
import { DEMO, readLengths, readSource } from "./load-input.ts";
import { writeNpy } from "./npy.ts";
import { dtypeOption, integerOption, jsonOption } from "./options.ts";
import { log, print, printJson } from "./status.ts";

interface SampleOptions {
  readonly input?: string;
  readonly demo?: boolean;
  readonly tensor?: string;
  readonly lengths?: string;
  readonly k?: number;
  readonly topP: number;
  readonly minP: number;
  readonly temperature: number;
  readonly seed?: bigint;
  readonly offset: bigint;
  readonly dtype?: Dtype;
  readonly backend: Backend;
  readonly logprobs?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export const sampleCommand = (): Command =>
  new Command("sample")
    .description("draw a token from each row of a .npy or .safetensors file of logits, or of made-up ones (--demo)")
    .option("--input <file>", "rows x cols: .npy (f4, f2, or u2 with --dtype) or .safetensors (F32, F16, BF16); leading dimensions flatten to rows")
    .option("--demo", `draw from ${DEMO.rows} x ${DEMO.cols} logits of its own`)
    .option("--tensor <name>", "the tensor of a .safetensors file; needed where there are several")
    .option("--lengths <file>", ".npy of int32: where each row ends")
    .addOption(integerOption("--k <k>", `the k greatest of each row may be drawn; ${DEMO.k} in the demo`, 1))
    .addOption(numberOption("--temperature <t>", "0 takes the best", 1, UNBOUNDED))
    .addOption(numberOption("--top-p <p>", "keep the shortest prefix of the k with at least this part of their mass", 1, FRACTION))
    .addOption(numberOption("--min-p <p>", "keep those at least this part as likely as the best", 0, FRACTION))
    .addOption(wordOption("--seed <s>", "the same seed and offset draw the same; default: one that nobody chose, which is shown"))
    .addOption(wordOption("--offset <o>", "the first row's; row r has offset + r").default(0n, "0"))
    .addOption(dtypeOption("what uint16 data is; the demo's dtype"))
    .addOption(new Option("--backend <backend>", "auto: the GPU where one can be used, else the CPU").choices(BACKENDS).default("auto"))
    .option("--logprobs", "the tokens' log-probabilities too")
    .option("--out <dir>", "write tokens.npy, and with --logprobs logprobs.npy, there")
    .addOption(jsonOption())
    .action((options: SampleOptions) => draw(options));

function numberOption(flags: string, description: string, otherwise: number, { holds, allowed }: Range): Option {
  return new Option(flags, description).default(otherwise).argParser((text) => {
    const value = Number(text);
    if (text.trim() === "" || !holds(Math.fround(value))) throw new InvalidArgumentError(`It is ${allowed}.`);
    return value;
  });
}

function wordOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 2n ** 64n) throw new InvalidArgumentError("It is an integer from 0 to 2^64-1.");
    return BigInt(text);
  });
}

async function draw(options: SampleOptions): Promise<void> {
  const { temperature, topP, minP, offset, backend, logprobs = false, seed = randomBytes(8).readBigUInt64LE() } = options;
  const { input, k } = await readSource("sample", options);
  const lengths = options.lengths === undefined ? {} : { lengths: await readLengths(options.lengths) };
  log(`${input.title}: ${input.dims.join(" x ")} ${input.dtype}, k ${k}, seed ${seed}`);
  const settings = { k, temperature, topP, minP, seed, offset };
  const drawn = await sample({ data: input.data, dims: input.dims }, { ...settings, ...lengths, dtype: input.dtype, backend, logprobs });
  if (options.out !== undefined) await writeResults(options.out, drawn);
  if (options.json) printJson({ input: input.title, dtype: input.dtype, ...settings, dims: drawn.dims, backend: drawn.backend, ...listed(drawn) });
  else for (const line of asText(drawn, seed)) print(line);
}

/** JSON has no NaN. */
const listed = ({ tokens, logprobs }: SampleResult): object => ({
  tokens: [...tokens],
  ...(logprobs && { logprobs: Array.from(logprobs, (value) => (Number.isFinite(value) ? value : String(value))) }),
});

const ROWS_SHOWN = 16;

function asText({ tokens, logprobs, backend }: SampleResult, seed: bigint): string[] {
  const lines = Array.from(tokens.subarray(0, ROWS_SHOWN), (token, row) => {
    const logprob = logprobs === undefined ? "" : `  logprob ${Number(logprobs[row]!.toPrecision(6))}`;
    return `row ${String(row).padEnd(4)} token ${String(token).padStart(8)}${logprob}`;
  });
  if (tokens.length > ROWS_SHOWN) lines.push(`... ${tokens.length - ROWS_SHOWN} more rows`);
  return [`ran on   ${backend}`, `seed     ${seed}`, "", ...lines];
}

async function writeResults(folder: string, { tokens, logprobs, dims }: SampleResult): Promise<void> {
  await makeFolder(path.resolve(folder)).catch((cause: Error) => {
    throw new TopkitError("TK506", `${folder} cannot be made: ${cause.message}; give a folder that can be written`, { folder }, { cause });
  });
  await writeNpy(path.join(folder, "tokens.npy"), { type: "<i4", shape: dims, data: tokens });
  if (logprobs !== undefined) await writeNpy(path.join(folder, "logprobs.npy"), { type: "<f4", shape: dims, data: logprobs });
  log(`wrote tokens.npy${logprobs === undefined ? "" : " and logprobs.npy"} to ${folder}`);
}
