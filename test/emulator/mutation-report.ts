/**
 * Tries the mutants in the proof, or those chosen, in as many processes as there are cores; prints what catches each as it comes, and in the end the survivors
 * as docs/mutants.md lists them:
 *
 *   npx tsx test/emulator/mutation-report.ts [--filter REGEXP] [--jobs N] [KERNEL...]
 *
 * The expression is tried on a mutant's kind and name: "^(barrier|fence)", "select.cuh"; without one, the mutants are those in the proof. Exit 1 where a
 * survivor is not listed, or one that is listed was caught.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { AnyKernel } from "../../dsl/index.ts";
import { isInProof, LISTED, nameOf, PROVEN } from "./mutation-document.ts";
import type { Mutant } from "./mutation-operators.ts";
import { survivorsOf } from "./mutation-pool.ts";
import { isAlive, type Verdict } from "./mutation-run.ts";
import { MutatedTemplates } from "./mutation-templates.ts";

const { values, positionals: only } = parseArgs({
  options: { filter: { type: "string" }, jobs: { type: "string", default: String(availableParallelism()) } },
  allowPositionals: true,
});
const filter = values.filter === undefined ? undefined : new RegExp(values.filter);
const isWanted = (mutant: Mutant): boolean => filter?.test(`${mutant.kind} ${nameOf(mutant)}`) ?? isInProof(mutant);

const start = performance.now();
const seconds = (): string => ((performance.now() - start) / 1000).toFixed(1);
const templates = await MutatedTemplates.read();
const kernels = templates.kernels.filter(({ name }) => (only.length === 0 ? PROVEN.has(name) : only.includes(name)));
const kernelsOf = (mutant: Mutant): readonly AnyKernel[] => templates.kernelsOf(mutant).filter((kernel) => kernels.includes(kernel));
const mutants = templates.mutants.filter((mutant) => isWanted(mutant) && kernelsOf(mutant).length > 0);

const verdicts = new Map<Mutant, Verdict>();
const survivors = new Set(
  await survivorsOf(mutants, {
    processes: Number(values.jobs),
    kernels: kernels.filter((kernel) => mutants.some((mutant) => kernelsOf(mutant).includes(kernel))),
    kernelsOf,
    onVerdict: (kernel, mutant, verdict) => {
      verdicts.set(mutant, verdict);
      console.log(`${seconds()}\t${kernel.name}\t${verdict}\t${mutant.kind}\t${mutant.line}\t${nameOf(mutant)}`);
    },
  }),
);
const endOf = (mutant: Mutant): string => (survivors.has(mutant) ? "survives" : isAlive(verdicts.get(mutant)!) ? "same code" : "caught");
const counts = new Map<string, number>();
for (const mutant of mutants) {
  const word = endOf(mutant) === "caught" ? verdicts.get(mutant)! : endOf(mutant);
  counts.set(word, (counts.get(word) ?? 0) + 1);
  const isListed = LISTED.has(nameOf(mutant));
  if (isListed !== survivors.has(mutant)) process.exitCode = 1;
  if (endOf(mutant) !== "caught" || isListed)
    console.log(`in the end\t${endOf(mutant)}, ${isListed ? "listed" : "not listed"}\t${mutant.kind}\t${mutant.line}\t${nameOf(mutant)}`);
}
console.log(`${mutants.length} mutants, ${seconds()} s, ${values.jobs} processes: ${[...counts].map(([word, count]) => `${word} ${count}`).join(", ")}`);
