/** What mutants of sample_row, and of the device files of a draw, are tried on: some of its configs, with as many candidates as end a lane, a warp or a tile, and rows of every kind. */
import { writeFileSync } from "node:fs";
import { random } from "../../bench/random.ts";
import { type AnyConfig, type Dtype, sampleRow, variantSymbol } from "../../dsl/index.ts";
import { expectedSample, sampleRows } from "../support/sample-rows.ts";
import type { DrawingVariant, Trial, Variant } from "./mutation-trials.ts";
import { SAMPLE_OUTPUTS, sampleJob } from "./sample-job.ts";

/** One warp, and several, with a tile for each of one, few and many candidates a lane. */
const CONFIGS: readonly (readonly [dtype: Dtype, warps: number, items: number])[] = [
  ["f32", 1, 1],
  ["bf16", 2, 2],
  ["f16", 4, 8],
];
const ROWS = 24;
/** What a call may leave out. */
const ABSENT: readonly (readonly string[])[] = [["temperature", "topP", "minP"], ["logprobs"], ["kept"], ["candidateLogprobs"], ["kept", "candidateLogprobs"]];
/** Of a block for each row: ThreadSanitizer takes a millisecond a thread. */
const RACING_ROWS = 3;

let known: readonly DrawingVariant[] | undefined;

export function drawnVariants(): readonly DrawingVariant[] {
  known ??= CONFIGS.map(([dtype, warps, items], at) => {
    const spec = { dtype, order: "largest" };
    const tune = { warps, items };
    const variant = { symbol: variantSymbol(sampleRow, spec, tune), spec, tune };
    const tile = 32 * items;
    const counts = [1, 2, 31, 32, 33, tile - 1, tile, tile + 1, 2 * tile, 2 * tile + 3, 3 * tile + 17].filter(
      (k, which, all) => k > 0 && all.indexOf(k) === which,
    );
    const trial = (k: number, which: number, rows: number, absent: readonly string[] = []): Trial =>
      drawnTrial(variant, dtype, tune, { rows, k, seed: 100 * at + which, absent });
    return {
      ...variant,
      trials: [
        ...counts.flatMap((k, which) => [0, 50].map((more) => trial(k, which + more, ROWS))),
        ...ABSENT.map((absent, which) => trial(tile + 1, 70 + which, ROWS, absent)),
      ],
      races: [tile, 2 * tile + 3].map((k, which) => trial(k, 90 + which, RACING_ROWS)),
    };
  });
  return known;
}

interface Drawn {
  readonly rows: number;
  readonly k: number;
  readonly seed: number;
  readonly absent: readonly string[];
}

function drawnTrial(variant: Variant, dtype: Dtype, tune: AnyConfig, { rows, k, seed, absent }: Drawn): Trial {
  const drawn = sampleRows(random(seed, 0), { rows, k, dtype, invalid: true });
  const usual = { temperature: new Float32Array(rows).fill(1), topP: new Float32Array(rows).fill(1), minP: new Float32Array(rows) };
  const given = absent.includes("temperature") ? { ...drawn, ...usual } : drawn;
  const expected = expectedSample(given);
  return {
    variant,
    size: rows * k,
    lines: ({ source, mode, flags, cache }, file) => {
      const stage = { kernel: sampleRow, spec: variant.spec, tune };
      const job = { given, tune, text: source(stage), seed, absent, mode: mode(stage), flags: flags(stage), cache: cache(stage) };
      const lines = sampleJob(job, file);
      // nobody writes what is absent
      for (const name of SAMPLE_OUTPUTS)
        writeFileSync(file(`wanted-${name}`), absent.includes(name) ? new Uint8Array(expected[name].byteLength).fill(0xcd) : expected[name]);
      return [...lines, ...SAMPLE_OUTPUTS.map((name) => ["expect", name, file(`wanted-${name}`)])];
    },
  };
}
