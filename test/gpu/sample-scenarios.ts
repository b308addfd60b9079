/** Drawing tokens: samplePlan() and sample() against the oracle, bit for bit, and their frequencies against the softmax. */
import { random } from "../../bench/random.ts";
import { referenceTopk } from "../../bench/reference.ts";
import type { Dtype } from "../../dsl/index.ts";
import { type Device, type DeviceTensor, sample } from "../../runtime/index.ts";
import { CHI_SQUARE_LIMIT, chiSquare, softmax } from "../support/chi-square.ts";
import { differenceOfSamples, expectedSample, type SampleRows, sampleRows } from "../support/sample-rows.ts";
import { DTYPES, type Scenario, type SuiteBackend, scoped } from "./case.ts";
import { type DrawCase, drawCases } from "./cases-draws.ts";
import { Mismatch } from "./check.ts";

type Own = <D extends Disposable>(disposable: D) => D;

interface SampleShape {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly quick?: boolean;
}

/**
 * By what answers their top-k on a Hopper device: warps, a network, radix, two stages; clusters and blocks, which draw in their own launch, blocks of
 * one row and of several; one tile of candidates, and several.
 */
const SHAPES: readonly SampleShape[] = [
  { rows: 64, cols: 200, k: 1, quick: true },
  { rows: 200, cols: 300, k: 64, quick: true },
  { rows: 50, cols: 1000, k: 700, quick: true },
  { rows: 7, cols: 4000, k: 2500, quick: true },
  { rows: 3, cols: 4200, k: 1, quick: true },
  { rows: 5, cols: 9000, k: 256, quick: true },
  { rows: 70, cols: 9000, k: 60, quick: true },
  { rows: 300, cols: 9000, k: 256 },
  { rows: 1, cols: 50304, k: 50 },
  { rows: 32, cols: 50304, k: 200 },
  { rows: 64, cols: 32000, k: 128 },
  { rows: 128, cols: 32000, k: 129 },
  { rows: 3, cols: 151936, k: 1000 },
  { rows: 2, cols: 300001, k: 40 },
  { rows: 2, cols: 30000, k: 12000 },
];

/** Elements of x above which a shape is left to the GPU. */
const CPU_ELEMENTS = 70_000;

export function sampleScenarios(backend: SuiteBackend): Scenario[] {
  const shapes = SHAPES.filter(({ rows, cols }) => backend === "cuda" || rows * cols <= CPU_ELEMENTS);
  const draws = shapes.flatMap(({ quick = false, ...shape }) =>
    DTYPES.map(
      (dtype): Scenario => ({
        group: "sampling",
        name: `samplePlan() of ${shape.rows}x${shape.cols} k${shape.k} ${dtype}`,
        quick,
        run: ({ device }) => scoped((own) => draw(device, own, { ...shape, dtype })),
      }),
    ),
  );
  const more: Scenario[] = [
    { group: "sampling", name: "sample(), host in and host out", quick: true, run: () => onHost(backend) },
    { group: "sampling", name: "only tokens asked for, no parameters", quick: true, run: ({ device }) => scoped((own) => least(device, own)) },
    { group: "sampling", name: "a captured draw, again with other offsets", quick: true, run: ({ device }) => scoped((own) => replayed(device, own)) },
  ];
  const frequencies = [4, 10, 20].map(
    (k): Scenario => ({ group: "sampling", name: `${k} candidates follow the softmax`, run: () => followsSoftmax(backend, k) }),
  );
  const texts = drawCases().map(
    (c): Scenario => ({
      group: "drawing texts",
      name: `${c.symbol} of ${c.rows}x${c.cols} k${c.k}`,
      quick: c.quick,
      run: ({ device }) => scoped((own) => draw(device, own, c)),
    }),
  );
  return [...draws, ...more, ...frequencies, ...(backend === "cuda" ? texts : [])];
}

interface Tensors {
  readonly x: DeviceTensor;
  readonly parameters: Readonly<Record<"temperature" | "topP" | "minP" | "seeds" | "offsets", DeviceTensor>>;
  readonly out: {
    readonly tokens: DeviceTensor;
    readonly logprobs: DeviceTensor;
    readonly candidates: Readonly<Record<"kept" | "indices" | "logprobs", DeviceTensor>>;
  };
}

const signed = (words: BigUint64Array): BigInt64Array => new BigInt64Array(words.buffer, words.byteOffset, words.length);

function tensorsOf(device: Device, own: Own, given: SampleRows): Tensors {
  const { rows, cols, k, dtype, data, temperature, topP, minP, seeds, offsets } = given;
  const numbers = (array: Float32Array): DeviceTensor => own(device.tensor(array, { shape: [rows, 1], dtype: "f32" }));
  const words = (array: BigUint64Array): DeviceTensor => own(device.tensor(signed(array), { shape: [rows, 1], dtype: "i64" }));
  const empty = (width: number, of: "i32" | "f32"): DeviceTensor => own(device.empty([rows, width], of));
  return {
    x: own(device.tensor(data, { shape: [rows, cols], dtype })),
    parameters: { temperature: numbers(temperature), topP: numbers(topP), minP: numbers(minP), seeds: words(seeds), offsets: words(offsets) },
    out: { tokens: empty(1, "i32"), logprobs: empty(1, "f32"), candidates: { kept: empty(1, "i32"), indices: empty(k, "i32"), logprobs: empty(k, "f32") } },
  };
}

