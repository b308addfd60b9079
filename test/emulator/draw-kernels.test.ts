/** The kernels that draw from their own top-k, on the emulator: configs of the whole tune space against the oracle, to the bit; and without a race. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Random, random } from "../../bench/random.ts";
import { type AnyConfig, type AnyKernel, type Dtype, kernels, plans } from "../../dsl/index.ts";
import { blockSelectDraw } from "../../dsl/kernels/block-select-draw.ts";
import { type Loaded, load } from "../../generator/index.ts";
import { type SampleRows, sampleRows } from "../support/sample-rows.ts";
import { type DrawCase, drawDifference, drawStage, requestOf } from "./draw-job.ts";
import { buildProgram, scratch } from "./emulator.ts";
import { seedOfRun } from "./property-check.ts";
import { configsOf } from "./property-space.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CONFIGS = 24;
const seed = seedOfRun();
const folder = scratch();
let loaded: Loaded;
beforeAll(async () => {
  loaded = await load(ROOT, kernels);
});
afterAll(() => folder[Symbol.dispose]());

const drawing = plans.flatMap(({ draws }) => draws?.stages.filter(({ drawsFrom }) => drawsFrom !== undefined) ?? []);
const textOf = (kernel: AnyKernel, dtype: Dtype, tune: AnyConfig): string => loaded.render(kernel, { dtype, order: "largest" }, tune).text;

interface Drawn extends Pick<SampleRows, "rows" | "cols" | "k" | "dtype"> {
  readonly tune: AnyConfig;
}

/** Configs in random order, each with a request that it takes: few rows or, for blocks, some more than there are blocks. */
function* requestsOf(kernel: AnyKernel, source: Random): Generator<Drawn> {
  for (const { spec, tune } of configsOf(kernel, source)) {
    const dtype = spec.dtype as Dtype;
    const k = 1 + source.below(source.below(2) === 0 ? 256 : 40);
    const cols = 4097 + source.below(3000);
    const found = [1, 3, 5, 17, 34].map((rows) => ({ rows, cols, k, dtype, tune })).find((each) => drawStage(kernel, tune, requestOf(each)) !== undefined);
    if (found !== undefined) yield found;
  }
}

const differenceIn = (kernel: AnyKernel, more: Omit<DrawCase, "kernel" | "text" | "cache">): string =>
  `${drawDifference({ ...more, kernel, text: textOf(kernel, more.given.dtype, more.tune), cache: folder.path }) ?? "same"}, TOPKIT_SEED=${seed}`;
const SAME = `same, TOPKIT_SEED=${seed}`;

for (const [at, kernel] of drawing.entries()) {
  describe(`${kernel.name}, TOPKIT_SEED=${seed}`, () => {
    it("draws the oracle's tokens in any config", { timeout: 600_000 }, () => {
      const source = random(seed, 500 + at);
      let tried = 0;
      for (const { tune, ...shape } of requestsOf(kernel, source)) {
        const given = sampleRows(source, { ...shape, invalid: true });
        const lengths = Int32Array.from({ length: given.rows }, () => source.below(2 * given.cols) - 5);
        const ends = source.below(2) === 0 ? {} : { lengths, gap: source.below(9) };
        const difference = differenceIn(kernel, { tune, given, ...ends, seed: source.below(2) });
        expect(`${difference} ${JSON.stringify({ ...shape, tune, ...ends })}`).toMatch(new RegExp(`^${SAME}`));
        if (++tried === CONFIGS) break;
      }
      expect(tried).toBe(CONFIGS);
    });

    it("draws from candidates of every number, ends and beginnings of warps among them", { timeout: 600_000 }, () => {
      const source = random(seed, 600 + at);
      const { tune, rows, cols, dtype } = [...requestsWith(kernel, source, 256)][0]!;
      for (const k of [1, 2, 31, 32, 33, 64, 65, 255, 256]) {
        const given = sampleRows(source, { rows, cols, k, dtype });
        expect(differenceIn(kernel, { tune, given })).toBe(SAME);
      }
    });

    it("reads no optional input that is null, and writes no output that is", { timeout: 60_000 }, () => {
      const source = random(seed, 700 + at);
      const { tune, rows, cols, dtype } = [...requestsWith(kernel, source, 40)][0]!;
      const ones = new Float32Array(rows).fill(1);
      const given = { ...sampleRows(source, { rows, cols, k: 40, dtype }), temperature: ones, topP: ones, minP: new Float32Array(rows) };
      const absent = ["temperature", "topP", "minP", "indices", "logprobs", "kept", "candidateLogprobs"];
      expect(differenceIn(kernel, { tune, given, absent })).toBe(SAME);
    });
  });
}

