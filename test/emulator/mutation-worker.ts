/** A process of mutation-pool.ts: does what it is asked, one thing after another. */
import { type AnyKernel, drawKernels, kernels } from "../../dsl/index.ts";
import { nameOf } from "./mutation-document.ts";
import type { Mutant } from "./mutation-operators.ts";
import { KernelRun, type Verdict } from "./mutation-run.ts";
import { SameCode } from "./mutation-same-code.ts";
import { type Subject, subjectsOf, useSubjects } from "./mutation-subjects.ts";
import { MutatedTemplates } from "./mutation-templates.ts";

/** Kernels and mutants by their names. */
export type Request =
  | { readonly what: "subjects"; readonly kernel: string }
  | { readonly what: "try"; readonly kernel: string; readonly subjects: readonly Subject[]; readonly mutants: readonly string[] }
  | { readonly what: "compare"; readonly kernel: string; readonly subjects: readonly Subject[]; readonly mutant: string };

/** `caught`: news of a request that goes on. */
export type Answer =
  | { readonly what: "caught"; readonly mutant: string; readonly verdict: Verdict }
  | { readonly what: "subjects"; readonly subjects: readonly Subject[] }
  | { readonly what: "tried"; readonly verdicts: readonly (readonly [mutant: string, verdict: Verdict])[] }
  | { readonly what: "compared"; readonly isSame: boolean }
  | { readonly what: "failed"; readonly why: string };

const templates = await MutatedTemplates.read();
const byName = new Map(templates.mutants.map((mutant) => [nameOf(mutant), mutant]));
const same = new SameCode(templates);
/** Its cases take seconds to make. */
let run: KernelRun | undefined;

const tell = (answer: Answer): void => void process.send!(answer);
const kernelOf = (name: string): AnyKernel => kernels.find((each) => each.name === name)!;

function runOf(kernel: AnyKernel): KernelRun {
  if (run?.kernel !== kernel) {
    run?.[Symbol.dispose]();
    run = new KernelRun(templates, same, kernel, 1);
  }
  return run;
}

async function answerTo(request: Request): Promise<Answer> {
  const kernel = kernelOf(request.kernel);
  if (request.what === "subjects") return { what: "subjects", subjects: drawKernels.includes(kernel) ? [] : subjectsOf(kernel) };
  useSubjects(kernel, request.subjects);
  if (request.what === "compare") return { what: "compared", isSame: same.isSame(kernel, byName.get(request.mutant)!) };
  const onCaught = (mutant: Mutant, verdict: Verdict): void => tell({ what: "caught", mutant: nameOf(mutant), verdict });
  const verdicts = await runOf(kernel).verdicts(
    request.mutants.map((name) => byName.get(name)!),
    onCaught,
  );
  return { what: "tried", verdicts: [...verdicts].map(([mutant, verdict]) => [nameOf(mutant), verdict]) };
}

process.on("message", (request: Request) => {
  answerTo(request).then(tell, (error: Error) => tell({ what: "failed", why: error.stack ?? error.message }));
});

function end(): void {
  run?.[Symbol.dispose]();
  same[Symbol.dispose]();
  process.exit();
}
process.on("disconnect", end);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
