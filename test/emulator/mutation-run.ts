/** Makes every mutant of every template, in each kernel that includes it, and sees what catches it. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AnyKernel, kernels, type ResolvedStage, topkKernels, variantSymbol } from "../../dsl/index.ts";
import type { Declaration } from "../../generator/declarations.ts";
import { load } from "../../generator/index.ts";
import { createRenderer, type Render } from "../../generator/render.ts";
import { readTemplateFiles, type TemplateFiles } from "../../generator/template-files.ts";
import { readTemplates } from "../../generator/templates.ts";
import type { EmulatorMode } from "../../native/emulator/toolchain.ts";
import { compileKernel, scratch } from "./emulator.ts";
import { type Mutant, mutantsOf } from "./mutation-operators.ts";
import { raceCases, type Subject, subjectsOf } from "./mutation-subjects.ts";
import { expectedOf, type PlanCase, resolved, runPlan } from "./plan-job.ts";
import { type Case, differenceOf, planCase } from "./property-case.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * `same code`: the optimising compiler makes the same machine code of it, so it is no other program (Papadakis et al. 2015, "Trivial
 * compiler equivalence"); `survives`: everything passed.
 */
export type Verdict = "same code" | "compiler" | "emulator" | "hang" | "oracle" | "race" | "survives";

export interface Mutation {
  readonly kernel: AnyKernel;
  readonly mutant: Mutant;
}

/** The name by which docs/mutants.md lists a survivor. */
export const nameOf = ({ kernel, mutant }: Mutation): string => `${kernel.name} ${mutant.file.replace(/^templates\//, "")}: ${mutant.change}`;

interface Judged {
  readonly given: PlanCase;
  readonly expected: ReturnType<typeof expectedOf>;
  /** What is wrong with the kernel as it is. */
  readonly fault: string | undefined;
}

interface Trial {
  readonly subject: Subject;
  readonly cases: readonly Judged[];
  /** For race mode. */
  readonly races: readonly Judged[];
  /** Hash of its optimised code. */
  readonly code: string;
}

export class MutationRun {
  readonly mutations: readonly Mutation[];
  readonly #files: TemplateFiles;
  readonly #declarations: ReadonlyMap<string, Declaration>;
  readonly #render: Render;
  readonly #trials = new Map<AnyKernel, readonly Trial[]>();
  /** By symbol, of the kernels as they are. */
  readonly #texts = new Map<string, string>();
  #folder: ReturnType<typeof scratch> | undefined;

