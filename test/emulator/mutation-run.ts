/** Runs the mutants that are in a kernel's text on its cases, and sees what catches each. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import type { AnyKernel } from "../../dsl/index.ts";
import { compileKernel, scratch } from "./emulator.ts";
import type { Mutant } from "./mutation-operators.ts";
import type { SameCode } from "./mutation-same-code.ts";
import { type Numbered, numbersCompiled, numbersIn, SWITCH, schemaOf } from "./mutation-schema.ts";
import { type Attempt, tryMutants } from "./mutation-server.ts";
import type { MutatedTemplates } from "./mutation-templates.ts";
import { type Build, type Trials, trialsOf, type Variant } from "./mutation-trials.ts";

export type Verdict = Attempt | "compiler" | "same code";

/** Whether nothing caught it. */
export const isAlive = (verdict: Verdict): boolean => verdict === "survives" || verdict === "unreached" || verdict === "same code";

/** A kernel's text for each of its variants. */
type TextOf = (variant: Variant) => string;

export class KernelRun implements Disposable {
  readonly kernel: AnyKernel;
  readonly #templates: MutatedTemplates;
  readonly #same: SameCode;
  readonly #processes: number;
  readonly #folder = scratch();
  readonly #trials: Trials;

  constructor(templates: MutatedTemplates, same: SameCode, kernel: AnyKernel, processes = availableParallelism()) {
    this.#templates = templates;
    this.#same = same;
    this.kernel = kernel;
    this.#processes = processes;
    this.#trials = trialsOf(kernel);
  }