/** A block that has row after row, and 2048 bytes for 256 masses: half of them where words of 32 bits were, half over what was sorted. */
const fullBlock = (dtype: "f16" | "bf16", rows: number, k: number): Drawn => {
  const tune = { warps: 8, vectors: 1, stages: 2, delegates: 1, candidates: 256, saved: 0, blocksPerSm: 1, multiprocessors: 1, grouped: 1, tiles: 3 };
  return { rows, cols: 4099, k, dtype, tune };
};

describe("block_select_draw with as many masses as there is room for", () => {
  it.each([
    { dtype: "bf16", k: 65 },
    { dtype: "f16", k: 100 },
    { dtype: "bf16", k: 128 },
  ] as const)("draws the oracle's tokens: $dtype, k $k", { timeout: 60_000 }, ({ dtype, k }) => {
    const { tune, ...shape } = fullBlock(dtype, 5, k);
    expect(drawStage(blockSelectDraw, tune, requestOf(shape))?.launch.grid).toBe(1);
    expect(differenceIn(blockSelectDraw, { tune, given: sampleRows(random(seed, 800 + k), shape) })).toBe(SAME);
  });

  it("refuses it where saved slots lie between", () => {
    const { tune, ...shape } = fullBlock("bf16", 5, 65);
    expect(drawStage(blockSelectDraw, { ...tune, saved: 272 }, requestOf(shape))).toBeUndefined();
    expect(drawStage(blockSelectDraw, { ...tune, saved: 272 }, requestOf({ ...shape, k: 64 }))).toBeDefined();
  });
});

/** The shipped configs that take few rows of 16400 columns with this k. */
function* requestsWith(kernel: AnyKernel, source: Random, k: number): Generator<Drawn> {
  const dtype = (["f32", "f16", "bf16"] as const)[source.below(3)]!;
  for (const tune of kernel.ships) {
    for (const rows of [2, 34]) {
      const drawn = { rows, cols: 16400, k, dtype, tune };
      if (drawStage(kernel, tune, requestOf(drawn)) !== undefined) yield drawn;
    }
  }
}

function first<T>(count: number, values: Iterable<T>): T[] {
  const taken: T[] = [];
  for (const value of values) if (taken.push(value) === count) break;
  return taken;
}

/** What comes behind the barrier before masses are read: by a cluster's blocks, which send them; by a block's first warp. */
const MASSES_READ = ["  for (u32 c = tid; c < own; c += THREADS) {\n    const u32 before = s.place[c];", "}\n\n// Draws from k candidates, which load(place)"];

const threadsOf = (tune: AnyConfig): number => Number(tune.threads ?? Number(tune.warps) * 32);

describe("race mode", () => {
  beforeAll(() => void buildProgram("race"));
  const cases = drawing.map((kernel): Omit<DrawCase, "text"> => {
    const tried = first(100, requestsOf(kernel, random(7, 0)));
    const [least] = tried.sort((a, b) => a.rows - b.rows || threadsOf(a.tune) - threadsOf(b.tune));
    const { tune, ...shape } = least!;
    return { kernel, tune, given: sampleRows(random(12, 1), { ...shape, k: 40 }), program: "race" };
  });

  it("finds nothing where masses lie over what was sorted, and the next row begins", { timeout: 120_000 }, () => {
    const { tune, ...shape } = fullBlock("bf16", 3, 128);
    const given = sampleRows(random(12, 2), shape);
    expect(differenceIn(blockSelectDraw, { tune, given, program: "race" })).toBe(SAME);
  });

  for (const each of cases) {
    const text = (): string => textOf(each.kernel, each.given.dtype, each.tune);
    it(`finds nothing in ${each.kernel.name}`, { timeout: 120_000 }, () => expect(drawDifference({ ...each, text: text() })).toBeUndefined());

    it(`reports masses of ${each.kernel.name} that are read before all are there`, { timeout: 120_000 }, () => {
      const whole = text();
      const mutant = MASSES_READ.reduce((changed, behind) => changed.replace(`  __syncthreads();\n${behind}`, behind), whole);
      expect(mutant).not.toBe(whole);
      expect(drawDifference({ ...each, text: mutant })).toContain("data race");
    });
  }
});
