/** Makes every mutant of every template, in each kernel that includes it, and sees what catches it. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AnyKernel, kernels, type ResolvedStage } from "../../dsl/index.ts";
import { load } from "../../generator/index.ts";
import { createRenderer, type Render } from "../../generator/render.ts";
import { readTemplateFiles, type TemplateFile, type TemplateFiles } from "../../generator/template-files.ts";
import { readTemplates } from "../../generator/templates.ts";
import { compileKernel, scratch } from "./emulator.ts";
import { type Mutant, mutantsOf } from "./mutation-operators.ts";
import { raceCases, type Subject, subjectsOf } from "./mutation-subjects.ts";
import { expectedOf, type PlanCase, runPlan } from "./plan-job.ts";
import { type Case, differenceOf, planCase } from "./property-case.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * `same code`: the compiler makes the same machine code of it, so it is no other program (Papadakis et al. 2015, "Trivial compiler
 * equivalence"); `survives`: everything passed.
 */
export type Verdict = "same code" | "compiler" | "emulator" | "hang" | "oracle" | "race" | "survives";

export interface Mutation {
  readonly kernel: AnyKernel;
  readonly mutant: Mutant;
  readonly render: Render;
}

/** The name by which docs/emulator.md lists a survivor. */
export const nameOf = ({ kernel, mutant }: Mutation): string => `${kernel.name} ${mutant.file.replace(/^templates\//, "")}: ${mutant.change}`;

interface Judged {
  readonly given: PlanCase;
  readonly expected: ReturnType<typeof expectedOf>;
}

interface Trial {
  readonly subject: Subject;
  readonly cases: readonly Judged[];
  /** For race mode. */
  readonly races: readonly Judged[];
  readonly code: string;
}

export class MutationRun {
  readonly mutations: readonly Mutation[];
  readonly #render: Render;
  readonly #trials = new Map<AnyKernel, readonly Trial[]>();
  readonly #cache = scratch();

  private constructor(render: Render, mutations: readonly Mutation[]) {
    this.#render = render;
    this.mutations = mutations;
  }

  static async prepare(): Promise<MutationRun> {
    const { declarations, render } = await load(ROOT, kernels);
    const files = await readTemplateFiles(join(ROOT, "templates"), ROOT);
    const rendererOf = (changed: TemplateFiles): Render => createRenderer(readTemplates(changed, []), declarations);
    const mutations = (["device", "partials", "kernels"] as const).flatMap((part) =>
      [...files[part]].flatMap(([name, { file, text }]) =>
        mutantsOf(file, text).flatMap((mutant) => {
          const changed: TemplateFile = { file, text: mutant.text };
          const mutated = rendererOf({ ...files, [part]: new Map(files[part]).set(name, changed) });
          return kernels.filter((kernel) => textOf(kernel, mutated) !== textOf(kernel, render)).map((kernel) => ({ kernel, mutant, render: mutated }));
        }),
      ),
    );
    return new MutationRun(render, mutations);
  }

  /** What is wrong with the kernel as it is, by its cases: nothing, or no mutant of it says anything. */
  faultsOf(kernel: AnyKernel): string[] {
    return this.#trialsOf(kernel).flatMap(({ cases }) =>
      cases.map(({ given, expected }) => differenceOf(given, runPlan(given), expected)).filter((fault) => fault !== undefined),
    );
  }

  verdictOf({ kernel, render }: Mutation): Verdict {
    let verdict: Verdict = "same code";
    for (const trial of this.#trialsOf(kernel)) {
      const text = render(kernel, trial.subject.spec, trial.subject.tune).text;
      let object: string;
      try {
        object = compileKernel(`${trial.subject.symbol}.cu`, text, "checked", this.#cache.path);
      } catch {
        return "compiler";
      }
      using _ = { [Symbol.dispose]: () => rmSync(dirname(object), { recursive: true }) };
      if (codeOf(object) === trial.code) continue;
      verdict = "survives";
      const source = (stage: ResolvedStage): string => (stage.kernel === kernel ? text : this.#source(stage));
      for (const { given, expected } of [...trial.cases, ...trial.races]) {
        const caught = this.#caught({ ...given, source }, expected);
        if (caught !== undefined) return caught;
      }
    }
    return verdict;
  }

  [Symbol.dispose](): void {
    this.#cache[Symbol.dispose]();
  }

  #source = ({ kernel, spec, tune }: ResolvedStage): string => this.#render(kernel, spec, tune).text;

  #caught(given: PlanCase, expected: Judged["expected"]): Verdict | undefined {
    try {
      const outcome = runPlan(given);
      if (outcome.status !== 0) return given.program === "race" && outcome.text.includes("data race") ? "race" : "emulator";
      return differenceOf(given, outcome, expected) === undefined ? undefined : "oracle";
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ETIMEDOUT") return "hang";
      throw error;
    }
  }

  #trialsOf(kernel: AnyKernel): readonly Trial[] {
    const known = this.#trials.get(kernel);
    if (known !== undefined) return known;
    const judged = (each: Case): Judged => {
      const given: PlanCase = { ...planCase(each), source: this.#source, cache: this.#cache.path, timeout: LIMIT };
      return { given, expected: expectedOf(given) };
    };
    const trials = subjectsOf(kernel).map((subject): Trial => {
      const cases = subject.cases.map(judged);
      const races = raceCases(subject).map((each): Judged => {
        const { given, expected } = judged(each);
        return { given: { ...given, program: "race" }, expected };
      });
      const text = this.#render(kernel, subject.spec, subject.tune).text;
      return { subject, cases, races, code: codeOf(compileKernel(`${subject.symbol}.cu`, text, "checked", this.#cache.path)) };
    });
    this.#trials.set(kernel, trials);
    return trials;
  }
}

/** Milliseconds a launch may take; a sound one takes some tens. */
const LIMIT = 10_000;

const textOf = (kernel: AnyKernel, render: Render): string => render(kernel, subjectSpec(kernel), kernel.ships[0]!).text;

const subjectSpec = (kernel: AnyKernel): Subject["spec"] => Object.fromEntries(Object.entries(kernel.spec).map(([name, { values }]) => [name, values[0]!]));

/** Hash of an object's instructions and constants; not of its names and line tables, which hold paths and columns. */
function codeOf(object: string): string {
  const sections = `${object}.sections`;
  execFileSync("objcopy", ["-O", "binary", "--only-section=.text", "--only-section=.rodata", object, sections]);
  return createHash("sha256").update(readFileSync(sections)).digest("hex");
}
