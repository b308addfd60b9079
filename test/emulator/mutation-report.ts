/**
 * Prints what catches each mutant, in the kernels given or in those of the proof, and in the end the survivors as docs/mutants.md lists them:
 *
 *   npx tsx test/emulator/mutation-report.ts [--filter REGEXP] [--jobs N] [KERNEL...]
 *
 * The expression is tried on a mutant's kind and name: "^(barrier|fence)", "select.cuh"; without one, the mutants are those in the proof.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { AnyKernel } from "../../dsl/index.ts";
import { isInProof, nameOf, PROVEN } from "./mutation-document.ts";
import type { Mutant } from "./mutation-operators.ts";
import { isAlive, KernelRun } from "./mutation-run.ts";
import { SameCode } from "./mutation-same-code.ts";
import { MutatedTemplates } from "./mutation-templates.ts";

const { values, positionals: only } = parseArgs({
  options: { filter: { type: "string" }, jobs: { type: "string", default: String(availableParallelism()) } },
  allowPositionals: true,
});
const filter = values.filter === undefined ? undefined : new RegExp(values.filter);
const isWanted = (mutant: Mutant): boolean => filter?.test(`${mutant.kind} ${nameOf(mutant)}`) ?? isInProof(mutant);

const templates = await MutatedTemplates.read();
using same = new SameCode(templates);
const chosen = templates.kernels.filter(({ name }) => (only.length === 0 ? PROVEN.has(name) : only.includes(name)));
const isIn = (mutant: Mutant, kernel: AnyKernel): boolean => templates.kernelsWith(mutant.file).includes(kernel);

let alive = templates.mutants.filter((mutant) => isWanted(mutant) && chosen.some((kernel) => isIn(mutant, kernel)));
for (const kernel of chosen) {
  const start = performance.now();
  const mutants = alive.filter((mutant) => isIn(mutant, kernel));
  using run = new KernelRun(templates, same, kernel, Number(values.jobs));
  const verdicts = await run.verdicts(mutants);
  for (const [mutant, verdict] of verdicts) console.log(`${kernel.name}\t${verdict}\t${mutant.kind}\t${mutant.line}\t${nameOf(mutant)}`);
  alive = alive.filter((mutant) => isAlive(verdicts.get(mutant) ?? "survives"));
  console.error(`${kernel.name}: ${mutants.length} mutants, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
for (const mutant of alive) {
  const isAnother = chosen.some((kernel) => isIn(mutant, kernel) && !same.isSame(kernel, mutant));
  console.log(`in the end\t${isAnother ? "survives" : "same code"}\t${mutant.kind}\t${mutant.line}\t${nameOf(mutant)}`);
}
