/** `topkit run`: top-k of a file, or of logits of its own. */
import path from "node:path";
import { Command, Option } from "commander";
import { rawBits, referenceTopk } from "../bench/reference.ts";
import type { Dtype } from "../dsl/index.ts";
import { toNumber } from "../dsl/rounding.ts";
import { TopkitError } from "../runtime/errors.ts";
import { BACKENDS, checkHostInput, type HostInput } from "../runtime/host-input.ts";
import { makeFolder } from "../runtime/make-folder.ts";
import type { Backend, ConfigValues } from "../runtime/types.ts";
import { compute, type Outcome } from "./compute.ts";
import { DEMO, type Input, readLengths, readSource } from "./load-input.ts";
import { writeNpy } from "./npy.ts";
import { configOption, dtypeOption, freeze, frozenOption, integerOption, jsonOption } from "./options.ts";
import { picture } from "./picture.ts";
import { log, print, printJson } from "./status.ts";

interface RunOptions {
  readonly input?: string;
  readonly demo?: boolean;
  readonly tensor?: string;
  readonly lengths?: string;
  readonly k?: number;
  readonly dtype?: Dtype;
  readonly backend: Backend;
  readonly seed?: number;
  readonly smallest?: boolean;
  readonly int64?: boolean;
  readonly plan?: string;
  readonly config?: ConfigValues;
  readonly out?: string;
  readonly frozen?: boolean;
  readonly json?: boolean;
}

export const runCommand = (): Command =>
  new Command("run")
    .description("exact top-k of a .npy or .safetensors file, or of made-up logits (--demo)")
    .option("--input <file>", "rows x cols: .npy (f4, f2, or u2 with --dtype) or .safetensors (F32, F16, BF16); leading dimensions flatten to rows")
    .option("--demo", `make ${DEMO.rows} x ${DEMO.cols} logits, and check the result against the reference`)
    .option("--tensor <name>", "the tensor of a .safetensors file; needed where there are several")
    .option("--lengths <file>", ".npy of int32: where each row ends")
    .addOption(integerOption("--k <k>", `how many of each row; ${DEMO.k} in the demo`, 1))
    .addOption(dtypeOption("what uint16 data is; the demo's dtype"))
    .addOption(new Option("--backend <backend>", "auto: the GPU where one can be used, else the CPU").choices(BACKENDS).default("auto"))
    .addOption(integerOption("--seed <n>", "with --backend emulate: a random schedule, the same for the same seed"))
    .option("--smallest", "the least, least first")
    .option("--int64", "indices as 64-bit integers")
    .option("--plan <name>", "force a plan")
    .addOption(configOption())
    .option("--out <dir>", "write values.npy and indices.npy there")
    .addOption(frozenOption())
    .addOption(jsonOption())
    .action((options: RunOptions) => run(options));

async function run(options: RunOptions): Promise<void> {
  freeze(options.frozen);
  checkCombination(options);
  if (options.seed !== undefined) process.env.TOPKIT_EMULATE_SEED = String(options.seed);
  const { demo = false, plan, config } = options;
  const { input, k } = await readSource("run", options);
  const lengths = options.lengths === undefined ? undefined : await readLengths(options.lengths);
  const job = checkHostInput(
    { data: input.data, dims: input.dims },
    { k, dtype: input.dtype, lengths, order: options.smallest ? "smallest" : "largest", indices: options.int64 ? "i64" : "i32", backend: options.backend },
  );
  log(`${input.title}: ${job.request.rows} x ${job.request.cols} ${input.dtype}, k ${job.request.k}`);
  const outcome = await compute(job, plan === undefined ? undefined : { plan, ...(config === undefined ? {} : { config }) });
  if (demo) checkExact(job, outcome);
  if (options.out !== undefined) await writeResults(options.out, job, outcome);
  if (options.json) printJson(asJson(input, job, outcome, demo));
  else for (const line of asText(job, outcome, demo)) print(line);
}