async function check({ out }: Tensors, given: SampleRows): Promise<void> {
  const { tokens, logprobs, candidates } = out;
  const answer = {
    tokens: (await tokens.toHost()) as Int32Array,
    logprobs: (await logprobs.toHost()) as Float32Array,
    kept: (await candidates.kept.toHost()) as Int32Array,
    candidateLogprobs: (await candidates.logprobs.toHost()) as Float32Array,
  };
  const difference = differenceOfSamples(answer, expectedSample(given));
  if (difference !== undefined) throw new Mismatch(difference);
  const indices = (await candidates.indices.toHost()) as Int32Array;
  const at = indices.findIndex((index, place) => index !== given.indices[place]);
  if (at >= 0) throw new Mismatch(`candidate ${at} is column ${indices[at]}, not ${given.indices[at]}`);
}

async function draw(device: Device, own: Own, shape: SampleShape & { readonly dtype: Dtype } & Partial<DrawCase>): Promise<void> {
  const { rows, cols, k, dtype, force, symbol } = shape;
  const given = sampleRows(random(rows, cols), { ...shape, invalid: true, topk: referenceTopk });
  const plan = own(await device.samplePlan({ rows, cols, k, dtype, ...(force && { force }) }));
  const drew = plan.explain.kernels.at(-1)!.name;
  if (symbol?.startsWith(`${drew}_`) === false) throw new Mismatch(`${symbol} was forced; ${drew} drew`);
  const tensors = tensorsOf(device, own, given);
  plan.run(tensors.x, tensors.parameters, tensors.out);
  await check(tensors, given);
}

async function least(device: Device, own: Own): Promise<void> {
  const [rows, cols, k] = [100, 1000, 40];
  const drawn = sampleRows(random(4, 0), { rows, cols, k, dtype: "bf16" });
  const given = { ...drawn, temperature: new Float32Array(rows).fill(1), topP: new Float32Array(rows).fill(1), minP: new Float32Array(rows) };
  const plan = own(await device.samplePlan({ rows, cols, k, dtype: "bf16" }));
  const { x, parameters, out } = tensorsOf(device, own, given);
  plan.run(x, { seeds: parameters.seeds, offsets: parameters.offsets }, { tokens: out.tokens });
  const tokens = (await out.tokens.toHost()) as Int32Array;
  const expected = expectedSample(given).tokens;
  const at = tokens.findIndex((token, row) => token !== expected[row]);
  if (at >= 0) throw new Mismatch(`row ${at}: token ${tokens[at]}, not ${expected[at]}`);
}

async function replayed(device: Device, own: Own): Promise<void> {
  const [rows, cols, k] = [16, 2000, 50];
  const given = sampleRows(random(6, 0), { rows, cols, k, dtype: "f32" });
  const plan = own(await device.samplePlan({ rows, cols, k, dtype: "f32" }));
  const tensors = tensorsOf(device, own, given);
  const captured = own(await plan.capture(tensors.x, tensors.parameters, tensors.out));
  for (let step = 0; step < 20; step++) {
    const offsets = given.offsets.map((offset) => offset + BigInt(step * rows));
    await tensors.parameters.offsets.upload(signed(offsets));
    captured.replay();
    await check(tensors, { ...given, offsets });
  }
}

async function onHost(backend: SuiteBackend): Promise<void> {
  const [rows, cols, k] = [9, 1500, 30];
  for (const dtype of DTYPES) {
    const given = sampleRows(random(8, 0), { rows, cols, k, dtype });
    const { data, temperature, topP, minP, seeds, offsets } = given;
    const options = { rows, k, dtype, temperature, topP, minP, seed: seeds, offset: offsets, logprobs: true, candidates: true, backend } as const;
    // three at once: calls share a device and perhaps a plan
    for (const { tokens, logprobs, candidates } of await Promise.all([1, 2, 3].map(() => sample(data, options)))) {
      const answer = { tokens, logprobs: logprobs!, kept: candidates!.kept, candidateLogprobs: candidates!.logprobs };
      const difference = differenceOfSamples(answer, expectedSample(given));
      if (difference !== undefined) throw new Mismatch(`${dtype}: ${difference}`);
    }
  }
}

/** A batch of rows that are alike draws at the offsets 0 .. rows - 1. */
async function followsSoftmax(backend: SuiteBackend, k: number): Promise<void> {
  const rows = { cuda: 500_000, cpu: 100_000, emulate: 4_000 }[backend];
  const source = random(k, 3);
  const logits = Array.from({ length: k }, () => Math.fround(source.normal()));
  const x = new Float32Array(rows * k);
  for (let row = 0; row < rows; row++) x.set(logits, row * k);
  const { tokens } = await sample(x, { rows, k, temperature: 0.8, seed: k, backend });
  const counts = new Array<number>(k).fill(0);
  for (const token of tokens) counts[token]! += 1;
  const statistic = chiSquare(counts, softmax(logits, Math.fround(0.8)));
  if (!(statistic < CHI_SQUARE_LIMIT[k - 1]!)) throw new Mismatch(`chi-square is ${statistic}, above ${CHI_SQUARE_LIMIT[k - 1]} for ${k - 1} degrees`);
}
