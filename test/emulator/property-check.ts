/** The property: on a unit, every request that fits gets the oracle's bits from the emulator and from the CPU backend. */
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { kernels, type ResolvedStage, resolve } from "../../dsl/index.ts";
import { type Loaded, load } from "../../generator/index.ts";
import { expectedOf, runPlan } from "./plan-job.ts";
import { type Case, cpuOutcome, differenceOf, planCase, requestOf } from "./property-case.ts";
import { DATA } from "./property-data.ts";
import type { Unit } from "./property-space.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let loading: Promise<Loaded> | undefined;

/** A stage's text, rendered in memory: most configs ship with nobody. */
export async function renderer(): Promise<(stage: ResolvedStage) => string> {
  loading ??= load(ROOT, kernels);
  const { render } = await loading;
  return ({ kernel, spec, tune }) => render(kernel, spec, tune).text;
}

/** Names a unit by its plan and its stages' texts. */
export async function sourcesHash({ plan, dtype, order, force }: Unit): Promise<string> {
  loading ??= load(ROOT, kernels);
  const { render } = await loading;
  const hashes = plan.stages.map((kernel) => {
    const tune = Object.fromEntries(Object.keys(kernel.tune).map((name) => [name, force[`${kernel.name}.${name}`]!]));
    return render(kernel, { dtype, order }, tune).sourceHash;
  });
  return [plan.name, ...hashes].join(" ");
}

/** Of a case, at most, where it needs no more rows: the oracle sorts whole rows, and the emulator switches threads at every barrier. */
const MOST_ELEMENTS = 140_000;
const MOST_ELEMENTS_OF_ROWS = 300_000;
const MOST_THREADS = 65_536;

/** Milliseconds that a launch, and the cases and the shrinking of a unit, may take; many times what they need, for machines that do much else. */
const LAUNCH_LIMIT = 120_000;
const UNIT_LIMIT = 300_000;

/** Requests that fit a unit, and inputs for them; smaller ones first to shrink to. */
export function casesOf({ plan, dtype, order, force, rows: fewest, k: leastK, cols: [least, longest] }: Unit): fc.Arbitrary<Case> {
  const most = Math.max(least, Math.min(longest, Math.floor(MOST_ELEMENTS_OF_ROWS / fewest)));
  const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
  const chain = fc.record(Object.fromEntries(Object.entries(plan.tune).map(([name, { values }]) => [name, fc.constantFrom(...values)])));
  const cols = fc.oneof(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: Math.min(most, Math.max(4 * least, 9000)) }));
  return fc
    .record({
      chain,
      cols,
      rows: fc.oneof(fc.integer({ min: fewest, max: fewest + 2 }), fc.integer({ min: fewest, max: fewest + 16 })),
      k: fc.oneof(fc.integer({ min: leastK, max: leastK + 31 }), fc.integer({ min: leastK, max: leastK + 1023 }), fc.integer({ min: leastK, max: most })),
      gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 })),
      offset: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 })),
      lengths: fc.array(fc.oneof(fc.integer({ min: -3, max: 40 }), fc.integer({ min: 0, max: most + 3 })), { maxLength: 4 }),
      indexBytes: fc.constantFrom(4 as const, 8 as const),
      data: fc.constantFrom(...DATA),
      dataSeed: seeds,
      seed: seeds,
    })
    .map(
      ({ chain: own, ...drawn }): Case => ({
        ...drawn,
        k: Math.min(drawn.k, drawn.cols),
        rows: Math.max(fewest, Math.min(drawn.rows, Math.floor(MOST_ELEMENTS / drawn.cols))),
        plan: plan.name,
        dtype,
        order,
        force: { ...force, ...Object.fromEntries(Object.entries(own).map(([name, value]) => [`${plan.name}.${name}`, value])) },
      }),
    )
    .filter((drawn) => {
      const resolution = resolve(plan, requestOf(drawn), { force: drawn.force });
      return resolution.ok && resolution.resolved.stages.every(({ launch }) => launch.grid * launch.block <= MOST_THREADS);
    });
}

/** Throws with the smallest case found that fails, and fast-check's seed and path. `cache` holds the unit's objects. */
export async function checkUnit(unit: Unit, options: { readonly runs: number; readonly seed: number; readonly cache: string }): Promise<void> {
  const source = await renderer();
  const property = fc.asyncProperty(casesOf(unit), async (drawn) => {
    const given = { ...planCase(drawn), source, cache: () => options.cache, timeout: LAUNCH_LIMIT };
    const expected = expectedOf(given);
    const faults = {
      emulator: differenceOf(given, runPlan(given), expected),
      cpu: differenceOf(given, await cpuOutcome(given), expected),
    };
    for (const [backend, fault] of Object.entries(faults)) if (fault !== undefined) throw new Error(`${backend}: ${fault}`);
  });
  await fc.assert(property, { numRuns: options.runs, seed: options.seed, interruptAfterTimeLimit: UNIT_LIMIT, markInterruptAsFailure: true });
}

/** TOPKIT_SEED, or one that nobody chose. Errors: RangeError where it is no integer of 31 bits. */
export function seedOfRun(): number {
  const given = process.env.TOPKIT_SEED;
  if (given === undefined) return Math.floor(Math.random() * 2 ** 31);
  const seed = Number(given);
  if (!/^\d+$/.test(given) || seed >= 2 ** 31) throw new RangeError(`TOPKIT_SEED is ${JSON.stringify(given)}; allowed: 0..${2 ** 31 - 1}`);
  return seed;
}
