/** Kernels with a prologue, on the emulator: every bit of what the oracle says of the scores, for each function, dtype and plan. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitonicBlock, type Dtype, type Order, ofScores, plans, resolve, single } from "../../dsl/index.ts";
import { expectedOf, runPlan } from "../emulator/plan-job.ts";
import { type Case, differenceOf, planCase, requestOf } from "../emulator/property-case.ts";
import { seedOfRun } from "../emulator/property-check.ts";
import { DATA } from "../emulator/property-data.ts";
import { operandValues, oracleScores, type Scored, scoredFunctions, scoredSource } from "../support/scored.ts";

const DTYPES: readonly Dtype[] = ["f32", "f16", "bf16"];
/** Of each plan that takes a prologue: the columns and k of its cases, and configs. */
const PLANS: readonly PlanRange[] = [
  { plan: "cluster_select", cols: [2048, 9000], k: [1, 200] },
  { plan: "cluster_sort", cols: [4097, 9000], k: [257, 700] },
  // two blocks for three rows: one of them learns from a row before
  { plan: "block_select", cols: [4097, 26000], k: [1, 300], force: [{ multiprocessors: 1 }, { multiprocessors: 1, saved: 528 }] },
  { plan: "warp_select", cols: [1, 4096], k: [1, 256] },
  { plan: "bitonic_block", cols: [1, 2048], k: [1, 2048] },
  { plan: "wide_select", cols: [4097, 40000], k: [1, 300], force: [{ streamers: 66 }, { streamers: 528, sample: 1 }] },
  { plan: "stream_tile", cols: [1, 9000], k: [1, 300] },
  { plan: "stream_heap", cols: [1, 9000], k: [1, 200] },
  { plan: "radix_select", cols: [1, 9000], k: [1, 9000], force: [{}, { rowLimit: 0 }] },
];
interface PlanRange {
  readonly plan: string;
  readonly cols: readonly [number, number];
  readonly k: readonly [number, number];
  readonly force?: readonly Case["force"][];
}

const functions = scoredFunctions();

function casesOf({ plan, cols, k, force = [{}] }: PlanRange, dtype: Dtype, order: Order): fc.Arbitrary<Case> {
  const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
  return fc
    .record({
      force: fc.constantFrom(...force),
      rows: fc.integer({ min: 1, max: 3 }),
      cols: fc.integer({ min: cols[0], max: cols[1] }),
      k: fc.integer({ min: k[0], max: k[1] }),
      indexBytes: fc.constantFrom(4 as const, 8 as const),
      gap: fc.integer({ min: 0, max: 9 }),
      offset: fc.integer({ min: 0, max: 9 }),
      lengths: fc.array(fc.integer({ min: -1, max: cols[1] }), { maxLength: 3 }),
      data: fc.constantFrom(...DATA),
      dataSeed: seeds,
      seed: seeds,
    })
    .map((drawn): Case => ({ ...drawn, k: Math.min(drawn.k, drawn.cols), plan, dtype, order }))
    .filter((drawn) => resolve(plans.find(({ name }) => name === plan)!, ofScores(requestOf(drawn)), { force: drawn.force }).ok);
}

/** Throws with the smallest case found that differs. */
async function check(scored: Scored, range: PlanRange, dtype: Dtype, order: Order, numRuns: number): Promise<void> {
  const source = await scoredSource(scored.prologue);
  const property = fc.property(casesOf(range, dtype, order), (drawn) => {
    const plain = planCase(drawn);
    const values = operandValues(scored.operands, drawn, drawn.dataSeed);
    const expected = expectedOf({ ...plain, request: ofScores(plain.request), data: oracleScores(scored.fn, { ...plain.request, data: plain.data }, values) });
    const given = { ...plain, source, prologue: { ...scored.prologue, values } };
    const difference = differenceOf(given, runPlan(given), expected);
    if (difference !== undefined) throw new Error(difference);
  });
  fc.assert(property, { numRuns, seed: seedOfRun() });
}

const names = [...functions.keys()];
it("there are the five that ship, and one of every kind of operand", () => {
  expect(names.sort()).toEqual(["composed", "logitBias", "mask", "repetitionPenalty", "softcap", "temperature"]);
});

describe.each(names)("%s", (name) => {
  it.each(DTYPES)("of %s", { timeout: 300_000 }, async (dtype) => {
    const at = names.indexOf(name) + DTYPES.indexOf(dtype);
    await check(functions.get(name)!, PLANS[at % PLANS.length]!, dtype, at % 2 ? "smallest" : "largest", 6);
  });
});

describe.each(PLANS)("$plan, with every kind of operand", (range) => {
  it.each(DTYPES)("of %s", { timeout: 300_000 }, async (dtype) => {
    const order = (PLANS.indexOf(range) + DTYPES.indexOf(dtype)) % 2 ? "largest" : "smallest";
    await check(functions.get("composed")!, range, dtype, order, 8);
  });
});

it("a plan whose kernels read x otherwise refuses, by name", () => {
  const request = { rows: 4, cols: 300, k: 5, rowStride: 300, dtype: "f32", order: "largest", indexBytes: 4 } as const;
  const { reader, ...unreadable } = bitonicBlock;
  const plan = single("bitonic_block", unreadable);
  expect(resolve(plan, request).ok).toBe(true);
  expect(resolve(plan, request, { prologue: functions.get("mask")!.prologue })).toEqual({
    ok: false,
    reason: "bitonic_block: it takes no prologue: no device function can stand where it reads x",
  });
});
