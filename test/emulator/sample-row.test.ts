/** sample_row on the emulator: every config and dtype against the oracle, to the bit; and without a race. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../../bench/random.ts";
import { type AnyConfig, combinations, type Dtype, kernels, sampleRow } from "../../dsl/index.ts";
import { type Loaded, load } from "../../generator/index.ts";
import { differenceOfSamples, expectedSample, type SampleRows, sampleRows } from "../support/sample-rows.ts";
import { buildProgram, scratch } from "./emulator.ts";
import { seedOfRun } from "./property-check.ts";
import { runSample } from "./sample-job.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DTYPES = ["f32", "f16", "bf16"] as const;
const seed = seedOfRun();
const folder = scratch();
let loaded: Loaded;
beforeAll(async () => {
  loaded = await load(ROOT, kernels);
});
afterAll(() => folder[Symbol.dispose]());

const textOf = (dtype: Dtype, tune: AnyConfig): string => loaded.render(sampleRow, { dtype, order: "largest" }, tune).text;
const shown = (tune: AnyConfig): string => Object.entries(tune).flat().join(" ");

function expectOracle(given: SampleRows, tune: AnyConfig, more: { readonly seed?: number } = {}): void {
  const { answer, ...outcome } = runSample({ given, tune, text: textOf(given.dtype, tune), cache: folder.path, ...more });
  expect(outcome).toEqual({ status: 0, text: "" });
  expect(`${differenceOfSamples(answer, expectedSample(given)) ?? "same"}, TOPKIT_SEED=${seed}`).toBe(`same, TOPKIT_SEED=${seed}`);
}

describe(`every config, TOPKIT_SEED=${seed}`, () => {
  for (const tune of combinations(sampleRow.tune)) {
    it(shown(tune), { timeout: 120_000 }, () => {
      const source = random(seed, tune.warps * 16 + tune.items);
      const tile = 32 * tune.items;
      for (const dtype of DTYPES) {
        // one tile, its bounds, and several
        for (const k of [1 + source.below(tile), tile, tile + 1, 2 * tile + 1 + source.below(tile)]) {
          const rows = Math.max(1, Math.min(40, Math.floor(6000 / Math.max(k, tune.warps * 32))));
          expectOracle(sampleRows(source, { rows, k, dtype, invalid: true }), tune);
        }
      }
    });
  }
});

it("reads no optional input that is null, and writes no output that is", () => {
  const given = sampleRows(random(seed, 1000), { rows: 40, k: 50, dtype: "bf16" });
  const plain = { ...given, temperature: new Float32Array(40).fill(1), topP: new Float32Array(40).fill(1), minP: new Float32Array(40) };
  const tune = { warps: 1, items: 2 };
  const absent = ["temperature", "topP", "minP"];
  const run = (more: readonly string[]) => runSample({ given, tune, text: textOf("bf16", tune), absent: [...absent, ...more], cache: folder.path });
  const expected = expectedSample(plain);
  expect(differenceOfSamples(run([]).answer, expected)).toBeUndefined();
  const { answer, status } = run(["logprobs", "kept", "candidateLogprobs"]);
  expect([status, answer.tokens]).toEqual([0, expected.tokens]);
  expect(new Uint32Array(answer.candidateLogprobs.buffer).every((bits) => bits === 0xcdcdcdcd)).toBe(true);
});

describe("race mode", () => {
  beforeAll(() => void buildProgram("race"));
  const given = sampleRows(random(5, 0), { rows: 2, k: 200, dtype: "f32" });
  const tune = { warps: 4, items: 2 };
  const run = (text: string) => runSample({ given, tune, text, program: "race" });

  it("finds nothing", () => {
    const { answer, ...outcome } = run(textOf("f32", tune));
    expect(outcome).toEqual({ status: 0, text: "" });
    expect(differenceOfSamples(answer, expectedSample(given))).toBeUndefined();
  });

  it("reports sums read before all are there", () => {
    const text = textOf("f32", tune);
    const mutant = text.replace("  __syncthreads();\n}\n\n// Draws from k candidates, which load(place)", "}\n\n// Draws from k candidates, which load(place)");
    expect(mutant).not.toBe(text);
    expect(run(mutant)).toMatchObject({ status: 66, text: expect.stringContaining("data race") });
  });
});
