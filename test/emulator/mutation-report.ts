/**
 * Prints what catches each mutant of the kernels, and the survivors as docs/mutants.md lists them:
 *
 *   npx tsx test/emulator/mutation-report.ts [--part 0/2] [--filter REGEXP] [KERNEL...]
 *
 * The expression is tried on a mutant's kind and name: "^(barrier|fence)", "select.cuh"
 */
import { parseArgs } from "node:util";
import { MutationRun, nameOf } from "./mutation-run.ts";

const { values, positionals: only } = parseArgs({
  options: { part: { type: "string", default: "0/1" }, filter: { type: "string", default: "" } },
  allowPositionals: true,
});
const filter = new RegExp(values.filter);
const [part = 0, parts = 1] = values.part.split("/").map(Number);

using run = await MutationRun.prepare();
const mutations = run.mutations
  .filter((mutation) => (only.length === 0 || only.includes(mutation.kernel.name)) && filter.test(`${mutation.mutant.kind} ${nameOf(mutation)}`))
  .filter((_, at) => at % parts === part);
for (const [at, mutation] of mutations.entries()) {
  console.log(`${run.verdictOf(mutation)}\t${mutation.mutant.kind}\t${mutation.mutant.line}\t${nameOf(mutation)}`);
  console.error(`${at + 1}/${mutations.length}`);
}