function checkCombination({ config, plan, seed, backend }: RunOptions): void {
  const wrong = (message: string): TopkitError => new TopkitError("TK101", message);
  if (config !== undefined && plan === undefined) throw wrong("--config is given without --plan; name the plan that it is for");
  if (seed !== undefined && backend !== "emulate") throw wrong("--seed is given without --backend emulate; only the emulator has random schedules");
}

/** Errors: a plain Error where the result differs, which is a bug of topkit. */
function checkExact({ request, data, lengths }: HostInput, { values, indices }: Outcome): void {
  const { rows, cols, k, dtype, order, rowStride } = request;
  const expected = referenceTopk({ data, rows, cols, k, rowStride, dtype, order, ...(lengths === null ? {} : { lengths }) });
  const found = rawBits(values);
  const wanted = rawBits(expected.values);
  const place = wanted.findIndex((bits, at) => bits !== found[at] || expected.indices[at] !== Number(indices[at]));
  if (place >= 0) {
    const at = `row ${Math.floor(place / k)}, place ${place % k}`;
    throw new Error(
      `the result differs from the reference at ${at}: index ${indices[place]} instead of ${expected.indices[place]}; please report this as a bug`,
    );
  }
}

const NPY_TYPES = { f32: "<f4", f16: "<f2", bf16: "<u2" } as const;

async function writeResults(folder: string, { dims, request }: HostInput, { values, indices }: Outcome): Promise<void> {
  await makeFolder(path.resolve(folder)).catch((cause: Error) => {
    throw new TopkitError("TK506", `${folder} cannot be made: ${cause.message}; give a folder that can be written`, { folder }, { cause });
  });
  await writeNpy(path.join(folder, "values.npy"), { type: NPY_TYPES[request.dtype], shape: dims, data: values });
  await writeNpy(path.join(folder, "indices.npy"), { type: indices instanceof Int32Array ? "<i4" : "<i8", shape: dims, data: indices });
  log(`wrote values.npy and indices.npy to ${folder}`);
}

function asText({ request }: HostInput, outcome: Outcome, checked: boolean): string[] {
  const { explain, backend, device, arch, firstMs, steady } = outcome;
  const config = (values: ConfigValues): string =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  const kernels = explain.kernels.map(({ name, config: values }) => `${name}${Object.keys(values).length === 0 ? "" : ` (${config(values)})`}`).join(" -> ");
  return [
    `ran on     ${backend}: ${device}, ${arch}`,
    `plan       ${explain.plan}${Object.keys(explain.config).length === 0 ? "" : ` (${config(explain.config)})`}, ${explain.source}`,
    `kernels    ${kernels}`,
    `first call ${milliseconds(firstMs)}, ${backend === "cpu" ? "" : "kernels compiled or found in the cache, "}data copied in and results out`,
    steady === undefined
      ? "           which says nothing of a GPU's speed: the emulator is for correctness only"
      : `then       ${milliseconds(steady.steadyMs)}, median of ${steady.repeats} runs on data in place, each enqueued and waited for`,
    ...(checked ? ["checked    bit for bit against the reference: equal"] : []),
    "",
    ...picture({ ...outcome, dtype: request.dtype, rows: request.rows, k: request.k }),
  ];
}

const milliseconds = (time: number): string => `${time < 10 ? time.toFixed(3) : time.toFixed(1)} ms`;

const JSON_ROWS = 4;

function asJson(input: Input, { request, dims }: HostInput, outcome: Outcome, checked: boolean): object {
  const { values, indices, firstMs, steady, ...ran } = outcome;
  const { rows, cols, k, dtype, order } = request;
  const firstRows = Array.from({ length: Math.min(rows, JSON_ROWS) }, (_, row) => ({
    // JSON has no NaN and no infinity
    values: Array.from(values.subarray(row * k, (row + 1) * k), (element) => toNumber(dtype, element)).map((value) =>
      Number.isFinite(value) ? value : String(value),
    ),
    indices: Array.from(indices.subarray(row * k, (row + 1) * k), Number),
  }));
  return { input: input.title, rows, cols, k, dtype, order, dims, ...ran, firstMs, ...steady, ...(checked ? { exact: true } : {}), firstRows };
}
