/**
 * What mutants of the kernels that draw in the launch of their own top-k are tried on: what the template has for a draw alone, and the device files of a draw. Some
 * configs of each, with as many candidates as end a lane's, a warp's or all that are held, and rows of every kind.
 */
import { writeFileSync } from "node:fs";
import { type Random, random } from "../../bench/random.ts";
import { type AnyConfig, type AnyKernel, type Dtype, variantSymbol } from "../../dsl/index.ts";
import { MOST_DRAWN } from "../../dsl/kernels/draw.ts";
import { sampleRows } from "../support/sample-rows.ts";
import { DRAW_OUTPUTS, type DrawCase, drawJob, drawStage, expectedDraw, requestOf } from "./draw-job.ts";
import { rowsAlike, rowsMetExactly, usual } from "./mutation-fused-rows.ts";
import type { DrawingVariant, Trial, Variant } from "./mutation-trials.ts";

interface Config {
  readonly dtype: Dtype;
  readonly tune: AnyConfig;
  readonly cols: number;
}

/** Least threads; of each one that takes the most candidates, and others with other numbers of blocks, of rows to a block, of places that nobody fills. */
const CONFIGS: Readonly<Record<string, readonly Config[]>> = {
  cluster_select_draw: [
    { dtype: "f32", cols: 2051, tune: { threads: 128, vectors: 2, blocks: 4, groupLanes: 1, segment: 256, rankLanes: 4 } },
    { dtype: "bf16", cols: 2048, tune: { threads: 128, vectors: 1, blocks: 8, groupLanes: 4, segment: 64, rankLanes: 8 } },
    { dtype: "f16", cols: 2048, tune: { threads: 160, vectors: 1, blocks: 4, groupLanes: 2, segment: 128, rankLanes: 8 } },
  ],
  block_select_draw: [
    {
      ...{ dtype: "f32", cols: 4097 },
      tune: { warps: 8, vectors: 1, stages: 2, delegates: 1, candidates: 512, saved: 0, blocksPerSm: 1, multiprocessors: 1, grouped: 1, tiles: 5 },
    },
    {
      ...{ dtype: "bf16", cols: 4100 },
      tune: { warps: 10, vectors: 1, stages: 3, delegates: 2, candidates: 256, saved: 272, blocksPerSm: 1, multiprocessors: 1, grouped: 1, tiles: 2 },
    },
    {
      ...{ dtype: "f16", cols: 4099 },
      tune: { warps: 8, vectors: 1, stages: 2, delegates: 2, candidates: 2048, saved: 0, blocksPerSm: 2, multiprocessors: 1, grouped: 1, tiles: 3 },
    },
  ],
};

/** Of a lane, a warp, and of each number of candidates that a lane may have, the least and the most. */
const COUNTS = [1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256];
const ROWS = 6;
/** What a call may leave out. */
const ABSENT: readonly (readonly string[])[] = [
  ["temperature", "topP", "minP"],
  ["indices"],
  ["logprobs"],
  ["kept"],
  ["candidateLogprobs"],
  ["kept", "candidateLogprobs"],
];

const known = new Map<AnyKernel, readonly DrawingVariant[]>();

export function fusedVariants(kernel: AnyKernel): readonly DrawingVariant[] {
  const variants = known.get(kernel) ?? CONFIGS[kernel.name]!.map((config, at) => variantOf(kernel, config, 1000 * at));
  known.set(kernel, variants);
  return variants;
}

function variantOf(kernel: AnyKernel, { dtype, tune, cols }: Config, seed: number): DrawingVariant {
  const spec = { dtype, order: "largest" };
  const variant = { symbol: variantSymbol(kernel, spec, tune), spec, tune };
  const counts = COUNTS.filter((k) => drawStage(kernel, tune, requestOf({ rows: ROWS, cols, k, dtype })) !== undefined);
  const most = counts[counts.length - 1]!;
  const trial = (rows: number, k: number, which: number, more: Partial<Drawn> = {}): Trial =>
    drawnTrial(kernel, variant, dtype, { rows, cols, k, seed: seed + which, ...more });
  return {
    ...variant,
    trials: [
      ...counts.map((k, which) => trial(ROWS, k, which)),
      ...counts.filter((_, which) => which % 2 === 0).map((k, which) => trial(ROWS, k, 100 + which, { cut: true })),
      ...ABSENT.map((absent, which) => trial(2, most - 1, 200 + which, { absent })),
      ...(most === MOST_DRAWN ? [1, 2].map((which) => fusedTrial(variant, { kernel, tune, given: rowsMetExactly(cols, dtype), seed: seed + which })) : []),
      // a block's first warp may be alone with a row's draw, and the others at the next row
      ...[1, 2, 3].map((which) => {
        const given = rowsAlike(random(seed, which), { rows: ROWS, cols, k: most, dtype });
        return fusedTrial(variant, { kernel, tune, given, seed: seed + which, absent: ["kept", "candidateLogprobs"] });
      }),
    ],
    races: [
      ...[most, 33].map((k, which) => {
        const given = rowsAlike(random(seed, 300 + which), { rows: 2, cols, k, dtype });
        return fusedTrial(variant, { kernel, tune, given, seed: seed + which });
      }),
      // a row that nothing is drawn from is left sooner, by some threads of the block
      ...[1, 2, 3, 4, 5, 6].map((which) => {
        const rows = 4;
        const given = { ...rowsAlike(random(seed, 400 + which), { rows, cols, k: 33, dtype }), topP: new Float32Array(rows).fill(Number.NaN) };
        return fusedTrial(variant, { kernel, tune, given, seed: seed + which });
      }),
    ],
  };
}

interface Drawn {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly seed: number;
  readonly absent?: readonly string[];
  /** With lengths of all kinds, and a gap between rows. */
  readonly cut?: boolean;
}

function drawnTrial(kernel: AnyKernel, variant: Variant, dtype: Dtype, { rows, cols, k, seed, absent = [], cut = false }: Drawn): Trial {
  const source = random(seed, 0);
  const drawn = sampleRows(source, { rows, cols, k, dtype, invalid: true });
  const given = absent.includes("temperature") ? { ...drawn, ...usual(rows) } : drawn;
  return fusedTrial(variant, { kernel, tune: variant.tune, given, seed, absent, ...(cut && { gap: 8, lengths: lengthsOf(source, rows, cols, k) }) });
}

function fusedTrial(variant: Variant, draw: Omit<DrawCase, "text">): Trial {
  const { kernel, given } = draw;
  const expected = expectedDraw(draw);
  return {
    variant,
    size: given.rows * given.cols,
    lines: ({ source, mode, flags, cache }, file) => {
      const stage = { kernel, spec: variant.spec, tune: variant.tune };
      const lines = drawJob({ ...draw, text: source(stage), mode: mode(stage), flags: flags(stage), cache: cache(stage) }, file);
      for (const name of DRAW_OUTPUTS) writeFileSync(file(`wanted-${name}`), expected[name]);
      return [...lines, ...DRAW_OUTPUTS.map((name) => ["expect", name, file(`wanted-${name}`)])];
    },
  };
}

/** None, one, one less than k, k, one more, and any. */
function lengthsOf(source: Random, rows: number, cols: number, k: number): Int32Array {
  const all = [0, 1, k - 1, k, k + 1, source.below(cols)];
  return Int32Array.from({ length: rows }, (_, row) => all[row % all.length]!);
}
