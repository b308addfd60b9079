/**
 * A seeded sample of every kernel's whole tune space on the emulator, bit for bit against the oracle and the CPU backend. Prints its seed;
 * TOPKIT_SEED repeats a run. The whole space: npm run sweep:emulator.
 */
import { afterAll, describe, expect, it } from "vitest";
import { random } from "../../bench/random.ts";
import { type AnyKernel, topkKernels } from "../../dsl/index.ts";
import { scratch } from "./emulator.ts";
import { checkUnit, seedOfRun } from "./property-check.ts";
import { countConfigs, unitsOf } from "./property-space.ts";

const CONFIGS_A_KERNEL = 20;
const CASES_A_UNIT = 5;

const seed = seedOfRun();
const { units } = unitsOf(random(seed, 0), CONFIGS_A_KERNEL);
const folder = scratch();

const drawn = (kernel: AnyKernel): number => new Set(units.flatMap(({ plan, symbols }) => symbols.filter((_, at) => plan.stages[at] === kernel))).size;

describe(`sampled configs, TOPKIT_SEED=${seed}`, () => {
  afterAll(() => {
    folder[Symbol.dispose]();
    console.log(
      `property tests: TOPKIT_SEED=${seed}; ${units.length} units, ${units.length * CASES_A_UNIT} cases; configs: ${topkKernels.map((kernel) => `${kernel.name} ${drawn(kernel)}`).join(", ")}`,
    );
  });

  it(`draws at least ${CONFIGS_A_KERNEL} configs of every kernel`, () => {
    for (const kernel of topkKernels) expect(drawn(kernel)).toBeGreaterThanOrEqual(Math.min(CONFIGS_A_KERNEL, countConfigs(kernel)));
  });

  for (const [at, unit] of units.entries()) {
    it(unit.symbols.join(" + "), () => checkUnit(unit, { runs: CASES_A_UNIT, seed: (seed + at) % 2 ** 31, cache: folder.path }), 600_000);
  }
});