  /**
   * All in one object a variant, but for those that cannot be switched. `onCaught` hears of the others as they are caught.
   * Errors: the kernel as it is fails, so that no mutant of it says anything.
   */
  async verdicts(mutants: readonly Mutant[], onCaught: (mutant: Mutant, verdict: Verdict) => void = () => {}): Promise<Map<Mutant, Verdict>> {
    const numbered = mutants.map((mutant, at): Numbered => ({ number: at + 1, mutant }));
    const { switched, text } = this.#schema(numbered);
    // no more than a part of a shared file is a kernel's
    const compiled = numbersCompiled(this.#trials.variants.map((variant) => this.#compiled(variant, text(variant))));
    const [there, absent] = [true, false].map((is) => switched.filter(({ number }) => compiled.has(number) === is)) as [Numbered[], Numbered[]];
    const verdicts = new Map<Mutant, Verdict>(absent.map(({ mutant }) => [mutant, "same code"]));
    this.#same.addAbsent(this.kernel, verdicts.keys());
    if (there.length > 0) for (const [mutant, verdict] of await this.#tried(there, text, false, onCaught)) verdicts.set(mutant, verdict);
    const raced = there.filter(({ mutant }) => this.#trials.races.length > 0 && mayRace(mutant, verdicts.get(mutant)!));
    if (raced.length > 0)
      for (const [mutant, verdict] of await this.#tried(raced, text, true, onCaught)) if (verdict !== "unreached") verdicts.set(mutant, verdict);
    for (const { mutant } of numbered.filter((each) => !switched.includes(each))) verdicts.set(mutant, await this.#verdictAlone(mutant));
    return verdicts;
  }

  async #tried(
    numbered: readonly Numbered[],
    text: TextOf,
    race: boolean,
    onCaught: (mutant: Mutant, attempt: Attempt) => void,
  ): Promise<Map<Mutant, Attempt>> {
    const jobs = this.#jobs(race, text);
    const { jobs: asItIs, mutants } = await tryMutants(
      race,
      SOUND,
      jobs,
      numbered.map(({ number }) => number),
      this.#processes,
      (caught, attempt) => onCaught(numbered.find(({ number }) => number === caught)!.mutant, attempt),
    );
    const fault = asItIs.find(({ verdict }) => verdict !== "survives");
    if (fault) throw new Error(`${this.kernel.name} as it is fails case ${asItIs.indexOf(fault)}${race ? " of race mode" : ""}: ${fault.verdict}`);
    return new Map(numbered.map(({ number, mutant }) => [mutant, mutants.get(number)!]));
  }

  /** In objects of its own. */
  async #verdictAlone(mutant: Mutant): Promise<Verdict> {
    const render = this.#templates.renderer(new Map([[mutant.file, mutant.text]]));
    const text: TextOf = ({ spec, tune }) => render(this.kernel, spec, tune).text;
    if (this.#trials.variants.every((subject) => text(subject) === this.#templates.render(this.kernel, subject.spec, subject.tune).text)) return "same code";
    if (this.#trials.variants.some((subject) => this.#compilersWords(subject, text(subject)) !== undefined)) return "compiler";
    if (this.#same.isSame(this.kernel, mutant)) return "same code";
    const failure = async (race: boolean): Promise<Verdict> => {
      const { jobs } = await tryMutants(race, ALONE, this.#jobs(race, text), [], 1);
      return jobs.find(({ verdict }) => verdict !== "survives")?.verdict ?? "survives";
    };
    const verdict = await failure(false);
    return this.#trials.races.length > 0 && mayRace(mutant, verdict) ? await failure(true) : verdict;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  /** Switches for as many mutants as the compiler takes: none where it wants a constant. */
  #schema(numbered: readonly Numbered[]): { switched: readonly Numbered[]; text: TextOf } {
    let switched = numbered;
    for (;;) {
      const files = new Set(switched.map(({ mutant }) => mutant.file));
      const texts = [...files].map(
        (file) =>
          [
            file,
            schemaOf(
              this.#templates.textOf(file),
              switched.filter(({ mutant }) => mutant.file === file),
            ),
          ] as const,
      );
      const render = this.#templates.renderer(new Map(texts));
      const text: TextOf = ({ spec, tune }) => SWITCH + render(this.kernel, spec, tune).text;
      const there = numbersIn(this.#trials.variants.flatMap((subject) => text(subject).split("\n")));
      const refused = new Set(switched.map(({ number }) => number).filter((number) => !there.has(number)));
      for (const subject of this.#trials.variants) {
        if (refused.size > 0) break;
        const words = this.#compilersWords(subject, text(subject));
        if (words !== undefined) for (const number of refusedBy(words, text(subject))) refused.add(number);
      }
      if (refused.size === 0) return { switched, text };
      switched = switched.filter(({ number }) => !refused.has(number));
    }
  }

  #compiled({ symbol }: Variant, text: string): string {
    return compileKernel(`${symbol}.cu`, text, "checked", this.#folder.path, QUICKLY);
  }

  /** Why it does not compile, if it does not. */
  #compilersWords(variant: Variant, text: string): string | undefined {
    try {
      this.#compiled(variant, text);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Files of jobs, with the kernel's objects of these texts. */
  #jobs(race: boolean, text: TextOf): string[] {
    const folder = join(this.#folder.path, "jobs");
    rmSync(folder, { recursive: true, force: true });
    const build = (variant: Variant): Build => ({
      source: ({ kernel, spec, tune }) => (kernel === this.kernel ? text(variant) : this.#templates.render(kernel, spec, tune).text),
      // the kernels beside this one are right: what they read is not looked at
      mode: ({ kernel }) => (race || kernel === this.kernel ? "checked" : "fast"),
      // without optimisation it is compiled in half the time; ThreadSanitizer remembers few accesses, so there are to be few
      flags: ({ kernel }) => (!race && kernel === this.kernel ? QUICKLY : []),
      cache: ({ kernel }) => (kernel === this.kernel ? this.#folder.path : undefined),
    });
    return (race ? this.#trials.races : this.#trials.all).map(({ variant, lines }, at) => {
      const file = (name: string): string => join(folder, String(at), name);
      mkdirSync(dirname(file("job")), { recursive: true });
      writeFileSync(
        file("job"),
        lines(build(variant), file)
          .map((fields) => `${fields.join("\t")}\n`)
          .join(""),
      );
      return file("job");
    });
  }
}

/** Milliseconds of the processor for a case of the kernel as it is, many times what it needs; for that of a mutant in an object of its own. */
const SOUND = 120_000;
const ALONE = 15_000;
const QUICKLY = ["-O0", "-g0"];

/** Races are looked for where an order was touched. */
const mayRace = ({ kind }: Mutant, verdict: Verdict): boolean => isAlive(verdict) && (kind === "barrier" || kind === "fence");

/** Numbers in the lines of errors; where those have none, in all lines that the compiler names. */
function refusedBy(words: string, text: string): Set<number> {
  const lines = text.split("\n");
  const named = [...words.matchAll(/\.cu:(\d+):\d+:\s*(error)?/g)].map(([, line, error]) => ({ line: lines[Number(line) - 1] ?? "", error }));
  for (const among of [named.filter(({ error }) => error), named]) {
    const numbers = numbersIn(among.map(({ line }) => line));
    if (numbers.size > 0) return numbers;
  }
  throw new Error(words);
}
