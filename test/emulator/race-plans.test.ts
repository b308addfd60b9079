/** Race mode on every plan of the catalog, and so on every kernel: silent, and right. What it says of a missing barrier: race.test.ts. */
import { beforeAll, describe, expect, it } from "vitest";
import { plans, topkKernels } from "../../dsl/index.ts";
import { buildProgram } from "./emulator.ts";
import { raceCases, subjectsOf } from "./mutation-subjects.ts";
import { expectedOf, runPlan } from "./plan-job.ts";
import { type Case, differenceOf, planCase } from "./property-case.ts";
import { renderer } from "./property-check.ts";

/** For each kernel in each of its plans, with the least of its subjects that has any: two cases; those with ties are the mutation proof's. */
const CASES: readonly Case[] = topkKernels.flatMap((kernel) =>
  plans
    .filter(({ stages }) => stages.includes(kernel))
    .flatMap(({ name }) => {
      const bySubject = subjectsOf(kernel).map(({ cases }) => raceCases(cases.filter(({ plan }) => plan === name)));
      return bySubject.find((cases) => cases.length > 0)?.slice(0, 2) ?? [];
    }),
);

const titleOf = ({ plan, rows, cols, k, dtype, order, data, force }: Case): string =>
  `${plan} ${rows}x${cols} k${k} ${dtype} ${order} ${data} ${JSON.stringify(force)}`;

describe("race mode on every plan", () => {
  beforeAll(() => void buildProgram("race"));

  it("covers every plan and kernel", () => {
    const covered = plans.filter(({ name }) => CASES.some(({ plan }) => plan === name));
    expect(covered).toEqual(plans);
    expect(new Set(covered.flatMap(({ stages }) => stages))).toEqual(new Set(topkKernels));
  });

  for (const each of CASES) {
    it(titleOf(each), async () => {
      const given = { ...planCase(each), source: await renderer(), program: "race" as const };
      expect(differenceOf(given, runPlan(given), expectedOf(given))).toBeUndefined();
    });
  }
});
