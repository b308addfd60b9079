/** Prints what catches each mutant, and the survivors as docs/emulator.md lists them: npx tsx test/emulator/mutation-report.ts [KERNEL...] */
import { MutationRun, nameOf } from "./mutation-run.ts";

const only = process.argv.slice(2);
using run = await MutationRun.prepare();
for (const mutation of run.mutations) {
  if (only.length > 0 && !only.includes(mutation.kernel.name)) continue;
  console.log(`${run.verdictOf(mutation)}\t${mutation.mutant.line}\t${nameOf(mutation)}`);
}
