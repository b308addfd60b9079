/**
 * Mutation proof: every barrier, fence, copy and mask of the kernels that docs/mutants.md names, and every bound and guard of the files that it names, removed
 * or weakened, is caught in a kernel that it is a part of, but for the survivors that it lists, each with its reason.
 *
 * Of each kernel a random sample of those that are to be caught is tried; TOPKIT_SEED repeats a run. mutation-report.ts tries every one, and that what is listed
 * survives.
 */
import { afterAll, describe, expect, it } from "vitest";
import { type Random, random } from "../../bench/random.ts";
import type { AnyKernel } from "../../dsl/index.ts";
import { isInProof, LISTED, nameOf, PROVEN, unknownFiles } from "./mutation-document.ts";
import type { Mutant } from "./mutation-operators.ts";
import { isAlive, KernelRun, type Verdict } from "./mutation-run.ts";
import { SameCode } from "./mutation-same-code.ts";
import { cheapestFirst } from "./mutation-subjects.ts";
import { MutatedTemplates } from "./mutation-templates.ts";
import { seedOfRun } from "./property-check.ts";

/** Of a kernel; a survivor costs all of the kernel's cases, so none that is known is among them. */
const SAMPLE = 10;
const MINUTES = 60_000;

const templates = await MutatedTemplates.read();
const kernels = cheapestFirst(templates.kernels.filter(({ name }) => PROVEN.has(name)));
const kernelsOf = (mutant: Mutant): readonly AnyKernel[] => templates.kernelsOf(mutant).filter((kernel) => kernels.includes(kernel));
const inProof = templates.mutants.filter((mutant) => isInProof(mutant) && kernelsOf(mutant).length > 0);
const same = new SameCode(templates);
const seed = seedOfRun();

function sampleOf(mutants: readonly Mutant[], source: Random): readonly Mutant[] {
  const drawn = mutants.map((mutant) => ({ mutant, place: source.uniform() })).sort((a, b) => a.place - b.place);
  return drawn.slice(0, SAMPLE).map(({ mutant }) => mutant);
}

const tried = new Set(
  kernels.flatMap((kernel, at) => {
    const its = inProof.filter((mutant) => kernelsOf(mutant).includes(kernel) && !LISTED.has(nameOf(mutant)));
    return sampleOf(its, random(seed, at));
  }),
);

describe(`mutants of the templates, TOPKIT_SEED=${seed}`, () => {
  const caught = new Map<Mutant, Verdict>();
  afterAll(() => {
    same[Symbol.dispose]();
    const verdicts = [...caught.values()];
    const words = [...new Set(verdicts)].map((verdict) => `${verdict} ${verdicts.filter((each) => each === verdict).length}`).join(", ");
    console.log(`mutants, TOPKIT_SEED=${seed}: ${tried.size} of ${inProof.length} tried; ${words}; listed ${LISTED.size}`);
  });

  it("lists no mutant, file or kernel that does not exist", () => {
    const names = new Set(inProof.map(nameOf));
    expect([...LISTED].filter((name) => !names.has(name))).toEqual([]);
    expect(unknownFiles(templates.mutants)).toEqual([]);
    expect(kernels).toHaveLength(PROVEN.size);
  });

  for (const kernel of kernels) {
    it(
      kernel.name,
      async () => {
        // what was caught in another kernel is proven
        const mutants = [...tried].filter((mutant) => !caught.has(mutant) && kernelsOf(mutant).includes(kernel));
        using run = new KernelRun(templates, same, kernel);
        for (const [mutant, verdict] of await run.verdicts(mutants)) if (!isAlive(verdict)) caught.set(mutant, verdict);
      },
      60 * MINUTES,
    );
  }

  it(
    "catches all of them",
    () => {
      const another = (mutant: Mutant): boolean => kernelsOf(mutant).some((kernel) => !same.isSame(kernel, mutant));
      expect([...tried].filter((mutant) => !caught.has(mutant) && another(mutant)).map(nameOf)).toEqual([]);
    },
    20 * MINUTES,
  );
});
