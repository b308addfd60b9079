/**
 * Whether the optimising compiler makes the same machine code of a mutant, in all subjects of a kernel: then it is no other program ("trivial compiler
 * equivalence", Papadakis et al. 2015).
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AnyKernel } from "../../dsl/index.ts";
import { compileKernel, scratch } from "./emulator.ts";
import type { Mutant } from "./mutation-operators.ts";
import type { MutatedTemplates } from "./mutation-templates.ts";
import { variantsOf } from "./mutation-trials.ts";

export class SameCode implements Disposable {
  readonly #templates: MutatedTemplates;
  readonly #folder = scratch();
  /** Of which a kernel has no code. */
  readonly #absent = new Map<AnyKernel, ReadonlySet<Mutant>>();

  constructor(templates: MutatedTemplates) {
    this.#templates = templates;
  }

  /** Says that a kernel has no code of these. */
  addAbsent(kernel: AnyKernel, mutants: Iterable<Mutant>): void {
    this.#absent.set(kernel, new Set([...(this.#absent.get(kernel) ?? []), ...mutants]));
  }

  isSame(kernel: AnyKernel, mutant: Mutant): boolean {
    if (this.#absent.get(kernel)?.has(mutant)) return true;
    const { file, text } = mutant;
    const changed = this.#templates.renderer(new Map([[file, text]]));
    return variantsOf(kernel).every(({ symbol, spec, tune }) => {
      const texts = [this.#templates.render, changed].map((render) => render(kernel, spec, tune).text);
      // a part of a template that is for other kernels
      if (texts[0] === texts[1]) return true;
      const [before, after] = texts.map((each) => codeOf(compileKernel(`${symbol}.cu`, each, "fast", this.#folder.path, OPTIMISED)));
      return before === after;
    });
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

const OPTIMISED = ["-O1", "-g0"];

/** Hash of an object's instructions and constants; not of its names and line tables, which hold paths and columns. */
function codeOf(object: string): string {
  const sections = `${object}.sections`;
  execFileSync("objcopy", ["-O", "binary", "--only-section=.text", "--only-section=.rodata", object, sections]);
  return createHash("sha256").update(readFileSync(sections)).digest("hex");
}
