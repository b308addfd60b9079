/**
 * Mutation proof: every barrier, fence, mask and bound of every template, removed or weakened, is caught, but for the survivors that
 * docs/emulator.md lists, each with its reason. The list is exact both ways.
 */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { kernels } from "../../dsl/index.ts";
import { MutationRun, nameOf, type Verdict } from "./mutation-run.ts";

/** Lines of the fences that are marked `mutants`. */
const LISTED = [...readFileSync(new URL("../../docs/emulator.md", import.meta.url), "utf8").matchAll(/^```mutants\n([\s\S]*?)^```/gm)].flatMap(
  ([, lines = ""]) => lines.trimEnd().split("\n"),
);

const MINUTES = 60_000;

describe("mutants of the templates", async () => {
  const run = await MutationRun.prepare();
  const count = new Map<Verdict, number>();
  afterAll(() => {
    run[Symbol.dispose]();
    console.log(`${run.mutations.length} mutants: ${[...count].map(([verdict, times]) => `${verdict} ${times}`).join(", ")}`);
  });

  it("lists no mutant that does not exist, and none twice", () => {
    const names = new Set(run.mutations.map(nameOf));
    expect(LISTED.filter((name) => !names.has(name))).toEqual([]);
    expect(LISTED.length).toBe(new Set(LISTED).size);
  });

  for (const kernel of kernels) {
    describe(kernel.name, () => {
      it("is right as it is, on all cases of its mutants", () => expect(run.faultsOf(kernel)).toEqual([]), 5 * MINUTES);

      const mine = run.mutations.filter((mutation) => mutation.kernel === kernel);
      for (const file of new Set(mine.map(({ mutant }) => mutant.file))) {
        const mutations = mine.filter(({ mutant }) => mutant.file === file);
        it(
          `${file}: ${mutations.length} mutants`,
          async () => {
            const survivors: string[] = [];
            for (const mutation of mutations) {
              const verdict = run.verdictOf(mutation);
              count.set(verdict, (count.get(verdict) ?? 0) + 1);
              if (verdict === "survives") survivors.push(nameOf(mutation));
              // the runner's messages pass between two mutants
              await new Promise(setImmediate);
            }
            const names = mutations.map(nameOf);
            expect(survivors).toEqual(names.filter((name) => LISTED.includes(name)));
          },
          15 * MINUTES,
        );
      }
    });
  }
});