  private constructor(files: TemplateFiles, declarations: ReadonlyMap<string, Declaration>) {
    this.#files = files;
    this.#declarations = declarations;
    this.#render = createRenderer(readTemplates(files, []), declarations);
    this.mutations = PARTS.flatMap((part) =>
      [...files[part].values()].flatMap(({ file, text }) => {
        const marked = this.#rendererOf({ file, text: `${text}// marked\n` });
        const including = topkKernels.filter((kernel) => textOf(kernel, marked) !== textOf(kernel, this.#render));
        return including.length === 0 ? [] : mutantsOf(file, text).flatMap((mutant) => including.map((kernel) => ({ kernel, mutant })));
      }),
    );
  }

  static async prepare(): Promise<MutationRun> {
    const { declarations } = await load(ROOT, kernels);
    return new MutationRun(await readTemplateFiles(join(ROOT, "templates"), ROOT), declarations);
  }

  /** What is wrong with the kernel as it is, by its cases: nothing, or no mutant of it says anything. */
  faultsOf(kernel: AnyKernel): string[] {
    const judged = this.#trialsOf(kernel).flatMap(({ cases, races }) => [...cases, ...races]);
    return judged.map(({ fault }) => fault).filter((fault) => fault !== undefined);
  }

  /** Compiled without optimisation, which takes half the time, until all cases have passed; races are looked for where an order was touched. */
  verdictOf({ kernel, mutant }: Mutation): Verdict {
    const render = this.#rendererOf(mutant);
    let verdict: Verdict = "same code";
    for (const trial of this.#trialsOf(kernel)) {
      const { symbol, spec, tune } = trial.subject;
      const { text } = render(kernel, spec, tune);
      const source = (stage: ResolvedStage): string => (stage.kernel === kernel ? text : this.#source(stage));
      const caughtBy = (judged: readonly Judged[]): Verdict | undefined => {
        for (const { given, expected } of judged) {
          const caught = verdictOn({ ...given, source }, expected);
          if (caught !== undefined) return caught;
        }
        return undefined;
      };
      const compiled: string[] = [];
      using _ = { [Symbol.dispose]: () => compiled.map(forget) };
      const compile = (mode: EmulatorMode, flags?: readonly string[]): string => {
        compiled.push(compileKernel(`${symbol}.cu`, text, mode, this.#cache, flags));
        return compiled[compiled.length - 1]!;
      };
      try {
        compile("checked", QUICKLY);
      } catch {
        return "compiler";
      }
      const caught = caughtBy(trial.cases);
      if (caught !== undefined) return caught;
      if (codeOf(compile("fast", OPTIMISED)) === trial.code) continue;
      verdict = "survives";
      if (mutant.kind !== "barrier" && mutant.kind !== "fence") continue;
      compile("checked");
      const raced = caughtBy(trial.races);
      if (raced !== undefined) return raced;
    }
    return verdict;
  }

  [Symbol.dispose](): void {
    this.#folder?.[Symbol.dispose]();
  }

  /** Of the objects; made when the first is compiled, since a runner may load this and run nothing. */
  get #cache(): string {
    this.#folder ??= scratch();
    return this.#folder.path;
  }

  #source = ({ kernel, spec, tune }: ResolvedStage): string => {
    const symbol = variantSymbol(kernel, spec, tune);
    const text = this.#texts.get(symbol) ?? this.#render(kernel, spec, tune).text;
    this.#texts.set(symbol, text);
    return text;
  };

  #rendererOf({ file, text }: Pick<Mutant, "file" | "text">): Render {
    const changed = PARTS.map((part) => [part, new Map([...this.#files[part]].map(([name, each]) => [name, each.file === file ? { file, text } : each]))]);
    return createRenderer(readTemplates(Object.fromEntries(changed) as TemplateFiles, []), this.#declarations);
  }

  #trialsOf(kernel: AnyKernel): readonly Trial[] {
    const known = this.#trials.get(kernel);
    if (known !== undefined) return known;
    const judged = (each: Case, options: Pick<PlanCase, "flags" | "program">): Judged => {
      const given: PlanCase = { ...planCase(each), ...options, source: this.#source, cache: this.#cache, timeout: SOUND };
      const expected = expectedOf(given);
      for (const stage of resolved(given).stages) {
        compileKernel(`${variantSymbol(stage.kernel, stage.spec, stage.tune)}.cu`, this.#source(stage), "checked", this.#cache, options.flags);
      }
      const start = performance.now();
      const outcome = runPlan(given);
      // a launch of a mutant may take many times what it should, for what else the machine does
      const timeout = Math.min(LONGEST, Math.ceil(2000 + 20 * (performance.now() - start)));
      return { given: { ...given, timeout }, expected, fault: differenceOf(given, outcome, expected) };
    };
    const trials = subjectsOf(kernel).map((subject): Trial => {
      const { text } = this.#render(kernel, subject.spec, subject.tune);
      return {
        subject,
        cases: subject.cases.map((each) => judged(each, { flags: QUICKLY })),
        races: raceCases(subject).map((each) => judged(each, { program: "race" })),
        code: codeOf(compileKernel(`${subject.symbol}.cu`, text, "fast", this.#cache, OPTIMISED)),
      };
    });
    this.#trials.set(kernel, trials);
    return trials;
  }
}

const PARTS = ["device", "partials", "kernels"] as const;
/** Milliseconds for a launch of the kernel as it is; many times what it needs. */
const SOUND = 120_000;
/** The same for one that never ends, none of which is among those that survive. */
const LONGEST = 20_000;
const QUICKLY = ["-O0", "-g0"];
const OPTIMISED = ["-O1", "-g0"];

/** Errors: what the program or ThreadSanitizer says of itself. */
function verdictOn(given: PlanCase, expected: Judged["expected"]): Verdict | undefined {
  let outcome: ReturnType<typeof runPlan>;
  try {
    outcome = runPlan(given);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ETIMEDOUT") return "hang";
    throw error;
  }
  if (outcome.status === 0) return differenceOf(given, outcome, expected) === undefined ? undefined : "oracle";
  if (outcome.status === 1) return outcome.text.includes("no end within") ? "hang" : "emulator";
  if (given.program === "race" && outcome.text.includes("data race")) return "race";
  throw new Error(`the emulator ended with status ${outcome.status}:\n${outcome.text}`);
}

const forget = (object: string): void => rmSync(dirname(object), { recursive: true, force: true });

const textOf = (kernel: AnyKernel, render: Render): string => render(kernel, subjectSpec(kernel), kernel.ships[0]!).text;

const subjectSpec = (kernel: AnyKernel): Subject["spec"] => Object.fromEntries(Object.entries(kernel.spec).map(([name, { values }]) => [name, values[0]!]));

/** Hash of an object's instructions and constants; not of its names and line tables, which hold paths and columns. */
function codeOf(object: string): string {
  const sections = `${object}.sections`;
  execFileSync("objcopy", ["-O", "binary", "--only-section=.text", "--only-section=.rodata", object, sections]);
  return createHash("sha256").update(readFileSync(sections)).digest("hex");
}
