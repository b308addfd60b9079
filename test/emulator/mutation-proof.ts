/**
 * Mutation proof: every barrier, fence, copy, mask, bound and guard of a kernel's template, removed or weakened, is caught, but for the
 * survivors that docs/mutants.md lists, each with its reason. The list is exact both ways, and says which kernels are proven.
 *
 * A kernel with more than WHOLE mutants is tried with a random sample of them, unless TOPKIT_MUTATIONS is `all`; TOPKIT_SEED repeats a run.
 */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { type Random, random } from "../../bench/random.ts";
import { topkKernels } from "../../dsl/index.ts";
import { type Mutation, MutationRun, nameOf, type Verdict } from "./mutation-run.ts";
import { seedOfRun } from "./property-check.ts";

const DOCUMENT = readFileSync(new URL("../../docs/mutants.md", import.meta.url), "utf8");

/** Lines of the document's fences with this mark. */
const fenced = (mark: string): string[] =>
  [...DOCUMENT.matchAll(new RegExp(`^\`\`\`${mark}\\n([\\s\\S]*?)^\`\`\``, "gm"))].flatMap(([, lines = ""]) => lines.trimEnd().split("\n"));

const LISTED = new Set(fenced("mutants"));
const PROVEN = fenced("proven");

const WHOLE = 130;
const SAMPLE = 40;
const MINUTES = 60_000;

function sampleOf(mutations: readonly Mutation[], size: number, source: Random): readonly Mutation[] {
  const drawn = new Set(
    mutations
      .map((mutation) => ({ mutation, place: source.uniform() }))
      .sort((a, b) => a.place - b.place)
      .slice(0, size)
      .map(({ mutation }) => mutation),
  );
  return mutations.filter((mutation) => drawn.has(mutation));
}

/** The part'th of `parts` of the proof, for test files that run side by side. */
export async function proveMutants(part: number, parts: number): Promise<void> {
  const run = await MutationRun.prepare();
  const seed = seedOfRun();
  const whole = process.env.TOPKIT_MUTATIONS === "all";

  describe(`mutants of the templates, TOPKIT_SEED=${seed}`, () => {
    const count = new Map<Verdict, number>();
    const tried = new Map<string, string>();
    afterAll(() => {
      run[Symbol.dispose]();
      const verdicts = [...count].map(([verdict, times]) => `${verdict} ${times}`).join(", ");
      console.log(`mutants, TOPKIT_SEED=${seed}: ${[...tried].map(([kernel, of]) => `${kernel} ${of}`).join(", ")}: ${verdicts}`);
    });

    it("lists no mutant that does not exist", () => {
      const names = new Set(run.mutations.map(nameOf));
      expect([...LISTED].filter((name) => !names.has(name))).toEqual([]);
      expect(PROVEN.filter((name) => !topkKernels.some((kernel) => kernel.name === name))).toEqual([]);
    });

    for (const [number, kernel] of topkKernels.entries()) {
      if (!PROVEN.includes(kernel.name)) continue;
      const all = run.mutations.filter((mutation) => mutation.kernel === kernel);
      const own = all.filter((_, at) => at % parts === part);
      const chosen = whole || all.length <= WHOLE ? own : sampleOf(own, Math.ceil(SAMPLE / parts), random(seed, number));
      tried.set(kernel.name, `${chosen.length} of ${all.length}`);

      describe(kernel.name, () => {
        if (part === 0) it("is right as it is, on all cases of its mutants", () => expect(run.faultsOf(kernel)).toEqual([]), 5 * MINUTES);

        for (const file of new Set(chosen.map(({ mutant }) => mutant.file))) {
          const mutations = chosen.filter(({ mutant }) => mutant.file === file);
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
              expect(survivors).toEqual(mutations.map(nameOf).filter((name) => LISTED.has(name)));
            },
            60 * MINUTES,
          );
        }
      });
    }
  });
}
